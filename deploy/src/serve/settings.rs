//! How a service is set.

use std::time::Duration;

use chrono::TimeDelta;
use pipelines::spec::duration;
use pipelines::spec::project::ServiceSpec;

/// How a service is set; see `[service]` of `sluice.toml`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Runs that go on at the same time.
    pub workers: u32,
    /// How long a tick, a target and the lead are held without a sign of life.
    pub lease: Duration,
    /// How often the ledger is asked what other processes did.
    pub look: Duration,
    /// How long runs may go on after the service was told to stop.
    pub drain: Duration,
    /// Lines kept of one run's log.
    pub log_lines: u32,
    /// How long logs are kept.
    pub log_keep: TimeDelta,
    /// How long notices that are over and answered requests are kept.
    pub keep: TimeDelta,
    /// How often the watchdog looks.
    pub watch: Duration,
}

/// Longest wait for what other processes did.
const LOOK: Duration = Duration::from_millis(200);
/// The lead is held no longer than that: when its holder dies, nothing is promised for so long.
const LONGEST_LEAD: Duration = Duration::from_secs(10);
/// The watch is held no longer than that: when its holder dies, nobody is told anything for so long.
const LONGEST_WATCH: Duration = Duration::from_secs(30);
/// A person who wants a run to stop waits no longer than that for it to hear so.
const LONGEST_SILENCE: Duration = Duration::from_secs(5);

impl Settings {
    /// Of a project; its durations were checked when it was read.
    pub fn of(spec: &ServiceSpec) -> Self {
        let span = |text: &str, otherwise: u64| duration::parse(text).unwrap_or(Duration::from_secs(otherwise));
        let days = |text: &str, days: i64| {
            duration::parse(text).ok().and_then(|span| TimeDelta::from_std(span).ok()).unwrap_or(TimeDelta::days(days))
        };
        Self {
            workers: spec.workers.max(1),
            lease: span(&spec.lease, 60).max(Duration::from_secs(1)),
            look: LOOK,
            drain: span(&spec.drain, 600),
            log_lines: spec.log_lines.max(1),
            log_keep: days(&spec.log_keep, 90),
            keep: days(&spec.keep, 400),
            watch: span(&spec.watch, 30).max(Duration::from_secs(1)),
        }
    }

    /// How long the lead is held.
    pub(super) fn lead(&self) -> Duration {
        self.lease.min(LONGEST_LEAD)
    }

    /// How long the watch is held.
    pub(super) fn watch_lease(&self) -> Duration {
        self.lease.min(LONGEST_WATCH)
    }

    /// Between two signs of life.
    pub(super) fn beat(&self) -> Duration {
        (self.lease / 3).min(LONGEST_SILENCE)
    }
}
