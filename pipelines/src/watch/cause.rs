//! Why the watchdog raises something.

use serde::Serialize;

/// Why. Times are local, to the minute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
#[allow(missing_docs)] // the sentences are the documentation
pub enum Cause {
    #[error("{step} was due by {by}, and it is {status}")]
    #[serde(rename = "P801")]
    Missed { step: &'static str, by: String, status: &'static str },
    #[error("{step} is due by {by} and will probably come at {expected}, as the last runs went")]
    #[serde(rename = "P802")]
    Predicted { step: &'static str, by: String, expected: String },
    #[error("{step} is due by {by}, and it is {status}")]
    #[serde(rename = "P803")]
    Near { step: &'static str, by: String, status: &'static str },
    #[error("{step} was due by {by} and came at {at}")]
    #[serde(rename = "P804")]
    Late { step: &'static str, by: String, at: String },
    #[error("no tick has been promised since {since}, though {pipelines} pipelines were due: the scheduler is down")]
    #[serde(rename = "P805")]
    SchedulerDown { since: String, pipelines: usize },
    #[error("the tick of {at} is not in the ledger, though the schedule promises it")]
    #[serde(rename = "P806")]
    Lost { at: String },
    #[error("library {table} was built last at {last}; it may be {within} old")]
    #[serde(rename = "P807")]
    Stale { table: String, last: String, within: String },
    #[error("library {table} has not been built yet; it may be {within} old")]
    #[serde(rename = "P808")]
    NeverBuilt { table: String, within: String },
    #[error("dataset {dataset} under grant {grant} was supplied last at {last}; it may be {within} old")]
    #[serde(rename = "P809")]
    LateSupply { dataset: String, grant: String, last: String, within: String },
    #[error("dataset {dataset} under grant {grant} has not been supplied yet; it may be {within} old")]
    #[serde(rename = "P810")]
    NeverSupplied { dataset: String, grant: String, within: String },
    #[error("grant {grant} ends on {until}, in {days} days")]
    #[serde(rename = "P811")]
    GrantEnds { grant: String, until: String, days: i64 },
    #[error("calendar {calendar} does not know the year {year} yet; schedules that need it stop when it begins")]
    #[serde(rename = "P812")]
    CalendarUnpublished { calendar: String, year: i32 },
    #[error("right again since {at}")]
    #[serde(rename = "P813")]
    RightAgain { at: String },
    #[error("{deaths} workers died with this tick; it was set aside")]
    #[serde(rename = "P814")]
    Poison { deaths: u64 },
    #[error("an attempt took longer than {seconds} seconds")]
    #[serde(rename = "P815")]
    TimedOut { seconds: u64 },
    #[error("the tick is {status}")]
    #[serde(rename = "P816")]
    Ended { status: &'static str },
    #[error("this is a test; nothing is wrong")]
    #[serde(rename = "P817")]
    Test,
    #[error(
        "the definitions on disk have {mistakes} mistakes, the first ({first}) in {file}; the last valid ones stay in force"
    )]
    #[serde(rename = "P818")]
    Invalid { mistakes: usize, first: String, file: String },
}
