//! Group commit: what many tasks write goes to disk together.
//!
//! A commit waits for the disk, and nothing else can be written meanwhile. So one task writes for all: while a commit is
//! under way, requests queue; then all of them are one transaction, with one statement for many rows where they are
//! alike. Nobody hears of a request before it is on disk.
//!
//! A request that is refused (a token that is not current any more) is refused alone. When the database fails, and it
//! makes sense to try again, all hear so; when it does not, each is done again by itself, so that only the one at fault
//! fails.

mod batch;

use super::Catalog;
use crate::ledger::Lease;
use crate::schedule::{Beat, Leaving, Left, Op, Pulse, Tick, TickId};
use crate::{Actor, Error, StoreFault};
use batch::{Asked, Batch, Request};
use chrono::TimeDelta;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait; who asks for more waits for a place.
const QUEUE: usize = 4096;
/// Most requests of one transaction.
const MOST: usize = 512;

/// Writes to the schedule's ledger on behalf of many tasks; cheap to clone. Its task ends when the last clone is gone
/// and what was asked for is written.
#[derive(Debug, Clone)]
pub struct Group {
    queue: mpsc::Sender<Request>,
    counts: Arc<Counts>,
}

/// How much was written, see [`Group::written`].
#[derive(Debug, Default)]
struct Counts {
    commits: AtomicU64,
    requests: AtomicU64,
}

/// How many transactions were committed for how many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Transactions.
    pub commits: u64,
    /// Requests that are in them, refused ones too.
    pub requests: u64,
}

impl Group {
    /// Starts the task that writes. Needs a Tokio runtime around it.
    #[must_use]
    pub fn new(catalog: Catalog, actor: Actor) -> Group {
        let (queue, requests) = mpsc::channel(QUEUE);
        let counts = Arc::new(Counts::default());
        tokio::spawn(write(catalog, actor, requests, Arc::clone(&counts)));
        Group { queue, counts }
    }

    /// [`Catalog::apply`].
    ///
    /// # Errors
    /// As there.
    pub async fn apply(&self, lead: &Lease, ops: Vec<Op>) -> Result<bool, Error> {
        self.ask((lead.clone(), ops), Request::Apply).await
    }

    /// [`Catalog::claim`]; when nothing is ready, one look that takes no lock answers for all who ask at that time.
    ///
    /// # Errors
    /// As there.
    pub async fn claim(&self, worker: &str, max: u32, ttl: TimeDelta) -> Result<Vec<Tick>, Error> {
        if max == 0 {
            return Ok(Vec::new());
        }
        self.ask((worker.to_owned(), max, ttl), Request::Claim).await
    }

    /// [`Catalog::beat`].
    ///
    /// # Errors
    /// As there.
    pub async fn beat(&self, worker: &str, beats: Vec<Beat>, ttl: TimeDelta) -> Result<Vec<Pulse>, Error> {
        if beats.is_empty() {
            return Ok(Vec::new());
        }
        self.ask((worker.to_owned(), beats, ttl), Request::Beat).await
    }

    /// [`Catalog::leave`].
    ///
    /// # Errors
    /// As there.
    pub async fn leave(&self, id: &TickId, token: i64, left: &Left, run: Option<&str>) -> Result<(), Error> {
        let leaving = Leaving { id: id.clone(), token, left: left.clone(), run: run.map(str::to_owned) };
        self.ask(leaving, Request::Leave).await
    }

    /// What this writer and its clones have committed so far.
    #[must_use]
    pub fn written(&self) -> Written {
        Written {
            commits: self.counts.commits.load(Ordering::Relaxed),
            requests: self.counts.requests.load(Ordering::Relaxed),
        }
    }

    async fn ask<Q, A>(&self, what: Q, request: fn(Asked<Q, A>) -> Request) -> Result<A, Error> {
        let (reply, answer) = oneshot::channel();
        // The task is gone only when its runtime is going.
        let gone = || Error::Store { fault: StoreFault::Lost };
        self.queue.send(request(Asked { what, reply })).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Writes what was asked for until nobody can ask any more.
async fn write(catalog: Catalog, actor: Actor, mut requests: mpsc::Receiver<Request>, counts: Arc<Counts>) {
    let mut waiting = Vec::with_capacity(MOST);
    while requests.recv_many(&mut waiting, MOST).await > 0 {
        let batch: Batch = waiting.drain(..).collect();
        let nothing = if batch.only_claims() { catalog.any_ready(&actor).await.map(|any| !any) } else { Ok(false) };
        match nothing {
            Ok(false) => commit(&catalog, &actor, batch, &counts).await,
            Ok(true) => batch.answer_empty_handed(),
            Err(error) => batch.fail(&error),
        }
    }
}

/// Writes a batch and answers every request of it.
async fn commit(catalog: &Catalog, actor: &Actor, batch: Batch, counts: &Counts) {
    match once(catalog, actor, &batch).await {
        Ok(answers) => {
            counts.commits.fetch_add(1, Ordering::Relaxed);
            counts.requests.fetch_add(batch.len() as u64, Ordering::Relaxed);
            batch.answer(answers);
        }
        Err(error) if error.retryable() || batch.len() == 1 => batch.fail(&error),
        Err(_) => {
            for single in batch.singles() {
                Box::pin(commit(catalog, actor, single, counts)).await;
            }
        }
    }
}

async fn once(catalog: &Catalog, actor: &Actor, batch: &Batch) -> Result<batch::Answers, Error> {
    let mut tx = catalog.write(actor).await?;
    let answers = batch.decide(&mut tx).await?;
    tx.commit().await?;
    Ok(answers)
}
