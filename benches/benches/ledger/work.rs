//! The work: a leader promises ticks and makes them ready, tasks claim and end them. Every step is on disk before the
//! next begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use catalog::audit::Verification;
use catalog::ledger::Lease;
use catalog::schedule::{Cause, Left, NewTick, Op, Tick, TickFilter, TickId, TickState};
use catalog::store::Group;
use catalog::{Actor, Catalog, Error, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Notify, Semaphore};

use crate::options::Options;

/// Ticks that may be ready or running at the same time.
const AHEAD: usize = 1024;
/// Ticks that the leader promises at once.
const STEP: u32 = 128;
/// Pipelines the ticks belong to; more than may be under way, so that none has two at a time.
const PIPELINES: u32 = 2048;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// Occurrences that went from promise to end.
    pub(crate) occurrences: u32,
    /// From the first promise to the last end.
    pub(crate) seconds: f64,
    /// Transactions that were committed.
    pub(crate) commits: u64,
    /// How long the end of an occurrence took to be on disk, the middle one.
    pub(crate) median_ms: f64,
    /// The same, of 99 in 100.
    pub(crate) p99_ms: f64,
}

/// Who writes: many together, or each call by itself.
#[derive(Clone)]
enum Writer {
    Grouped(Group),
    Single(Catalog),
}

/// What all tasks share.
struct World {
    writer: Writer,
    actor: Actor,
    /// Ticks that the leader may still make ready.
    room: Semaphore,
    /// Told when there are new ticks.
    ready: Notify,
    left: AtomicU32,
}

/// Records occurrences and makes sure that they are there.
pub(crate) async fn run(address: &str, options: &Options, grouped: bool) -> Result<Recorded, String> {
    let fail = |error: Error| error.to_string();
    let catalog = Catalog::connect(address, Arc::new(SystemClock)).await.map_err(fail)?;
    let actor = Actor::new("bench", "bench");
    let lead = catalog.lead(&actor, "bench", TimeDelta::hours(1)).await.map_err(fail)?.ok_or("somebody else leads")?;
    let group = Group::new(catalog.clone(), actor.clone());
    let world = Arc::new(World {
        writer: if grouped { Writer::Grouped(group.clone()) } else { Writer::Single(catalog.clone()) },
        actor: actor.clone(),
        room: Semaphore::new(AHEAD),
        ready: Notify::new(),
        left: AtomicU32::new(options.occurrences),
    });
    let started = Instant::now();
    let leader = tokio::spawn(promise(Arc::clone(&world), lead, options.occurrences));
    let tasks: Vec<_> = (0..options.tasks).map(|_| tokio::spawn(take(Arc::clone(&world)))).collect();
    let mut promises = leader.await.map_err(|error| error.to_string())?.map_err(fail)?;
    let mut waits = Vec::with_capacity(options.occurrences as usize);
    for task in tasks {
        waits.extend(task.await.map_err(|error| error.to_string())?.map_err(fail)?);
    }
    let seconds = started.elapsed().as_secs_f64();
    check(&catalog, &actor, options.occurrences).await?;
    if !grouped {
        promises += 2 * u64::from(options.occurrences);
    }
    waits.sort_unstable();
    let at = |part: usize| waits.get(waits.len() * part / 100).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0);
    let commits = if grouped { group.written().commits } else { promises };
    Ok(Recorded { occurrences: options.occurrences, seconds, commits, median_ms: at(50), p99_ms: at(99) })
}

/// The leader: promises and makes ready as there is room. Answers how many times it wrote.
async fn promise(world: Arc<World>, lead: Lease, occurrences: u32) -> Result<u64, Error> {
    let (mut next, mut writes) = (0, 0);
    let from = Utc::now();
    while next < occurrences {
        let until = occurrences.min(next + STEP);
        // The semaphore is never closed.
        if let Ok(room) = world.room.acquire_many(until - next).await {
            room.forget();
        }
        let ops = (next..until).flat_map(|number| changes(number, from)).collect();
        if !world.writer.apply(&world.actor, &lead, ops).await? {
            return Err(Error::Mismatch { what: "a promise that did not fit".to_owned() });
        }
        (next, writes) = (until, writes + 1);
        world.ready.notify_waiters();
    }
    Ok(writes)
}

fn changes(number: u32, from: DateTime<Utc>) -> [Op; 2] {
    let at = from + TimeDelta::minutes(i64::from(number / PIPELINES));
    let id = TickId { pipeline: format!("bench.p{:04}", number % PIPELINES), key: at.to_rfc3339() };
    let tick = NewTick {
        id: id.clone(),
        cause: Cause::Schedule,
        scheduled_at: at,
        interval_start: at - TimeDelta::minutes(1),
        interval_end: at,
        biz_date: at.date_naive(),
        definition_digest: "0123456789abcdef".repeat(4),
        owner: "320900-hrss".to_owned(),
        pool: "default".to_owned(),
        priority: 5,
    };
    [Op::Promise { tick, state: TickState::Queued, reason: None, successor: None }, Op::Ready { id }]
}

/// A task: claims one tick, ends it, claims the next. Answers how long each end took.
async fn take(world: Arc<World>) -> Result<Vec<Duration>, Error> {
    let left = Left::Ended { state: TickState::Succeeded, reason: None, successor: None };
    let mut waits = Vec::new();
    while world.left.load(Ordering::Relaxed) > 0 {
        let news = world.ready.notified();
        let ticks = world.writer.claim(&world.actor).await?;
        if ticks.is_empty() {
            // What another task takes does not make news: look again soon.
            let _news_or_not = tokio::time::timeout(Duration::from_millis(5), news).await;
        }
        for tick in ticks {
            let started = Instant::now();
            world.writer.leave(&world.actor, &tick, &left).await?;
            waits.push(started.elapsed());
            world.left.fetch_sub(1, Ordering::Relaxed);
            world.room.add_permits(1);
        }
    }
    Ok(waits)
}

impl Writer {
    async fn apply(&self, actor: &Actor, lead: &Lease, ops: Vec<Op>) -> Result<bool, Error> {
        match self {
            Writer::Grouped(group) => group.apply(lead, ops).await,
            Writer::Single(catalog) => catalog.apply(actor, lead, &ops).await,
        }
    }

    async fn claim(&self, actor: &Actor) -> Result<Vec<Tick>, Error> {
        let ttl = TimeDelta::minutes(10);
        match self {
            Writer::Grouped(group) => group.claim("bench", 1, ttl).await,
            Writer::Single(catalog) => catalog.claim(actor, "bench", 1, ttl).await,
        }
    }

    async fn leave(&self, actor: &Actor, tick: &Tick, left: &Left) -> Result<(), Error> {
        match self {
            Writer::Grouped(group) => group.leave(&tick.tick.id, tick.token, left, None).await,
            Writer::Single(catalog) => catalog.leave(actor, &tick.tick.id, tick.token, left, None).await,
        }
    }
}

/// A number counts only if every occurrence is in the ledger, ended once, and the audit log proves it.
async fn check(catalog: &Catalog, actor: &Actor, occurrences: u32) -> Result<(), String> {
    let fail = |error: Error| error.to_string();
    let filter = TickFilter { limit: occurrences + 1, ..TickFilter::default() };
    let ticks = catalog.ticks(actor, &filter).await.map_err(fail)?;
    let ended = ticks.iter().filter(|tick| tick.state == TickState::Succeeded && tick.attempt == 1).count();
    if ended != occurrences as usize || ticks.len() != ended {
        return Err(format!("{ended} of {occurrences} occurrences ended once, {} are there", ticks.len()));
    }
    let ends = catalog.head().await.map_err(fail)?.size;
    match catalog.verify().await.map_err(fail)? {
        Verification::Intact { .. } if ends >= u64::from(occurrences) => Ok(()),
        _ => Err("the audit log does not prove what the ledger says".to_owned()),
    }
}
