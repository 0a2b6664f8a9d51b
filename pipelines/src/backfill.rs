//! Backfills 补数: which ticks of the past are run, what is there already, what follows from it, and what it cannot do.
//! Pure: definitions and ticks come in, a [`Preview`] goes out; nothing is asked of anybody before a person agreed to it.
//!
//! | to find | look in |
//! |---|---|
//! | days, weeks and months to merge intervals by | `backfill/window.rs` |
//! | intervals of a range, as the schedule has them | `backfill/slice.rs` |
//! | what a source of the past still holds; what a library takes | `backfill/nature.rs` |
//! | who reads what is rebuilt | `backfill/downstream.rs` |
//! | why a wish is none | `backfill/refusal.rs` |
//!
//! Must never happen: an interval that the schedule would cut otherwise; a promise to rebuild what a source has forgotten.

mod downstream;
mod nature;
mod refusal;
mod slice;
mod window;

use catalog::schedule::{Ask, Cause, NewTick, Tick, TickId, TickState};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::error::Error;
use crate::project::Project;
use crate::schedule::{Entry, Timetable};

pub use downstream::{Downstream, Follows, downstream};
pub use nature::{Effect, Memory, SourceNote, TargetNote, reads_its_interval};
pub use refusal::Refusal;
pub use slice::Slice;
pub use window::Window;

/// Most ticks of one backfill.
pub const MOST: usize = 5_000;
/// Pool of backfills.
const POOL: &str = crate::schedule::BACKFILL_POOL;

/// What a person wants to be run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Pipeline id.
    pub pipeline: String,
    /// First business date.
    pub from: NaiveDate,
    /// The business date after the last one.
    pub to: NaiveDate,
    /// Calendar unit that intervals are merged by; the schedule's own intervals when absent.
    pub window: Option<Window>,
    /// Whether what succeeded before is run again.
    pub all: bool,
    /// Whether pipelines that read what is rebuilt follow.
    pub downstream: bool,
    /// Name of the backfill; made of pipeline and range when absent.
    pub name: Option<String>,
}

/// What a backfill would do.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// Its name.
    pub name: String,
    /// Pipeline id.
    pub pipeline: String,
    /// Its intervals, the oldest first.
    pub slices: Vec<Slice>,
    /// Intervals that are not over yet and therefore left out.
    pub not_over: usize,
    /// What the pipeline's sources still hold of the past.
    pub sources: Vec<SourceNote>,
    /// What its targets do with it.
    pub targets: Vec<TargetNote>,
    /// Who reads what is rebuilt, nearest first.
    pub downstream: Vec<Downstream>,
    /// Intervals of those that follow, where that was asked for.
    pub following: Vec<Slice>,
    #[serde(skip)]
    all: bool,
}

impl Preview {
    /// Intervals that would run.
    pub fn runs(&self) -> impl Iterator<Item = &Slice> {
        self.slices.iter().chain(&self.following).filter(|slice| slice.runs)
    }

    /// The request that starts it; `None` when nothing would run.
    pub fn ask(&self) -> Option<Ask> {
        let ticks: Vec<NewTick> = self.runs().map(|slice| slice.tick.clone()).collect();
        (!ticks.is_empty()).then(|| Ask::Backfill { name: self.name.clone(), ticks, all: self.all })
    }
}

/// What a wish comes to, given the ticks that there are of its pipeline and of those downstream.
///
/// # Errors
/// P821 to P825: an empty or too large range, a bad name, a window over sources that hold one day each; P630: a year that
/// the calendar does not know; P212: no such pipeline.
pub fn preview(
    project: &Project,
    timetable: &Timetable,
    wish: &Wish,
    ticks: &[Tick],
    now: DateTime<Utc>,
) -> Result<Preview, Refusal> {
    let name = match &wish.name {
        Some(name) => checked(name)?,
        None => format!("{}-{}-{}", wish.pipeline, wish.from.format("%Y%m%d"), wish.to.format("%Y%m%d")),
    };
    if wish.from >= wish.to {
        return Err(Refusal::Range { from: wish.from.to_string(), to: wish.to.to_string() });
    }
    let (pipeline, entry) = known(project, timetable, &wish.pipeline)?;
    let sources = nature::sources(&pipeline.spec);
    if wish.window.is_some() {
        whole(&sources)?;
    }
    let cut = slice::cut(entry, wish, now)?;
    let downstream = downstream::downstream(project, &wish.pipeline);
    let mut following = Vec::new();
    for reader in downstream.iter().filter(|reader| wish.downstream && reader.follows == Follows::Backfill) {
        let (_, entry) = known(project, timetable, &reader.pipeline)?;
        following.push((entry, slice::cut(entry, wish, now)?.spans));
    }
    let count = cut.spans.len() + following.iter().map(|(_, spans)| spans.len()).sum::<usize>();
    if count > MOST {
        return Err(Refusal::TooLarge { ticks: count, most: MOST });
    }
    let maker = Maker { name: &name, all: wish.all, ticks };
    let slices = cut.spans.iter().map(|span| maker.slice(entry, span)).collect();
    let following =
        following.iter().flat_map(|(entry, spans)| spans.iter().map(|span| maker.slice(entry, span))).collect();
    Ok(Preview {
        name,
        pipeline: wish.pipeline.clone(),
        slices,
        not_over: cut.not_over,
        sources,
        targets: nature::targets(&pipeline.spec),
        downstream,
        following,
        all: wish.all,
    })
}

/// The name of a backfill that a tick's key carries.
pub fn name_of(key: &str) -> Option<&str> {
    key.strip_prefix("backfill:")?.split_once(':').map(|(name, _)| name)
}

fn known<'p>(
    project: &'p Project,
    timetable: &'p Timetable,
    id: &str,
) -> Result<(&'p crate::project::Pipeline, &'p Entry), Refusal> {
    project.pipeline(id).zip(timetable.entries.get(id)).ok_or_else(|| {
        Refusal::from(Error::UnknownPipeline {
            pipeline: id.chars().take(80).collect(),
            known: timetable.entries.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    })
}

/// Letters, digits, dots, hyphens and underscores: the name stands within keys.
fn checked(name: &str) -> Result<String, Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match !name.is_empty() && name.len() <= 80 && name.chars().all(fits) {
        true => Ok(name.to_owned()),
        false => Err(Refusal::Name { name: name.chars().take(80).collect() }),
    }
}

/// One run for several days would read one of them.
fn whole(sources: &[SourceNote]) -> Result<(), Refusal> {
    match sources.iter().find(|source| source.memory == Memory::Day) {
        Some(source) => Err(Refusal::LosesDays { source_name: source.name.clone() }),
        None => Ok(()),
    }
}

/// Makes slices of spans.
struct Maker<'a> {
    name: &'a str,
    all: bool,
    ticks: &'a [Tick],
}

impl Maker<'_> {
    fn slice(&self, entry: &Entry, span: &slice::Span) -> Slice {
        let there = self.there(entry, span);
        Slice {
            tick: NewTick {
                id: TickId {
                    pipeline: entry.pipeline.clone(),
                    key: format!("backfill:{}:{}", self.name, span.end.to_rfc3339()),
                },
                cause: Cause::Backfill,
                scheduled_at: span.end,
                interval_start: span.start,
                interval_end: span.end,
                biz_date: span.first,
                definition_digest: entry.definition.clone(),
                owner: entry.owner.clone(),
                pool: POOL.to_owned(),
                priority: 0,
            },
            last_date: span.last,
            fires: span.fires.len(),
            there,
            runs: self.all && there.is_none_or(TickState::ended)
                || !matches!(
                    there,
                    Some(
                        TickState::Succeeded
                            | TickState::Withheld
                            | TickState::Queued
                            | TickState::Ready
                            | TickState::Running
                    )
                ),
        }
    }

    /// What there is of a span: the worst of its fires, where a fire counts by the best tick that covers it.
    fn there(&self, entry: &Entry, span: &slice::Span) -> Option<TickState> {
        let of_fire = |(start, end): &(DateTime<Utc>, DateTime<Utc>)| {
            let covering = self.ticks.iter().filter(|tick| {
                let tick = &tick.tick;
                tick.id.pipeline == entry.pipeline && tick.interval_start <= *start && tick.interval_end >= *end
            });
            covering.map(|tick| tick.state).min_by_key(|state| rank(Some(*state)))
        };
        span.fires.iter().map(of_fire).max_by_key(|state| rank(*state)).flatten()
    }
}

/// From done to absent.
fn rank(state: Option<TickState>) -> u8 {
    match state {
        Some(TickState::Succeeded) => 0,
        Some(TickState::Withheld) => 1,
        Some(TickState::Running | TickState::Ready | TickState::Queued) => 2,
        Some(TickState::Failed) => 3,
        Some(TickState::Superseded | TickState::Skipped | TickState::Missed) => 4,
        None => 5,
    }
}

#[cfg(test)]
mod tests;
