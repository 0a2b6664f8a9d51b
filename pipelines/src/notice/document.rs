//! The document a webhook gets: `notice.schema.json`. Fields are added within a version and never change their meaning.

use catalog::notice::{Severity, Why};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Kind, Named};
use std::collections::BTreeMap;

/// Version of the form.
pub const SCHEMA: &str = "sluice.notice/1";

/// One message to a webhook.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Document {
    /// `sluice.notice/1`.
    pub schema: String,
    /// Id of the delivery: the same when it is tried again, also in the header `X-Sluice-Delivery`.
    pub delivery: String,
    /// Id of the project.
    pub project: String,
    /// People of the duty roster it is meant for, by name.
    pub people: Vec<String>,
    /// What it tells of, the gravest first.
    pub notices: Vec<NoticeDocument>,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NoticeDocument {
    /// Id, for `sluice notice ack`.
    pub id: String,
    /// What makes it the same thing again.
    pub key: String,
    /// What kind of thing happened.
    #[schemars(with = "Kind")]
    pub kind: String,
    /// `info`, `warning` or `urgent`.
    #[schemars(with = "String")]
    pub severity: Severity,
    /// Why it is told: `first`, `escalation`, `reminder`, `recovery`.
    #[schemars(with = "String")]
    pub why: Why,
    /// How often it happened while it was open.
    pub count: u32,
    /// When it happened first, RFC 3339 UTC.
    pub at: String,
    /// Pipeline.
    pub pipeline: Option<Named>,
    /// When the tick was due, RFC 3339 UTC.
    pub tick: Option<String>,
    /// First and last business date, `YYYY-MM-DD`.
    pub business_dates: Option<(String, String)>,
    /// Code of the cause.
    pub code: String,
    /// Parameters of the cause: names, counts, dates.
    pub parameters: BTreeMap<String, String>,
    /// One line.
    pub title: String,
    /// What people read.
    pub text: String,
}
