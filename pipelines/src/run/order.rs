//! On whose order a plan is run, and as what.

use std::time::Duration;

use catalog::schedule::Cause;

/// How long a lease lasts where nobody says otherwise.
const LEASE: Duration = Duration::from_secs(60);

/// On whose order a plan is run, and as what.
#[derive(Debug, Clone)]
pub struct Order {
    /// What made the run.
    pub cause: Cause,
    /// Who started it: a person, or the service.
    pub by: String,
    /// The two people who let it pass quality gates, if they did.
    pub release: Option<Release>,
    /// How long its hold on a target lasts without a sign of life.
    pub lease: Duration,
}

/// Who let a run pass quality gates, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Who.
    pub by: Vec<String>,
    /// Why.
    pub note: String,
}

impl Order {
    /// A person's, from the command line.
    pub fn manual(by: &str) -> Self {
        Self { cause: Cause::Manual, by: by.to_owned(), release: None, lease: LEASE }
    }

    /// Whether it is a backfill 补数: cursors are neither read nor moved, and no newer row is replaced.
    pub fn is_backfill(&self) -> bool {
        self.cause == Cause::Backfill
    }

    /// The cause as the ledger names it.
    pub(super) fn cause_name(&self) -> &'static str {
        match self.cause {
            Cause::Schedule => "schedule",
            Cause::CatchUp => "catch_up",
            Cause::After => "after",
            Cause::Manual => "manual",
            Cause::Backfill => "backfill",
        }
    }
}
