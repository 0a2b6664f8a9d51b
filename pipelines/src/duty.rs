//! The duty roster: who is told, over which channels, at an instant; who is told next; what waits for the morning.
//!
//! `duty.toml` ([`crate::spec::duty`]) says it in words; here it is answered. Times of day are those of the roster's zone.
//!
//! Must never happen: an address on a screen, in a log or in the ledger. The ledger knows people and channels by name.

mod hours;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use catalog::notice::Recipient;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::spec::duration;
use crate::spec::duty::{
    ChannelKind, ChannelSpec, DutySpec, NoticeLanguage, PersonSpec, Private, Rotate, ShiftSpec, TeamSpec,
};
pub(crate) use hours::{Window, instant};

/// Turns of a rota are counted from here unless the shift says otherwise: a Monday.
const TURNS_FROM: NaiveDate = match NaiveDate::from_ymd_opt(1970, 1, 5) {
    Some(monday) => monday,
    None => NaiveDate::MIN,
};

/// Who is on duty.
#[derive(Debug, Clone)]
pub struct Roster {
    zone: Tz,
    language: NoticeLanguage,
    default: Option<String>,
    remind: Option<TimeDelta>,
    quiet: Option<Window>,
    channels: BTreeMap<String, ChannelSpec>,
    people: BTreeMap<String, PersonSpec>,
    teams: BTreeMap<String, Team>,
}

#[derive(Debug, Clone)]
struct Team {
    title: String,
    people: Vec<String>,
    channels: Vec<String>,
    shifts: Vec<Shift>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Shift {
    window: Window,
    people: Vec<String>,
    rotate: Rotate,
    since: NaiveDate,
}

/// Who is told next while nobody takes a notice on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How long after the notice.
    pub after: TimeDelta,
    /// Group.
    pub team: String,
}

impl Roster {
    /// The roster of a file that has been checked. `zone` is the project's.
    pub fn of(spec: &DutySpec, zone: Tz) -> Self {
        let head = &spec.duty;
        let only = spec.team.keys().next().filter(|_| spec.team.len() == 1);
        Self {
            zone: head.timezone.as_deref().and_then(|name| name.parse().ok()).unwrap_or(zone),
            language: head.language,
            default: head.team.clone().or_else(|| only.cloned()),
            remind: span(&head.remind),
            quiet: head.quiet.as_ref().and_then(|quiet| Window::of(&quiet.days, Some((&quiet.from, &quiet.to)))),
            channels: spec.channel.clone(),
            people: spec.person.clone(),
            teams: spec.team.iter().map(|(name, team)| (name.clone(), Team::of(name, team))).collect(),
        }
    }

    /// Language of notices.
    pub fn language(&self) -> NoticeLanguage {
        self.language
    }

    /// Zone of its times of day.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// After how long an open notice is said again.
    pub fn remind(&self) -> Option<TimeDelta> {
        self.remind
    }

    /// The group that is told: the named one if there is such a group, else the default.
    pub fn team<'a>(&'a self, named: Option<&'a str>) -> Option<&'a str> {
        let known = |name: &&str| self.teams.contains_key(*name);
        named.filter(known).or_else(|| self.default.as_deref().filter(known))
    }

    /// What a group is called.
    pub fn title_of<'a>(&'a self, team: &'a str) -> &'a str {
        self.teams.get(team).map_or(team, |known| &known.title)
    }

    /// What a person is called.
    pub fn name_of<'a>(&'a self, person: &'a str) -> &'a str {
        self.people.get(person).and_then(|known| known.name.as_deref()).unwrap_or(person)
    }

    /// The people of a group who are on duty at an instant, each once.
    pub fn on_duty(&self, team: &str, at: DateTime<Utc>) -> Vec<&str> {
        let Some(team) = self.teams.get(team) else { return Vec::new() };
        let local = at.with_timezone(&self.zone).naive_local();
        let mut found: Vec<&str> = Vec::new();
        for shift in &team.shifts {
            if let Some(day) = shift.window.began(local) {
                found.extend(shift.whose_turn(day).iter().map(String::as_str));
            }
        }
        if found.is_empty() {
            found.extend(team.people.iter().map(String::as_str));
        }
        let mut seen = BTreeSet::new();
        found.retain(|person| seen.insert(*person));
        found
    }

    /// Everything that reaches those on duty, and the group's own channels.
    pub fn recipients(&self, team: &str, at: DateTime<Utc>) -> Vec<Recipient> {
        let mut found: Vec<Recipient> = Vec::new();
        for person in self.on_duty(team, at) {
            for reach in self.people.get(person).into_iter().flat_map(|known| &known.reach) {
                found.push(Recipient { channel: reach.channel.clone(), person: Some(person.to_owned()) });
            }
        }
        let own = self.teams.get(team).into_iter().flat_map(|known| &known.channels);
        found.extend(own.map(|channel| Recipient { channel: channel.clone(), person: None }));
        found.retain(|recipient| self.channels.contains_key(&recipient.channel));
        found
    }

    /// Who is told next, in order of time.
    pub fn steps(&self, team: &str) -> &[Step] {
        self.teams.get(team).map_or(&[], |known| &known.steps)
    }

    /// When the quiet hours end, if an instant lies in them.
    pub fn quiet_until(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = at.with_timezone(&self.zone).naive_local();
        self.quiet.as_ref()?.ends(local, self.zone)
    }

    /// A channel.
    pub fn channel(&self, name: &str) -> Option<&ChannelSpec> {
        self.channels.get(name)
    }

    /// Names of all channels.
    pub fn channels(&self) -> impl Iterator<Item = &str> {
        self.channels.keys().map(String::as_str)
    }

    /// Whether one message serves everybody who is reached over a channel: all but mail.
    pub fn is_shared(&self, channel: &str) -> bool {
        self.channels.get(channel).is_some_and(|known| known.kind != ChannelKind::Email)
    }

    /// Everybody who is reached over a channel.
    pub fn reached_by(&self, channel: &str) -> Vec<&str> {
        let reached = |person: &PersonSpec| person.reach.iter().any(|reach| reach.channel == channel);
        self.people.iter().filter(|(_, person)| reached(person)).map(|(name, _)| name.as_str()).collect()
    }

    /// Address of a person on a channel, or whom to mention there.
    pub fn address(&self, person: &str, channel: &str) -> Option<&Private> {
        let reach = &self.people.get(person)?.reach;
        reach.iter().find(|reach| reach.channel == channel)?.to.as_ref()
    }
}

impl Team {
    fn of(name: &str, spec: &TeamSpec) -> Self {
        let mut steps: Vec<Step> = spec
            .escalate
            .iter()
            .filter_map(|step| Some(Step { after: span(&step.after)?, team: step.to.clone() }))
            .collect();
        steps.sort_by_key(|step| step.after);
        Self {
            title: spec.title.clone().unwrap_or_else(|| name.to_owned()),
            people: spec.people.clone(),
            channels: spec.channels.clone(),
            shifts: spec.rota.iter().filter_map(Shift::of).collect(),
            steps,
        }
    }
}

impl Shift {
    fn of(spec: &ShiftSpec) -> Option<Self> {
        let times = spec.from.as_deref().zip(spec.to.as_deref());
        Some(Self {
            window: Window::of(&spec.days, times)?,
            people: spec.people.clone(),
            rotate: spec.rotate,
            since: spec.since.unwrap_or(TURNS_FROM),
        })
    }

    /// Who has it when it begins on a day.
    fn whose_turn(&self, day: NaiveDate) -> &[String] {
        let days = day.signed_duration_since(self.since).num_days();
        let turn = match self.rotate {
            Rotate::No => return &self.people,
            Rotate::Day => days,
            Rotate::Week => days.div_euclid(7),
        };
        let count = i64::try_from(self.people.len()).unwrap_or(i64::MAX).max(1);
        let index = usize::try_from(turn.rem_euclid(count)).unwrap_or(0);
        self.people.get(index..=index).unwrap_or(&[])
    }
}

/// A duration of the grammar; none for a word such as `never`.
fn span(text: &str) -> Option<TimeDelta> {
    TimeDelta::from_std(duration::parse(text).ok()?).ok().filter(|span| !span.is_zero())
}
