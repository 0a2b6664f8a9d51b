//! A service's parts, and how they end: what runs is waited for, then told to stop; what is held is given back.

use std::sync::Arc;
use std::time::Duration;

use catalog::Actor;
use catalog::store::Catalog;
use pipelines::lease::holder;
use pipelines::schedule::Timetable;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use super::port::Port;
use super::watch::Watch;
use super::{Definitions, Execute, Metrics, Settings, leader, pulse, tidy, worker};
use crate::messages::Messages;

/// Longest wait for a task that was told to end, such as for a request on the port that never ends.
const LAST: Duration = Duration::from_secs(5);

/// What a service is made of.
pub struct Parts {
    /// The ledger.
    pub catalog: Catalog,
    /// On whose behalf it is written.
    pub actor: Actor,
    /// Who and where this process is, for people: `user@host`.
    pub owner: String,
    /// How it is set.
    pub settings: Settings,
    /// What is scheduled, whenever that changes.
    pub timetable: watch::Receiver<Arc<Timetable>>,
    /// What is done for a tick.
    pub executor: Arc<dyn Execute>,
    /// Where that is done: a runtime of its own, so that computations hold up no sign of life.
    pub runs: Handle,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parts({:?})", self.settings)
    }
}

/// A service that runs: scheduler, workers, signs of life.
#[derive(Debug)]
pub struct Service {
    hub: Arc<Hub>,
    /// Ends the taking of ticks.
    stop: CancellationToken,
    /// Ends the patience with runs.
    patience: CancellationToken,
    /// Ends everything else.
    end: CancellationToken,
    work: JoinHandle<()>,
    others: Vec<JoinHandle<()>>,
}

impl Service {
    /// Starts it. Needs a Tokio runtime around it.
    pub fn start(parts: Parts) -> Self {
        let Parts { catalog, actor, owner, settings, timetable, executor, runs, metrics } = parts;
        let name = holder::unique(&owner);
        let hub = Arc::new(Hub::new((catalog, actor), name, settings, timetable, metrics));
        let (stop, patience, end) = <(CancellationToken, CancellationToken, CancellationToken)>::default();
        let work = worker::work(Arc::clone(&hub), executor, runs, stop.clone(), patience.clone());
        let others = vec![
            tokio::spawn(leader::lead(Arc::clone(&hub), end.clone())),
            tokio::spawn(pulse::keep(Arc::clone(&hub), end.clone())),
            tokio::spawn(tidy::old(Arc::clone(&hub), end.clone())),
        ];
        Self { hub, stop, patience, end, work: tokio::spawn(work), others }
    }

    /// Watches what definitions promise, and tells people, whenever no other instance on the ledger does. Faults of its
    /// own are told on standard error in the language of `messages`.
    pub fn watch(&mut self, definitions: Arc<Definitions>, messages: Messages) {
        let watch = Watch::new(Arc::clone(&self.hub), definitions, messages);
        self.others.push(tokio::spawn(watch.keep(self.end.clone())));
    }

    /// Answers on a port too.
    pub(crate) fn listen(&mut self, port: Port) {
        self.others.push(tokio::spawn(port.serve(Arc::clone(&self.hub), self.end.clone())));
    }

    /// Seconds since the scheduler's task was last seen alive.
    pub(crate) fn silent_for(&self) -> i64 {
        self.hub.silent_for()
    }

    /// Ends it: nothing more is taken, runs are waited for as long as the settings say, then they are told to stop.
    /// Meanwhile it leads on if it leads, so that nothing is promised late; at last the lead is given back.
    pub async fn drain(mut self) {
        self.stop.cancel();
        let waited = tokio::time::timeout(self.hub.settings.drain, &mut self.work).await;
        if waited.is_err() {
            self.patience.cancel();
            let _ = (&mut self.work).await;
        }
        self.end.cancel();
        for task in self.others {
            let _ = tokio::time::timeout(LAST, task).await;
        }
    }
}
