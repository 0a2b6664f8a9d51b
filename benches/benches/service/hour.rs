//! An hour of the schedule on a virtual clock: the pure scheduler hears of every minute and of every run, and what it
//! decides goes into the real ledger, through the group-commit writer; or nowhere, to see what it costs by itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use benches::measure;
use catalog::clock::Clock;
use catalog::ledger::Lease;
use catalog::schedule::{Left, Op, Tick, TickFilter, TickId, TickState};
use catalog::store::Group;
use catalog::{Actor, Catalog, Error};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use pipelines::project::Project;
use pipelines::schedule::{Event, State, Timetable};
use pipelines::spec::diagnostic::English;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// Ticks that are taken at once.
const AT_ONCE: u32 = 512;
/// How long a worker may take.
const TTL: TimeDelta = TimeDelta::minutes(10);

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Hour {
    /// Ticks that were promised and ended.
    pub(crate) ticks: u64,
    /// Events that the scheduler took in.
    pub(crate) events: u64,
    /// Wall clock, in seconds.
    pub(crate) seconds: f64,
    /// Processor time, in seconds.
    pub(crate) cpu_seconds: f64,
    /// Longest time in which the scheduler took in a minute and its decisions were written, in milliseconds.
    pub(crate) longest_ms: f64,
    /// Largest resident set of the process, in MiB.
    pub(crate) peak_mib: f64,
}

/// A clock that stands until it is set.
#[derive(Debug, Default)]
struct Virtual(AtomicI64);

impl Clock for Virtual {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

/// Where decisions go and ticks are taken from.
enum Book {
    /// Ticks that have not ended.
    Memory { ticks: BTreeMap<TickId, Tick>, ended: u64 },
    /// The ledger.
    Store { catalog: Catalog, actor: Actor, group: Group, lead: Lease, revision: i64 },
}

/// Lets minutes pass, in the ledger at an address or in none.
pub(crate) async fn run(folder: &Path, address: Option<&str>, minutes: u32) -> Result<Hour, String> {
    let project = Project::load(folder).map_err(|found| found.render(&English, false))?;
    let timetable = Arc::new(Timetable::of(&project));
    let pipelines = timetable.entries.len() as u64;
    drop(project);
    let from = Utc::now().duration_trunc(TimeDelta::hours(1)).map_err(|error| error.to_string())?;
    let clock = Arc::new(Virtual(AtomicI64::new(from.timestamp_micros())));
    let fail = |error: Error| error.to_string();
    let mut book = Book::open(address, &clock).await.map_err(fail)?;
    let (started, cpu) = (Instant::now(), measure::cpu_seconds()?);
    let mut state = State::new(from, timetable);
    let (mut events, mut longest_ms) = (0, 0.0_f64);
    let first = state.step(Event::Now(from));
    book.apply(first, from).await.map_err(fail)?;
    for minute in 1..=minutes {
        let now = from + TimeDelta::minutes(minute.into());
        clock.0.store(now.timestamp_micros(), Ordering::SeqCst);
        let turn = Instant::now();
        events += 1;
        let ops = state.step(Event::Now(now));
        book.apply(ops, now).await.map_err(fail)?;
        longest_ms = longest_ms.max(turn.elapsed().as_secs_f64() * 1000.0);
        loop {
            let changed = book.work(now).await.map_err(fail)?;
            if changed.is_empty() {
                break;
            }
            events += changed.len() as u64;
            let ops = changed.into_iter().flat_map(|tick| state.step(Event::Changed(Box::new(tick)))).collect();
            book.apply(ops, now).await.map_err(fail)?;
        }
    }
    let (seconds, cpu_seconds) = (started.elapsed().as_secs_f64(), measure::cpu_seconds()? - cpu);
    let peak_mib = measure::peak_mib()?;
    let ticks = book.ended(from, minutes, pipelines).await.map_err(fail)?;
    if ticks != pipelines * u64::from(minutes) {
        return Err(format!("{ticks} ticks ended, {} were promised", pipelines * u64::from(minutes)));
    }
    Ok(Hour { ticks, events, seconds, cpu_seconds, longest_ms, peak_mib })
}

impl Book {
    async fn open(address: Option<&str>, clock: &Arc<Virtual>) -> Result<Self, Error> {
        let Some(address) = address else { return Ok(Self::Memory { ticks: BTreeMap::new(), ended: 0 }) };
        let catalog = Catalog::connect(address, Arc::clone(clock) as Arc<dyn Clock>).await?;
        let actor = Actor::new("bench", "bench");
        let nobody = || Error::Mismatch { what: "somebody else leads".to_owned() };
        let lead = catalog.lead(&actor, "bench", TimeDelta::days(7)).await?.ok_or_else(nobody)?;
        let group = Group::new(catalog.clone(), actor.clone());
        Ok(Self::Store { catalog, actor, group, lead, revision: 0 })
    }

    async fn apply(&mut self, ops: Vec<Op>, now: DateTime<Utc>) -> Result<(), Error> {
        match self {
            _ if ops.is_empty() => Ok(()),
            Self::Memory { ticks, .. } => {
                ops.iter().for_each(|op| take(ticks, op, now));
                Ok(())
            }
            Self::Store { group, lead, .. } => match group.apply(lead, ops).await? {
                true => Ok(()),
                false => Err(Error::Mismatch { what: "a decision that did not fit".to_owned() }),
            },
        }
    }

    /// Takes some of what is ready and ends it; answers with the rows that changed.
    async fn work(&mut self, now: DateTime<Utc>) -> Result<Vec<Tick>, Error> {
        let left = Left::Ended { state: TickState::Succeeded, reason: None, successor: None };
        match self {
            Self::Memory { ticks, ended } => {
                let ready = ticks.values().filter(|tick| tick.state == TickState::Ready);
                let ready: Vec<TickId> = ready.take(AT_ONCE as usize).map(|tick| tick.tick.id.clone()).collect();
                let mut changed = Vec::with_capacity(2 * ready.len());
                for id in ready {
                    let Some(mut tick) = ticks.remove(&id) else { continue };
                    tick.claim("bench", now, TTL);
                    changed.push(tick.clone());
                    tick.leave(&left, now);
                    changed.push(tick);
                    *ended += 1;
                }
                Ok(changed)
            }
            Self::Store { catalog, actor, group, revision, .. } => {
                let mut leaving = JoinSet::new();
                for tick in group.claim("bench", AT_ONCE, TTL).await? {
                    let (group, left) = (group.clone(), left.clone());
                    leaving.spawn(async move { group.leave(&tick.tick.id, tick.token, &left, None).await });
                }
                while let Some(done) = leaving.join_next().await {
                    done.map_err(|_| Error::Mismatch { what: "a task".to_owned() })??;
                }
                let changed = catalog.changes(actor, *revision, 2 * AT_ONCE).await?;
                *revision = changed.iter().map(|tick| tick.revision).fold(*revision, i64::max);
                Ok(changed)
            }
        }
    }

    /// Ticks that ended well, each once.
    async fn ended(&self, from: DateTime<Utc>, minutes: u32, pipelines: u64) -> Result<u64, Error> {
        let (catalog, actor) = match self {
            Self::Memory { ended, .. } => return Ok(*ended),
            Self::Store { catalog, actor, .. } => (catalog, actor),
        };
        let mut ended = 0;
        for minute in 1..=minutes {
            let at = from + TimeDelta::minutes(minute.into());
            let limit = u32::try_from(pipelines).unwrap_or(u32::MAX).saturating_add(1);
            let (from, to) = (Some(at), Some(at + TimeDelta::seconds(1)));
            let filter = TickFilter { from, to, limit, ..TickFilter::default() };
            let ticks = catalog.ticks(actor, &filter).await?;
            let well = |tick: &&Tick| tick.state == TickState::Succeeded && tick.attempt == 1;
            ended += ticks.iter().filter(well).count() as u64;
        }
        Ok(ended)
    }
}

/// What a decision does to the ticks in memory.
fn take(ticks: &mut BTreeMap<TickId, Tick>, op: &Op, now: DateTime<Utc>) {
    match op {
        Op::Promise { tick, state, reason, successor } => {
            let row = Tick::promised(tick.clone(), *state, reason.clone(), successor.clone(), now);
            ticks.insert(tick.id.clone(), row);
        }
        Op::Ready { id } | Op::Wait { id, .. } => {
            if let Some(tick) = ticks.get_mut(id) {
                tick.take(op, now);
            }
        }
        _ => {}
    }
}
