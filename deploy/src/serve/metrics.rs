//! What a monitoring system reads. Labels are states, pools and pipelines of the definitions; never values of data.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use catalog::schedule::{Cause, Left, Tick, TickState};
use chrono::Utc;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Lateness in seconds: most ticks begin within a fraction of one, a full pool or an outage shows in hours.
const LATENESS: [f64; 14] = [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0];

/// One label with its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Label(&'static str, String);

impl EncodeLabelSet for Label {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        [(self.0, self.1.as_str())].encode(encoder)
    }
}

/// Counters and gauges of one service.
#[derive(Debug, Default)]
pub struct Metrics {
    registry: Mutex<Registry>,
    waiting: Family<Label, Gauge>,
    slots: Family<Label, Gauge>,
    ended: Family<Label, Counter>,
    last_success: Family<Label, Gauge>,
    lateness: Lateness,
    running: Gauge,
    leading: Gauge,
    leader_seen: AtomicI64,
    blocked: Gauge,
    reload_ok: Gauge,
    reloaded_at: Gauge,
    commits: Counter,
    ledger_failures: Counter,
    deadline_misses: Counter,
    messages: Family<Label, Counter>,
    messages_waiting: Gauge,
    watching: Gauge,
    last_look: Gauge,
}

/// Seconds for which a leader that was seen counts as there.
const KNOWN_FOR: i64 = 60;

#[derive(Debug)]
struct Lateness(Histogram);

impl Default for Lateness {
    fn default() -> Self {
        Self(Histogram::new(LATENESS))
    }
}

impl Metrics {
    /// All of them, at zero.
    pub fn new() -> Self {
        let metrics = Self::default();
        metrics.reload_ok.set(1);
        let mut registry = Registry::with_prefix("sluice");
        registry.register("ticks", "Ticks that have not ended, by state (leader only)", metrics.waiting.clone());
        registry.register("pool_slots_used", "Slots of each pool in use (leader only)", metrics.slots.clone());
        registry.register("ticks_ended", "Ticks that ended here, by how", metrics.ended.clone());
        let text = "When each pipeline last succeeded here, seconds since 1970";
        registry.register("last_success_timestamp_seconds", text, metrics.last_success.clone());
        let text = "From the instant a scheduled tick was due to its first attempt";
        registry.register("lateness_seconds", text, metrics.lateness.0.clone());
        registry.register("running", "Runs that go on in this process", metrics.running.clone());
        registry.register("leading", "Whether this process leads", metrics.leading.clone());
        let text = "Pipelines whose calendar does not know the year of their next fire (leader only)";
        registry.register("pipelines_blocked", text, metrics.blocked.clone());
        registry.register("definitions_valid", "Whether the definitions on disk are valid", metrics.reload_ok.clone());
        let text = "When the running definitions were loaded, seconds since 1970";
        registry.register("definitions_loaded_timestamp_seconds", text, metrics.reloaded_at.clone());
        registry.register("ledger_commits", "The scheduler's commits to the ledger", metrics.commits.clone());
        registry.register("ledger_failures", "Calls of the ledger that failed", metrics.ledger_failures.clone());
        registry.register("deadline_misses", "Deadlines whose miss was found here", metrics.deadline_misses.clone());
        registry.register(
            "notice_messages",
            "Messages of notices, by whether their channel took them",
            metrics.messages.clone(),
        );
        let text = "Messages of notices that are due within a day and not handed over (watching instance only)";
        registry.register("notice_messages_waiting", text, metrics.messages_waiting.clone());
        registry.register(
            "watching",
            "Whether this process is the one that watches and sends",
            metrics.watching.clone(),
        );
        let text = "When the watchdog last looked here, seconds since 1970; 0 before its first look";
        registry.register("watchdog_last_look_timestamp_seconds", text, metrics.last_look.clone());
        *metrics.registry.lock().unwrap_or_else(PoisonError::into_inner) = registry;
        metrics
    }

    /// The text that a monitoring system reads: OpenMetrics 1.0.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a string does not fail.
        let _ = encode(&mut text, &registry);
        text
    }

    /// The watchdog looked, and found that so many deadlines were missed.
    pub(super) fn looked(&self, missed: usize) {
        self.last_look.set(Utc::now().timestamp());
        self.deadline_misses.inc_by(missed as u64);
    }

    /// Whether this process watches.
    pub(super) fn watches(&self, watches: bool) {
        self.watching.set(i64::from(watches));
        self.messages_waiting.set(0);
    }

    /// Messages were handed over, or their channels did not take them.
    pub(super) fn handed_over(&self, sent: usize, failed: usize) {
        for (how, count) in [("sent", sent), ("failed", failed)] {
            self.messages.get_or_create(&label("how", how)).inc_by(count as u64);
        }
    }

    pub(super) fn messages_waiting(&self, messages: usize) {
        self.messages_waiting.set(number(messages));
    }

    pub(super) fn ticks(&self, state: TickState, count: usize) {
        self.waiting.get_or_create(&label("state", state.as_str())).set(number(count));
    }

    pub(super) fn slots<'a>(&self, pools: impl Iterator<Item = (&'a str, u32)>) {
        for (pool, used) in pools {
            self.slots.get_or_create(&label("pool", pool)).set(i64::from(used));
        }
    }

    pub(super) fn began(&self, tick: &Tick) {
        if tick.tick.cause == Cause::Schedule
            && tick.attempt == 1
            && let Some(began) = tick.started_at
        {
            let late = (began - tick.tick.scheduled_at).as_seconds_f64();
            self.lateness.0.observe(late.max(0.0));
        }
    }

    pub(super) fn left(&self, tick: &Tick, left: &Left) {
        let name = match left {
            Left::Ended { state, .. } => state.as_str(),
            Left::Again { .. } => "again",
        };
        self.ended.get_or_create(&label("how", name)).inc();
        if matches!(left, Left::Ended { state: TickState::Succeeded, .. }) {
            let label = label("pipeline", &tick.tick.id.pipeline);
            self.last_success.get_or_create(&label).set(Utc::now().timestamp());
        }
    }

    pub(super) fn running(&self, runs: usize) {
        self.running.set(number(runs));
    }

    pub(super) fn leads(&self, leads: bool) {
        self.leading.set(i64::from(leads));
        self.follows();
    }

    /// Somebody leads.
    pub(super) fn follows(&self) {
        self.leader_seen.store(Utc::now().timestamp(), Ordering::Relaxed);
    }

    /// Whether somebody leads.
    pub(super) fn leader_known(&self) -> bool {
        self.leading.get() == 1 || Utc::now().timestamp() - self.leader_seen.load(Ordering::Relaxed) < KNOWN_FOR
    }

    pub(super) fn blocked(&self, pipelines: usize) {
        self.blocked.set(number(pipelines));
    }

    pub(super) fn reloaded(&self, valid: bool) {
        self.reload_ok.set(i64::from(valid));
        if valid {
            self.reloaded_at.set(Utc::now().timestamp());
        }
    }

    /// Whether the definitions on disk are valid.
    pub(super) fn definitions_valid(&self) -> bool {
        self.reload_ok.get() == 1
    }

    pub(super) fn committed(&self) {
        self.commits.inc();
    }

    pub(super) fn ledger_failed(&self) {
        self.ledger_failures.inc();
    }
}

fn label(name: &'static str, value: &str) -> Label {
    Label(name, value.to_owned())
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_states_and_counts() {
        let metrics = Metrics::new();
        metrics.ticks(TickState::Queued, 7);
        metrics.slots([("default", 2)].into_iter());
        metrics.ledger_failed();
        metrics.looked(2);
        metrics.handed_over(3, 0);
        let text = metrics.text();
        for line in [
            "sluice_ticks{state=\"queued\"} 7",
            "sluice_pool_slots_used{pool=\"default\"} 2",
            "sluice_ledger_failures_total 1",
            "sluice_deadline_misses_total 2",
            "sluice_notice_messages_total{how=\"sent\"} 3",
            "sluice_notice_messages_total{how=\"failed\"} 0",
            "sluice_definitions_valid 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!metrics.leader_known());
        metrics.follows();
        assert!(metrics.leader_known());
    }
}
