//! One term of a leader: what happened goes into the pure scheduler, what it answers goes into the ledger, in one
//! transaction under the lead's lease. Refused, the state is thrown away and made again from the ledger.

use std::sync::Arc;
use std::time::Duration;

use catalog::Error;
use catalog::ledger::Lease;
use catalog::schedule::{Ask, Op, Request, TickState};
use chrono::Utc;
use pipelines::lease::{holder, ttl};
use pipelines::schedule::{Asked, Event, State, Timetable, concerns};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;

/// Most changes taken in at once; the rest follows in the next turn.
const AT_ONCE: u32 = 2_000;
/// Pause after the ledger could not be reached.
const AFTER_FAILURE: Duration = Duration::from_millis(250);
/// Decisions in a row that may not fit before that pause is made too.
const MISFITS: u32 = 3;
/// Between two counts for the metrics.
const COUNT: Duration = Duration::from_secs(1);

/// A term of the leader.
pub(super) struct Term<'a> {
    hub: &'a Hub,
    lease: Lease,
    /// When the lease was last prolonged.
    renewed: Instant,
    /// When the last turn began.
    turned: Instant,
    counted: Instant,
    /// Decisions in a row that did not fit.
    misfits: u32,
    scheduler: Option<Scheduler>,
}

/// The scheduler and how far it has heard.
struct Scheduler {
    state: State,
    timetable: Arc<Timetable>,
    revision: i64,
    position: String,
}

impl<'a> Term<'a> {
    pub(super) fn new(hub: &'a Hub, lease: Lease) -> Self {
        let now = Instant::now();
        Self { hub, lease, renewed: now, turned: now, counted: now - COUNT, misfits: 0, scheduler: None }
    }

    /// Leads until told to stop, or until somebody else does.
    pub(super) async fn serve(mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.hub.turn();
            let pause = match self.turn().await {
                Ok(pause) => pause,
                Err(Error::StaleLease { .. }) => return,
                Err(_) => {
                    self.hub.metrics.ledger_failed();
                    // What the scheduler decided last may not be in the ledger.
                    self.scheduler = None;
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.hub.wake_leader.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One turn; answers how long nothing will happen by itself.
    async fn turn(&mut self) -> Result<Duration, Error> {
        let lasting = self.hub.settings.lead();
        let stood_still = self.turned.elapsed() > self.hub.settings.lease / 2;
        self.turned = Instant::now();
        if self.renewed.elapsed() >= lasting / 3 {
            let asked = Instant::now();
            self.lease = self.hub.catalog.renew(&self.hub.actor, &self.lease, ttl(lasting)).await?;
            self.renewed = asked;
        }
        if stood_still {
            // Whoever stood still with this process, as on a machine that slept, is heard before it counts as dead.
            tokio::time::sleep(self.hub.settings.beat().min(lasting / 4)).await;
            self.turned = Instant::now();
        }
        let mut scheduler = match self.scheduler.take() {
            Some(scheduler) => scheduler,
            None => Scheduler::recover(self.hub).await?,
        };
        let ops = scheduler.hear(self.hub).await?;
        let mut settled = ops.is_empty();
        let mut fitted = self.put(ops).await?;
        // Each request is decided by itself, on what the ledger holds once time has passed: one that does not fit
        // keeps nothing else from happening.
        for request in self.hub.catalog.requests(&self.hub.actor, AT_ONCE).await? {
            if !fitted {
                break;
            }
            let ops = scheduler.decide(self.hub, request).await?;
            (settled, fitted) = (false, self.put(ops).await?);
        }
        if fitted {
            let pause = scheduler.pause(self.hub.settings.look, settled);
            self.count(&scheduler.state);
            (self.scheduler, self.misfits) = (Some(scheduler), 0);
            return Ok(pause);
        }
        // Something had happened meanwhile that the scheduler did not know: it begins anew from the ledger, at once.
        self.misfits += 1;
        Ok(if self.misfits > MISFITS { AFTER_FAILURE } else { Duration::ZERO })
    }

    /// Writes what the scheduler decided, if anything; whether all of it fitted.
    async fn put(&self, ops: Vec<Op>) -> Result<bool, Error> {
        if ops.is_empty() {
            return Ok(true);
        }
        let ready = ops.iter().any(|op| matches!(op, Op::Ready { .. }));
        let cancels = ops.iter().any(|op| matches!(op, Op::Cancel { .. }));
        let fitted = self.hub.group.apply(&self.lease, ops).await?;
        self.hub.metrics.committed();
        if ready {
            self.hub.wake_workers.notify_one();
        }
        if cancels {
            self.hub.wake_pulse.notify_one();
        }
        Ok(fitted)
    }

    fn count(&mut self, state: &State) {
        if self.counted.elapsed() >= COUNT {
            self.counted = Instant::now();
            for one in [TickState::Queued, TickState::Ready, TickState::Running] {
                self.hub.metrics.ticks(one, state.count(one));
            }
            self.hub.metrics.slots(state.slots());
            self.hub.metrics.blocked(state.blocked().count());
        }
    }
}

impl Scheduler {
    async fn recover(hub: &Hub) -> Result<Self, Error> {
        let timetable = Arc::clone(&hub.timetable.borrow());
        let mut snapshot = hub.catalog.snapshot(&hub.actor).await?;
        for tick in snapshot.ticks.iter_mut().filter(|tick| tick.state == TickState::Running) {
            // What a crash on this machine left need not run out first.
            if tick.worker.as_deref().is_some_and(holder::is_dead) {
                tick.lease_until = Some(Utc::now());
            }
        }
        let revision = snapshot.revision;
        let position = snapshot.commits.iter().map(|commit| commit.position.clone()).max().unwrap_or_default();
        let state = State::recover(Utc::now(), Arc::clone(&timetable), snapshot);
        Ok(Self { state, timetable, revision, position })
    }

    /// Takes in what happened since the last turn, and the time.
    async fn hear(&mut self, hub: &Hub) -> Result<Vec<Op>, Error> {
        let mut ops = Vec::new();
        for tick in hub.catalog.changes(&hub.actor, self.revision, AT_ONCE).await? {
            self.revision = self.revision.max(tick.revision);
            ops.extend(self.state.step(Event::Changed(Box::new(tick))));
        }
        for commit in hub.catalog.commits(&hub.actor, &self.position, AT_ONCE).await? {
            self.position.clone_from(&commit.position);
            ops.extend(self.state.step(Event::Committed(commit)));
        }
        let timetable = Arc::clone(&hub.timetable.borrow());
        if !Arc::ptr_eq(&timetable, &self.timetable) {
            self.timetable = Arc::clone(&timetable);
            ops.extend(self.state.step(Event::Defined(timetable)));
        }
        ops.extend(self.state.step(Event::Now(Utc::now())));
        Ok(ops)
    }

    /// Decides a request with what the ledger knows about it.
    async fn decide(&mut self, hub: &Hub, request: Request) -> Result<Vec<Op>, Error> {
        let mut about = Vec::new();
        for id in concerns(&self.timetable, self.state.now(), &request.ask) {
            about.extend(hub.catalog.tick(&hub.actor, &id).await?);
        }
        let votes = match &request.ask {
            Ask::Release { id, .. } => hub.catalog.release_votes(&hub.actor, id).await?,
            _ => Vec::new(),
        };
        let asked = Asked { request, about, votes: votes.into_iter().map(|vote| vote.by).collect() };
        Ok(self.state.step(Event::Asked(Box::new(asked))))
    }

    /// Until when nothing will happen by itself, and at most so long as others are not heard.
    fn pause(&self, look: Duration, settled: bool) -> Duration {
        let wake = self.state.wake_at().map(|at| (at - Utc::now()).to_std().unwrap_or(Duration::ZERO));
        let pause = wake.unwrap_or(look).min(look);
        // A scheduler that wants to be woken at once and has nothing to say then must not spin.
        if settled { pause.max(Duration::from_millis(5)) } else { pause }
    }
}
