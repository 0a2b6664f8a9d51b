//! What a run and its service tell each other while it goes.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use pipelines::schedule::Reason;
use tokio_util::sync::CancellationToken;

/// Why a run is to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// Somebody, or a rule of the schedule, asked for it.
    Asked(Reason),
    /// It took longer than it may.
    Timeout(Duration),
    /// The service is going down.
    Drained,
    /// The tick is not this worker's any more.
    Lost,
}

/// The line between a run and its service.
#[derive(Debug, Default)]
pub struct Control {
    stop: CancellationToken,
    why: OnceLock<Why>,
    phase: Mutex<Option<String>>,
    run: OnceLock<String>,
}

impl Control {
    /// Cancelled when the run is to stop and publish nothing more.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Notes the run's id in the ledger.
    pub fn began(&self, run: &str) {
        let _ = self.run.set(run.to_owned());
    }

    /// Notes the phase the run has reached.
    pub fn entered(&self, phase: &str) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = Some(phase.to_owned());
    }

    /// Tells the run to stop; the first reason counts.
    pub(super) fn end(&self, why: Why) {
        let _ = self.why.set(why);
        self.stop.cancel();
    }

    /// Why it was told to stop, if it was.
    pub(super) fn why(&self) -> Option<&Why> {
        self.why.get()
    }

    /// The run's id, once it has one.
    pub(super) fn run(&self) -> Option<&str> {
        self.run.get().map(String::as_str)
    }

    /// The phase it has reached.
    pub(super) fn phase(&self) -> Option<String> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
