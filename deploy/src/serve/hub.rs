//! What all tasks of a service share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalog::Actor;
use catalog::schedule::TickId;
use catalog::store::{Catalog, Group};
use chrono::Utc;
use pipelines::schedule::Timetable;
use tokio::sync::{Notify, watch};

use super::control::Control;
use super::{Metrics, Settings};

/// What all tasks of a service share.
#[derive(Debug)]
pub(super) struct Hub {
    pub(super) catalog: Catalog,
    pub(super) actor: Actor,
    /// Writes for all of them together.
    pub(super) group: Group,
    /// Name of this process, as workers and leaders are known in the ledger.
    pub(super) name: String,
    pub(super) settings: Settings,
    pub(super) timetable: watch::Receiver<Arc<Timetable>>,
    pub(super) metrics: Arc<Metrics>,
    /// Something happened that the leader wants to know.
    pub(super) wake_leader: Notify,
    /// Something may be ready.
    pub(super) wake_workers: Notify,
    /// A run is to hear something.
    pub(super) wake_pulse: Notify,
    running: Mutex<BTreeMap<TickId, Held>>,
    /// When the scheduler's task was last seen alive, in seconds since 1970.
    turned: AtomicI64,
}

/// A tick that this process runs.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) token: i64,
    pub(super) control: Arc<Control>,
}

impl Hub {
    pub(super) fn new(
        (catalog, actor): (Catalog, Actor),
        name: String,
        settings: Settings,
        timetable: watch::Receiver<Arc<Timetable>>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            group: Group::new(catalog.clone(), actor.clone()),
            catalog,
            actor,
            name,
            settings,
            timetable,
            metrics,
            wake_leader: Notify::new(),
            wake_workers: Notify::new(),
            wake_pulse: Notify::new(),
            running: Mutex::default(),
            turned: AtomicI64::new(Utc::now().timestamp()),
        }
    }

    /// Ticks that this process runs.
    pub(super) fn running(&self) -> MutexGuard<'_, BTreeMap<TickId, Held>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the scheduler's task lives.
    pub(super) fn turn(&self) {
        self.turned.store(Utc::now().timestamp(), Ordering::Relaxed);
    }

    /// Seconds since it was last seen alive.
    pub(super) fn silent_for(&self) -> i64 {
        Utc::now().timestamp() - self.turned.load(Ordering::Relaxed)
    }
}
