//! The watchdog and the sender of notices. They are apart from the scheduler: tasks and a lease of their own, so that
//! neither a scheduler that hangs nor one that leads elsewhere keeps them from looking. One instance at a time watches a
//! ledger: what it raises is known by its key, but two senders would each hand over the same message.
//!
//! A look that fails is told once and tried again at the next one; nothing here ends the service.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use catalog::ledger::Lease;
use catalog::store::Catalog;
use chrono::{TimeDelta, Utc};
use pipelines::engine::Engine;
use pipelines::lease::{self, Keeper};
use pipelines::problem::Problem;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::definitions::Definitions;
use super::hub::Hub;
use crate::messages::Messages;
use crate::notice::{Guard, Looked, WATCH, dispatch, waiting};
use crate::output::Output;

/// Between two tries to take the watch.
const STAND_BY: Duration = Duration::from_secs(5);
/// Between two looks into the outbox, for messages that are to be tried again or whose time has come.
const SEND: Duration = Duration::from_secs(5);

/// Watches and sends whenever no other instance does.
pub(super) struct Watch {
    hub: Arc<Hub>,
    definitions: Arc<Definitions>,
    messages: Messages,
    /// Something was raised, or is right again.
    news: Notify,
    /// Whether the last call of the ledger failed, which was told then.
    failing: AtomicBool,
}

impl Watch {
    pub(super) fn new(hub: Arc<Hub>, definitions: Arc<Definitions>, messages: Messages) -> Self {
        Self { hub, definitions, messages, news: Notify::new(), failing: AtomicBool::new(false) }
    }

    /// Goes on until told to stop.
    pub(super) async fn keep(self, stop: CancellationToken) {
        let lasting = self.hub.settings.watch_lease();
        while !stop.is_cancelled() {
            let (catalog, actor) = (&self.hub.catalog, &self.hub.actor);
            match lease::take(catalog, actor, WATCH, &self.hub.name, lasting).await {
                Ok(lease) => {
                    self.hub.metrics.watches(true);
                    self.watch(&lease, lasting, &stop).await;
                    self.hub.metrics.watches(false);
                    // Given back, another one watches soon; else it waits until the lease has run out.
                    let _ = catalog.release(actor, &lease).await;
                }
                Err(pipelines::Error::Busy { .. }) => {}
                Err(error) => self.failed(&error.problem()),
            }
            pause(STAND_BY, &stop).await;
        }
    }

    /// Watches and sends, beside each other, until told to stop or until another one has the lease.
    async fn watch(&self, lease: &Lease, lasting: Duration, stop: &CancellationToken) {
        let over = stop.child_token();
        let (catalog, actor) = (self.hub.catalog.clone(), self.hub.actor.clone());
        let _keeper = Keeper::start(catalog, actor, lease.clone(), lasting, over.clone());
        let catalog = self.hub.catalog.under(lease);
        tokio::join!(self.guard(&catalog, &over), self.send(&catalog, &over));
    }

    /// Holds the ledger against what was promised, again and again.
    async fn guard(&self, catalog: &Catalog, over: &CancellationToken) {
        let mut guard = None;
        while pause(self.hub.settings.watch, over).await {
            match self.look(catalog, &mut guard).await {
                Ok(looked) => {
                    self.failing.store(false, Ordering::Relaxed);
                    self.hub.metrics.looked(looked.missed);
                    if looked.raised + looked.right > 0 {
                        self.news.notify_one();
                    }
                }
                Err(error) => self.failed(&Problem::of(&error, error.retryable())),
            }
        }
    }

    /// Looks once. Definitions that took the place of others are watched from now on.
    async fn look(
        &self,
        catalog: &Catalog,
        guard: &mut Option<(Arc<Engine>, Guard)>,
    ) -> Result<Looked, catalog::Error> {
        let (actor, engine, now) = (&self.hub.actor, self.definitions.engine(), Utc::now());
        let mut own = match guard.take() {
            Some((of, own)) if Arc::ptr_eq(&of, &engine) => own,
            _ => Guard::new(catalog, actor, engine.project(), now).await?,
        };
        let mistakes = self.definitions.mistakes();
        let looked = own.look(catalog, actor, engine.project(), mistakes.as_ref(), now).await;
        *guard = Some((engine, own));
        looked
    }

    /// Sends what is due, again and again.
    async fn send(&self, catalog: &Catalog, over: &CancellationToken) {
        while !over.is_cancelled() {
            if let Err(error) = self.round(catalog, over).await {
                self.failed(&Problem::of(&error, error.retryable()));
            }
            tokio::select! {
                () = over.cancelled() => {}
                () = self.news.notified() => {}
                () = tokio::time::sleep(SEND) => {}
            }
        }
    }

    /// Sends everything that is due now.
    async fn round(&self, catalog: &Catalog, over: &CancellationToken) -> Result<(), catalog::Error> {
        let (actor, engine) = (&self.hub.actor, self.definitions.engine());
        let courier = engine.courier();
        loop {
            let done = dispatch(catalog, actor, engine.project(), &courier, (Utc::now(), over)).await?;
            self.hub.metrics.handed_over(done.sent, done.failed);
            if !done.more || done.sent == 0 {
                break;
            }
        }
        self.hub.metrics.messages_waiting(waiting(catalog, actor, Utc::now() + TimeDelta::days(1)).await?);
        Ok(())
    }

    /// Tells of a failure once; the next look says whether it is over.
    fn failed(&self, problem: &Problem) {
        self.hub.metrics.ledger_failed();
        if !self.failing.swap(true, Ordering::Relaxed) {
            let (code, sentence) = (&problem.code, self.messages.problem(problem));
            let text = self.messages.text("serve.watch_failed", &[("code", code), ("sentence", &sentence)]);
            Output::new(false).note(&text);
        }
    }
}

/// Waits; whether it is to go on then.
async fn pause(span: Duration, over: &CancellationToken) -> bool {
    tokio::select! {
        () = over.cancelled() => false,
        () = tokio::time::sleep(span) => true,
    }
}
