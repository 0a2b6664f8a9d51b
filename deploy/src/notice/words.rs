//! A message in words: what happened, to which pipeline and tick, for which business date, why, and what to do.

use std::collections::BTreeMap;

use catalog::notice::{Severity, StoredNotice, Why};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use pipelines::duty::Roster;
use pipelines::notice::courier::Text;
use pipelines::notice::document::{Document, NoticeDocument, SCHEMA};
use pipelines::notice::parcel::{Item, Parcel};
use pipelines::notice::{Next, Notice};
use pipelines::problem::Problem;
use pipelines::project::Project;
use pipelines::spec::duty::NoticeLanguage;

use crate::language::Language;
use crate::messages::Messages;
use crate::words::Titles;

/// Characters of an id that people are shown; it is unique among those that are open for all practical purposes.
const SHORT_ID: usize = 13;

/// Makes messages of one project in the language of its roster.
#[derive(Debug)]
pub(crate) struct Words<'a> {
    messages: Messages,
    project: &'a Project,
    zone: Tz,
    titles: Titles,
}

impl<'a> Words<'a> {
    /// Words in the roster's language and zone.
    pub(crate) fn of(project: &'a Project, roster: &Roster) -> Self {
        let language = match roster.language() {
            NoticeLanguage::Zh => Language::Zh,
            NoticeLanguage::En => Language::En,
        };
        Self::new(project, Messages::new(language), roster.zone())
    }

    /// Words in a language, for a screen.
    pub(crate) fn new(project: &'a Project, messages: Messages, zone: Tz) -> Self {
        Self { messages, project, zone, titles: Titles::of_all(project, messages) }
    }

    /// The message of a parcel. Notices that are no longer in the ledger are left out.
    pub(crate) fn parcel(&self, roster: &Roster, parcel: &Parcel, stored: &BTreeMap<String, StoredNotice>) -> Text {
        let told: Vec<(&Item, &StoredNotice)> =
            parcel.items.iter().filter_map(|item| Some((item, stored.get(&item.notice)?))).collect();
        let brand = self.messages.text("notice.brand", &[]);
        let (title, lines) = match told.as_slice() {
            [(item, only)] => (self.title(item.why, only), self.lines(item, only)),
            several => {
                let urgent = several.iter().filter(|(_, one)| one.notice.severity == Severity::Urgent).count();
                let title = self.messages.text("notice.several", &[("count", &several.len()), ("urgent", &urgent)]);
                (title, several.iter().flat_map(|(item, one)| self.brief(item, one)).collect())
            }
        };
        let people = parcel.people.iter().map(|person| roster.name_of(person).to_owned()).collect();
        let document = Document {
            schema: SCHEMA.to_owned(),
            delivery: parcel.id.clone(),
            project: self.project.spec.project.id.clone(),
            people,
            notices: told.iter().map(|(item, one)| self.document(item, one)).collect(),
        };
        Text {
            title: format!("{brand}{title}"),
            lines,
            more: self.messages.text("notice.more", &[]),
            document: serde_json::to_value(document).unwrap_or_default(),
        }
    }

    /// One line: what happened, and to what.
    pub(crate) fn title(&self, why: Why, stored: &StoredNotice) -> String {
        let kind = self.messages.text(&format!("notice.kind.{}", stored.notice.kind), &[]);
        let whose = Notice::read(&stored.notice.body).and_then(|notice| Some(notice.pipeline?.title));
        let whose = whose.unwrap_or_else(|| self.project.spec.project.title.clone());
        let (key, step) = match why {
            Why::First => ("notice.title.first", 0),
            Why::Escalation => ("notice.title.escalation", 0),
            Why::Reminder => ("notice.title.reminder", stored.count),
            Why::Recovery => ("notice.title.recovery", 0),
        };
        self.messages.text(key, &[("kind", &kind), ("whose", &whose), ("count", &step)])
    }

    /// The lines of one notice.
    fn lines(&self, item: &Item, stored: &StoredNotice) -> Vec<String> {
        let mut lines = Vec::new();
        let notice = self.told(item.why, stored);
        let mut say = |key: &str, value: String| {
            if !value.is_empty() {
                lines.push(self.messages.text(&format!("notice.line.{key}"), &[("value", &value)]));
            }
        };
        if let Some(notice) = &notice {
            let pipeline = notice.pipeline.as_ref();
            say("pipeline", pipeline.map_or_else(String::new, |one| self.named(&one.title, &one.id)));
            say("tick", notice.tick.as_ref().map_or_else(String::new, |tick| self.instant(tick.at)));
            say("dates", notice.dates.map_or_else(String::new, |dates| self.dates(dates)));
            say("cause", self.cause(&notice.cause));
            say("next", self.next(notice));
        }
        if stored.count > 1 {
            say("count", stored.count.to_string());
        }
        if item.why != Why::Recovery {
            say("ack", short(&stored.id).to_owned());
        }
        lines
    }

    /// A notice among several: one line what, one line why.
    fn brief(&self, item: &Item, stored: &StoredNotice) -> Vec<String> {
        let cause = self.told(item.why, stored).map(|notice| {
            let dates = notice.dates.map_or_else(String::new, |dates| self.dates(dates));
            let cause = self.cause(&notice.cause);
            self.messages.text("notice.brief", &[("dates", &dates), ("cause", &cause), ("id", &short(&stored.id))])
        });
        let title = format!("{}{}", self.messages.text("notice.bullet", &[]), self.title(item.why, stored));
        [Some(title), cause].into_iter().flatten().collect()
    }

    /// What is told: the trouble, or that it is over.
    fn told(&self, why: Why, stored: &StoredNotice) -> Option<Notice> {
        let recovery = stored.recovery.as_ref().filter(|_| why == Why::Recovery);
        Notice::read(recovery.map_or(&stored.notice.body, |recovery| &recovery.body))
    }

    fn document(&self, item: &Item, stored: &StoredNotice) -> NoticeDocument {
        let notice = self.told(item.why, stored);
        let utc = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let cause = notice.as_ref().map(|notice| notice.cause.clone());
        NoticeDocument {
            id: stored.id.clone(),
            key: stored.notice.key.clone(),
            kind: stored.notice.kind.clone(),
            severity: stored.notice.severity,
            why: item.why,
            count: stored.count,
            at: utc(stored.created_at),
            pipeline: notice.as_ref().and_then(|notice| notice.pipeline.clone()),
            tick: notice.as_ref().and_then(|notice| Some(utc(notice.tick.as_ref()?.at))),
            business_dates: notice.and_then(|notice| notice.dates).map(|(a, b)| (a.to_string(), b.to_string())),
            code: cause.as_ref().map_or_else(String::new, |cause| cause.code.clone()),
            parameters: cause.map(|cause| cause.params).unwrap_or_default(),
            title: self.title(item.why, stored),
            text: self.lines(item, stored).join("\n"),
        }
    }

    /// Why, with its code to be read out on the telephone.
    pub(crate) fn cause(&self, cause: &Problem) -> String {
        let sentence = self.messages.problem(&self.titles.titled(cause));
        self.messages.text("notice.cause", &[("code", &cause.code), ("sentence", &sentence)])
    }

    fn next(&self, notice: &Notice) -> String {
        let pipeline = notice.pipeline.as_ref().map_or("", |pipeline| &pipeline.id);
        let tick = notice.tick.as_ref().map(|tick| tick.key.as_str()).unwrap_or_default();
        let say = |key: &str, more: (&str, &str)| {
            let mut values: Vec<crate::messages::Parameter<'_>> = vec![("pipeline", &pipeline), ("tick", &tick)];
            let more_value = more.1;
            values.push((more.0, &more_value));
            self.messages.text(&format!("notice.next.{key}"), &values).trim_end().to_owned()
        };
        match &notice.next {
            Next::Why if pipeline.is_empty() => say("list", ("", "")),
            Next::Why => say("why", ("", "")),
            Next::Rerun => say("rerun", ("", "")),
            Next::Release => say("release", ("", "")),
            Next::Renew { grant } => say("renew", ("grant", grant)),
            Next::Correct => say("correct", ("", "")),
            Next::Calendar { calendar, year } => say("calendar", ("file", &format!("{calendar}-{year}.toml"))),
            Next::Start => say("start", ("", "")),
            Next::Provider => say("provider", ("", "")),
            Next::Nothing => String::new(),
        }
    }

    fn named(&self, title: &str, id: &str) -> String {
        self.messages.text("notice.named", &[("title", &title), ("id", &id)])
    }

    /// An instant on the roster's clock.
    pub(crate) fn instant(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }

    fn dates(&self, (first, last): (NaiveDate, NaiveDate)) -> String {
        if first == last {
            return first.to_string();
        }
        self.messages.text("notice.dates", &[("first", &first), ("last", &last)])
    }
}

/// The message of `sluice notice test`.
pub(crate) fn test_text(words: &Words<'_>, parcel: &Parcel) -> Text {
    let project = &words.project.spec.project;
    let brand = words.messages.text("notice.brand", &[]);
    let document = Document {
        schema: SCHEMA.to_owned(),
        delivery: parcel.id.clone(),
        project: project.id.clone(),
        people: Vec::new(),
        notices: Vec::new(),
    };
    Text {
        title: format!("{brand}{}", words.messages.text("notice.test_title", &[])),
        lines: vec![words.messages.text("notice.test_line", &[("project", &project.title)])],
        more: words.messages.text("notice.more", &[]),
        document: serde_json::to_value(document).unwrap_or_default(),
    }
}

/// The beginning of an id, as people type it.
pub(crate) fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}
