//! Why a tick waits or ended as it did, what stands next, and what the scheduler answered, in words.

use catalog::schedule::{Scope, TickState};
use pipelines::problem::Problem;
use pipelines::schedule::{Answer, Reason};

use super::clock::{Clock, span};
use crate::messages::Messages;
use crate::words::Titles;

/// The name of a state of a tick.
pub(crate) fn state(messages: Messages, state: TickState) -> String {
    messages.text(&format!("tick.{}", state.as_str()), &[])
}

/// What is paused, in words.
pub(crate) fn scope(messages: Messages, scope: &Scope) -> String {
    let (kind, name) = scope.parts();
    messages.text(&format!("scope.{kind}"), &[("name", &name)])
}

/// What is paused, as it is written on a command line.
pub(crate) fn scope_argument(scope: &Scope) -> String {
    match scope {
        Scope::All => "--all".to_owned(),
        Scope::Pipeline(name) => name.clone(),
        Scope::Pool(name) => format!("--pool {name}"),
        Scope::Connection(name) => format!("--connection {name}"),
    }
}

/// Tells reasons in one language, on one clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Because<'a> {
    /// The language.
    pub(crate) messages: Messages,
    /// The clock.
    pub(crate) clock: Clock,
    /// Titles of columns.
    pub(crate) titles: &'a Titles,
}

impl Because<'_> {
    /// A reason as a sentence without its full stop.
    pub(crate) fn reason(&self, reason: &Reason) -> String {
        let at = |instant: &chrono::DateTime<chrono::Utc>| self.clock.at(*instant);
        let key = |key: &str| self.clock.key(self.messages, key);
        let text = |name: &str, parameters: &[(&str, &dyn std::fmt::Display)]| {
            self.messages.text(&format!("because.{name}"), parameters)
        };
        match reason {
            Reason::Paused { what, by } => text("paused", &[("what", &scope(self.messages, what)), ("by", by)]),
            Reason::Behind { key: other } => text("behind", &[("tick", &key(other))]),
            Reason::Table { table, biz_date: Some(date), until } => {
                text("table", &[("table", table), ("date", &self.clock.date(*date)), ("until", &at(until))])
            }
            Reason::Table { table, biz_date: None, until } => {
                text("table_new", &[("table", table), ("until", &at(until))])
            }
            Reason::Source { problems, until } => {
                text("source", &[("until", &at(until)), ("problems", &self.problems(problems))])
            }
            Reason::Pool { pool } => text("pool", &[("pool", pool)]),
            Reason::Connection { connection } => text("connection", &[("connection", connection)]),
            Reason::Retry { tries, problems } => {
                text("retry", &[("tries", tries), ("problems", &self.problems(problems))])
            }
            Reason::Lost { worker, deaths } => text("lost", &[("worker", worker), ("deaths", deaths)]),
            Reason::Drained => text("drained", &[]),
            Reason::Again { by, note, released } => self.again(by, note, *released),
            Reason::Overlap { key: other } => text("overlap", &[("tick", &key(other))]),
            Reason::Down { since, until } => text("down", &[("since", &at(since)), ("until", &at(until))]),
            Reason::Stopped { by, note } => self.noted(text("stopped", &[("by", by)]), note),
            Reason::Withdrawn => text("withdrawn", &[]),
            Reason::Poison { deaths } => text("poison", &[("deaths", deaths)]),
            Reason::Timeout { seconds } => {
                let seconds = i64::try_from(*seconds).unwrap_or(i64::MAX);
                text("timeout", &[("span", &span(self.messages, seconds))])
            }
            Reason::Problems { problems } => text("problems", &[("problems", &self.problems(problems))]),
        }
    }

    fn again(&self, by: &[String], note: &str, released: bool) -> String {
        let key = match (released, by.is_empty()) {
            (true, _) => "because.released",
            (false, true) => "because.again_resumed",
            (false, false) => "because.again",
        };
        let by = by.join(&self.messages.text("because.by_list", &[]));
        self.noted(self.messages.text(key, &[("by", &by)]), note)
    }

    fn noted(&self, text: String, note: &str) -> String {
        match note.is_empty() {
            true => text,
            false => self.messages.text("because.note", &[("text", &text), ("note", &note)]),
        }
    }

    /// Problems with their codes.
    pub(crate) fn problems(&self, problems: &[Problem]) -> String {
        let told: Vec<String> = problems
            .iter()
            .map(|problem| format!("[{}] {}", problem.code, self.messages.problem(&self.titles.titled(problem))))
            .collect();
        told.join(&self.messages.text("because.problem_list", &[]))
    }

    /// What the scheduler answered.
    pub(crate) fn answer(&self, answer: &Answer) -> String {
        let key = |key: &String| self.clock.key(self.messages, key);
        let text = |name: &str| self.messages.text(&format!("answer.{name}"), &[]);
        match answer {
            Answer::Done => text("done"),
            Answer::Queued { ticks: 1, first, .. } => {
                self.messages.text("answer.queued_one", &[("first", &key(first))])
            }
            Answer::Queued { ticks, first, last } => {
                let parameters: [(&str, &dyn std::fmt::Display); 3] =
                    [("ticks", ticks), ("first", &key(first)), ("last", &key(last))];
                self.messages.text("answer.queued_many", &parameters)
            }
            Answer::Stopping => text("stopping"),
            Answer::OneOfTwo => text("one_of_two"),
            Answer::NoPipeline => text("no_pipeline"),
            Answer::NoTick => text("no_tick"),
            Answer::UnderWay => text("under_way"),
            Answer::Ended { state: how } => {
                self.messages.text("answer.ended", &[("state", &state(self.messages, *how))])
            }
            Answer::Begun => text("begun"),
            Answer::NotDue { at } => self.messages.text("answer.not_due", &[("at", &self.clock.at(*at))]),
            Answer::Covered => text("covered"),
            Answer::NotPaused => text("not_paused"),
            Answer::SamePerson => text("same_person"),
            Answer::NoGate => text("no_gate"),
            Answer::Unpublished { year } => self.messages.text("answer.unpublished", &[("year", year)]),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::Language;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-{text}:00+08:00").parse::<DateTime<chrono::FixedOffset>>().unwrap().to_utc()
    }

    /// One of each, told in Chinese.
    fn reasons() -> Vec<(Reason, &'static str)> {
        let params = BTreeMap::from([("rows".to_owned(), "3".to_owned())]);
        let problems =
            vec![Problem { code: "P999".into(), params, message: "the source is away".into(), retryable: true }];
        let key = || at("11-23T02:30").to_rfc3339();
        vec![
            (Reason::Paused { what: Scope::Pool("default".into()), by: "李雷".into() }, "李雷暂停了池default"),
            (Reason::Behind { key: key() }, "排在11-23 02:30之后"),
            (
                Reason::Table { table: "a.b".into(), biz_date: "2026-11-22".parse().ok(), until: at("11-23T05:30") },
                "等a.b业务日期11-22的版本，至11-23 05:30",
            ),
            (
                Reason::Table { table: "a.b".into(), biz_date: None, until: at("11-23T05:30") },
                "等a.b的新版本，至11-23 05:30",
            ),
            (
                Reason::Source { problems: problems.clone(), until: at("11-23T05:00") },
                "来源未就绪，等到11-23 05:00：[P999] the source is away",
            ),
            (Reason::Pool { pool: "default".into() }, "池default已满"),
            (Reason::Connection { connection: "hrss".into() }, "连接hrss的并发已满"),
            (Reason::Retry { tries: 2, problems: problems.clone() }, "第2次失败，将重试：[P999] the source is away"),
            (Reason::Lost { worker: "w1".into(), deaths: 1 }, "执行者w1失联，已是第1个，由他人接手"),
            (Reason::Drained, "停机前未结束，将重新开始"),
            (Reason::Again { by: vec!["李雷".into()], note: String::new(), released: false }, "李雷要求运行"),
            (Reason::Again { by: vec![], note: String::new(), released: false }, "恢复后补跑"),
            (
                Reason::Again {
                    by: vec!["李雷".into(), "韩梅梅".into()], note: "已核对".into(), released: true
                },
                "李雷、韩梅梅两人放行质量关（已核对）",
            ),
            (Reason::Overlap { key: key() }, "与11-23 02:30重叠"),
            (
                Reason::Down { since: at("11-18T01:12"), until: at("11-19T05:40") },
                "调度服务11-18 01:12至11-19 05:40停机",
            ),
            (Reason::Stopped { by: "李雷".into(), note: "源系统检修".into() }, "李雷停止（源系统检修）"),
            (Reason::Withdrawn, "定义已撤下"),
            (Reason::Poison { deaths: 3 }, "连续3个执行者失联，已搁置"),
            (Reason::Timeout { seconds: 21_600 }, "超过时限6小时0分"),
            (Reason::Problems { problems }, "[P999] the source is away"),
        ]
    }

    #[test]
    fn every_reason_is_told_in_both_languages() {
        let clock = Clock::new(chrono_tz::Asia::Shanghai, at("11-23T08:00"));
        let titles = Titles::default();
        for (reason, told) in reasons() {
            let words = |language| Because { messages: Messages::new(language), clock, titles: &titles };
            assert_eq!(words(Language::Zh).reason(&reason), told);
            let english = words(Language::En).reason(&reason);
            let names: String =
                english.replace("李雷", "").replace("韩梅梅", "").replace("已核对", "").replace("源系统检修", "");
            assert!(names.is_ascii() && !names.contains(['{', '}']), "{english}");
        }
    }

    #[test]
    fn every_answer_is_told_and_refusals_say_so() {
        let clock = Clock::new(chrono_tz::Asia::Shanghai, at("11-23T08:00"));
        let titles = Titles::default();
        let key = at("11-23T02:30").to_rfc3339();
        let queued = |ticks| Answer::Queued { ticks, first: key.clone(), last: key.clone() };
        for answer in [
            Answer::Done,
            queued(1),
            queued(7),
            Answer::Stopping,
            Answer::OneOfTwo,
            Answer::NoPipeline,
            Answer::NoTick,
            Answer::UnderWay,
            Answer::Ended { state: TickState::Succeeded },
            Answer::Begun,
            Answer::NotDue { at: at("11-24T02:30") },
            Answer::Covered,
            Answer::NotPaused,
            Answer::SamePerson,
            Answer::NoGate,
            Answer::Unpublished { year: 2027 },
        ] {
            let words =
                |language| Because { messages: Messages::new(language), clock, titles: &titles }.answer(&answer);
            let (zh, en) = (words(Language::Zh), words(Language::En));
            assert_eq!(zh.starts_with("未办"), !answer.granted(), "{zh}");
            assert_eq!(en.starts_with("Refused"), !answer.granted(), "{en}");
            assert!(!zh.contains("ui.") && !zh.contains('{'), "{zh}");
        }
    }
}
