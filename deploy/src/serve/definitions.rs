//! The definitions of now, and those that ticks of before are pinned to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use catalog::schedule::{NewTick, TickFilter, TickState};
use pipelines::engine::Engine;
use pipelines::problem::Problem;
use pipelines::project::Pipeline;
use pipelines::schedule::Timetable;
use tokio::sync::watch;

/// Ticks that have not ended whose definitions are kept; far more than a city has.
const MOST: u32 = 100_000;

/// A definition: pipeline and digest.
type Key = (String, String);

/// The definitions of now, and those that ticks of before are pinned to.
#[derive(Debug)]
pub struct Definitions {
    engine: RwLock<Arc<Engine>>,
    /// What is wrong with those on disk, if they cannot take the place of these.
    mistakes: Mutex<Option<Problem>>,
    earlier: Mutex<BTreeMap<Key, Pipeline>>,
    timetable: watch::Sender<Arc<Timetable>>,
}

/// What changed between two states of the definitions: pipeline ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// New ones.
    pub(crate) added: Vec<String>,
    /// Gone ones.
    pub(crate) removed: Vec<String>,
    /// Changed ones.
    pub(crate) changed: Vec<String>,
    /// Those of them whose times changed: they begin anew from now.
    pub(crate) rescheduled: Vec<String>,
}

impl Definitions {
    /// The first ones.
    pub fn new(engine: Engine) -> Self {
        let timetable = watch::Sender::new(Arc::new(Timetable::of(engine.project())));
        Self { engine: RwLock::new(Arc::new(engine)), mistakes: Mutex::default(), earlier: Mutex::default(), timetable }
    }

    /// The engine of now.
    pub(crate) fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is wrong with those on disk.
    pub(crate) fn mistakes(&self) -> Option<Problem> {
        self.mistakes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what is wrong with those on disk.
    pub(crate) fn refuse(&self, problem: Problem) {
        *self.mistakes.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }

    /// What is scheduled, whenever that changes.
    pub fn timetable(&self) -> watch::Receiver<Arc<Timetable>> {
        self.timetable.subscribe()
    }

    /// The engine for a tick, under the definition it is pinned to; `false` when that one is not known any more and the
    /// present one takes its place.
    pub(crate) fn of(&self, tick: &NewTick) -> (Arc<Engine>, bool) {
        let engine = self.engine();
        let (id, digest) = (&tick.id.pipeline, &tick.definition_digest);
        if engine.project().pipeline(id).is_some_and(|pipeline| pipeline.digest == *digest) {
            return (engine, true);
        }
        let earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        match earlier.get(&(id.clone(), digest.clone())) {
            Some(pipeline) => (Arc::new(engine.pinned(pipeline.clone())), true),
            None => (engine, false),
        }
    }

    /// Replaces them all at once. What ticks that have not ended are pinned to is kept.
    pub(crate) async fn replace(&self, engine: Engine) -> Difference {
        let next = Arc::new(Timetable::of(engine.project()));
        let before = self.engine();
        let difference = difference(&self.timetable.borrow(), &next);
        let pinned = pinned(&engine).await;
        let mut earlier = self.earlier.lock().unwrap_or_else(PoisonError::into_inner);
        for pipeline in &before.project().pipelines {
            earlier.insert((pipeline.spec.pipeline.id.clone(), pipeline.digest.clone()), pipeline.clone());
        }
        let present: BTreeSet<Key> = (engine.project().pipelines.iter())
            .map(|pipeline| (pipeline.spec.pipeline.id.clone(), pipeline.digest.clone()))
            .collect();
        earlier.retain(|key, _| !present.contains(key) && pinned.as_ref().is_none_or(|pinned| pinned.contains(key)));
        drop(earlier);
        *self.mistakes.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.engine.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(engine);
        self.timetable.send_replace(next);
        difference
    }
}

/// Definitions that ticks are pinned to; `None` when the ledger does not say.
async fn pinned(engine: &Engine) -> Option<BTreeSet<Key>> {
    let states = vec![TickState::Queued, TickState::Ready, TickState::Running];
    let filter = TickFilter { states, limit: MOST, ..TickFilter::default() };
    let ticks = engine.catalog().ticks(engine.actor(), &filter).await.ok()?;
    Some(ticks.into_iter().map(|tick| (tick.tick.id.pipeline, tick.tick.definition_digest)).collect())
}

fn difference(before: &Timetable, after: &Timetable) -> Difference {
    let mut found = Difference::default();
    for (id, entry) in &after.entries {
        match before.entries.get(id) {
            None => found.added.push(id.clone()),
            Some(old) => {
                if old.definition != entry.definition {
                    found.changed.push(id.clone());
                }
                if old.schedule != entry.schedule {
                    found.rescheduled.push(id.clone());
                }
            }
        }
    }
    found.removed = before.entries.keys().filter(|id| !after.entries.contains_key(*id)).cloned().collect();
    found
}
