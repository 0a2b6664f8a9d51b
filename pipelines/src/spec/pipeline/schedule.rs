//! `[schedule]`: when a pipeline is due, how late ticks are made up, what it waits for, and how much it may take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When a pipeline is due. `cron` and `every` exclude each other; without both, each new version that `after` names is a
/// tick.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleSpec {
    /// Five-field cron line, POSIX day numbers (Sunday is 0 or 7).
    pub cron: Option<String>,
    /// Elapsed time between ticks instead of a cron line: `15m`, counted from 1970-01-01T00:00Z.
    pub every: Option<String>,
    /// IANA time zone of the cron line; the project's by default.
    pub timezone: Option<String>,
    /// Calendar whose working days alone have ticks: `workday` (Chinese statutory working days) or a file of `calendars/`.
    pub calendar: Option<String>,
    /// What becomes of ticks that passed while nothing could run them.
    pub catch_up: CatchUpSpec,
    /// What a tick does while an earlier one of the pipeline has not ended.
    pub overlap: Overlap,
    /// When it must have published.
    pub deadline: Option<DeadlineSpec>,
    /// Library tables that must have a committed version first.
    pub after: Vec<AfterSpec>,
    /// Pool of `sluice.toml` whose slots its runs take; `default` when absent.
    pub pool: Option<String>,
    /// 0 (last) to 9 (first), 5 by default. What waits rises, so that nothing starves.
    pub priority: Option<u8>,
    /// How often and when an error that may pass is tried again.
    pub retry: RetrySpec,
    /// Longest time one attempt may take: `6h`.
    pub timeout: Option<String>,
}

/// What becomes of ticks that passed while nothing could run them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatchUpSpec {
    /// Which of them run.
    pub policy: CatchUp,
    /// How far back: `7d`. Older ticks are recorded as missed.
    #[serde(default = "default_window")]
    pub window: String,
}

/// Which of the ticks that passed run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// None: each is recorded as missed.
    None,
    /// The latest, whose interval then covers everything since the last committed one.
    Latest,
    /// All, the oldest first, one after the other.
    #[default]
    All,
}

/// What a tick does while an earlier one of its pipeline has not ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It is skipped.
    Skip,
    /// It waits its turn.
    #[default]
    Queue,
    /// It takes the earlier one's place, which is cancelled unless it is publishing.
    Replace,
}

/// When a pipeline must have published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeadlineSpec {
    /// Time of day in the schedule's zone: `07:00`, on the tick's own day unless `days` or `working_days` moves it.
    pub by: Option<String>,
    /// Time after the tick instead: `4h`.
    pub within: Option<String>,
    /// Calendar days after the tick's day.
    pub days: Option<u16>,
    /// Working days of the schedule's calendar after the tick's day.
    pub working_days: Option<u16>,
    /// Earlier deadlines of phases, on the same day as `by`.
    pub steps: StepDeadlines,
    /// How long before it a run that has not ended is told of: `30m`.
    pub warn: Option<String>,
    /// Group of the duty roster that is told.
    pub notify: Option<String>,
}

/// Deadlines of phases of a run, as times of day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StepDeadlines {
    /// The run has begun.
    pub start: Option<String>,
    /// Everything is staged.
    pub stage: Option<String>,
    /// Everything is published.
    pub publish: Option<String>,
}

/// A library table that must have a committed version first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AfterSpec {
    /// Library table: `base.population`.
    pub table: String,
    /// Which version.
    #[serde(default)]
    pub version: AfterVersion,
    /// How long a tick waits for it, `3h`; then it fails and says so. A day by default.
    pub timeout: Option<String>,
}

/// Which committed version of a table a tick waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterVersion {
    /// One committed for the same business date.
    #[default]
    SameDay,
    /// One committed since this pipeline last ran.
    New,
}

/// How often and when an error that may pass is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetrySpec {
    /// Attempts after the first, at most 20.
    pub max: u32,
    /// Pause before the second attempt: `1m`. It doubles each time, with up to a quarter of jitter.
    pub backoff: String,
    /// Longest pause.
    pub max_backoff: String,
}

fn default_window() -> String {
    "7d".into()
}

impl Default for CatchUpSpec {
    fn default() -> Self {
        Self { policy: CatchUp::default(), window: default_window() }
    }
}

impl Default for RetrySpec {
    fn default() -> Self {
        Self { max: 3, backoff: "1m".into(), max_backoff: "30m".into() }
    }
}
