//! The real service in real time, with nothing to do for a tick: from the instant a tick is due to the moment its run
//! begins, when its claim is on disk.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use benches::measure;
use catalog::schedule::{Tick, TickFilter, TickState};
use chrono::{DateTime, TimeDelta, Utc};
use deploy::serve::{Control, Definitions, Execute, Metrics, Outcome, Parts, Service, Settings};
use deploy::{Language, Messages};
use pipelines::engine::Engine;
use pipelines::project::Project;
use pipelines::report::RunReport;
use pipelines::spec::diagnostic::English;
use pipelines::vault::Secrets;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// How long the last occurrences are waited for.
const AFTER: Duration = Duration::from_secs(3);

/// What was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Live {
    /// Scheduled pipelines.
    pub(crate) pipelines: usize,
    /// Ticks that were due within the time.
    pub(crate) occurrences: usize,
    /// Their most in one second.
    pub(crate) most_a_second: usize,
    /// Half of them began at most so late, in milliseconds.
    pub(crate) p50_ms: f64,
    /// 99 in 100 of them.
    pub(crate) p99_ms: f64,
    /// All of them.
    pub(crate) worst_ms: f64,
    /// Part of one processor that the process used meanwhile.
    pub(crate) processor: f64,
    /// Largest resident set of the process, in MiB.
    pub(crate) peak_mib: f64,
}

/// Begins and ends at once, and notes how late it was.
#[derive(Default)]
struct Nothing(Mutex<Vec<(DateTime<Utc>, f64)>>);

#[async_trait]
impl Execute for Nothing {
    async fn run(&self, tick: &Tick, _: &Arc<Control>) -> Outcome {
        let late = (Utc::now() - tick.tick.scheduled_at).as_seconds_f64() * 1000.0;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((tick.tick.scheduled_at, late));
        Ok(RunReport {
            run: String::new(),
            pipeline: String::new(),
            title: String::new(),
            business_dates: Default::default(),
            interval: Default::default(),
            jobs: Vec::new(),
            elapsed_ms: 0,
        })
    }
}

/// The only secret: the address of the ledger.
struct Ledger(Option<String>);

impl Secrets for Ledger {
    fn secret(&self, name: &str) -> Option<Zeroizing<String>> {
        self.0.clone().filter(|_| name == "ledger_url").map(Zeroizing::new)
    }
}

/// Serves the project in a folder for some seconds.
pub(crate) async fn run(folder: &Path, address: Option<String>, from: i64, seconds: u32) -> Result<Live, String> {
    let project = Project::load(folder).map_err(|found| found.render(&English, false))?;
    let engine = Engine::open(project, Arc::new(Ledger(address)), "bench").await.map_err(|error| error.to_string())?;
    let spec = engine.project().spec.service.clone();
    let (catalog, actor, owner) = (engine.catalog().clone(), engine.actor().clone(), engine.owner().to_owned());
    let definitions = Arc::new(Definitions::new(engine));
    let nothing = Arc::new(Nothing::default());
    let timetable = definitions.timetable();
    let entries = Arc::clone(&timetable.borrow());
    let mut service = Service::start(Parts {
        catalog: catalog.clone(),
        actor: actor.clone(),
        owner,
        settings: Settings::of(&spec),
        timetable,
        executor: Arc::clone(&nothing) as Arc<dyn Execute>,
        runs: tokio::runtime::Handle::current(),
        metrics: Arc::new(Metrics::new()),
    });
    service.watch(definitions, Messages::new(Language::En));
    let from = DateTime::from_timestamp(from, 0).filter(|from| *from > Utc::now() + TimeDelta::seconds(2));
    let from = from.ok_or("the machine is too slow to be ready in time")?;
    let until = from + TimeDelta::seconds(seconds.into());
    sleep_until(from).await;
    let cpu = measure::cpu_seconds()?;
    sleep_until(until).await;
    let processor = (measure::cpu_seconds()? - cpu) / f64::from(seconds);
    tokio::time::sleep(AFTER).await;
    let peak_mib = measure::peak_mib()?;
    service.drain().await;

    let due = entries.entries.values().filter_map(|entry| entry.when.as_ref());
    let due: Vec<DateTime<Utc>> =
        due.flat_map(|when| when.fires(from, until).map_while(Result::ok)).map(|fire| fire.at).collect();
    let limit = u32::try_from(due.len()).unwrap_or(u32::MAX).saturating_add(1);
    let (after, to) = (Some(from + TimeDelta::seconds(1)), Some(until + TimeDelta::seconds(1)));
    let filter = TickFilter { from: after, to, limit, ..TickFilter::default() };
    let ticks = catalog.ticks(&actor, &filter).await.map_err(|error| error.to_string())?;
    let well = ticks.iter().filter(|tick| tick.state == TickState::Succeeded && tick.attempt == 1).count();
    let begun = nothing.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut late: Vec<f64> = begun.into_iter().filter(|(at, _)| *at > from && *at <= until).map(|(_, ms)| ms).collect();
    if well != due.len() || late.len() != due.len() {
        return Err(format!("{} occurrences were due, {} began, {well} ended well", due.len(), late.len()));
    }
    late.sort_by(f64::total_cmp);
    let at = |part: usize| late.get((late.len() * part / 100).min(late.len() - 1)).copied().unwrap_or(0.0);
    Ok(Live {
        pipelines: entries.entries.len(),
        occurrences: due.len(),
        most_a_second: most_a_second(due),
        p50_ms: at(50),
        p99_ms: at(99),
        worst_ms: at(100),
        processor,
        peak_mib,
    })
}

async fn sleep_until(instant: DateTime<Utc>) {
    tokio::time::sleep((instant - Utc::now()).to_std().unwrap_or_default()).await;
}

fn most_a_second(mut due: Vec<DateTime<Utc>>) -> usize {
    due.sort();
    due.chunk_by(|one, next| one.timestamp() == next.timestamp()).map(<[_]>::len).max().unwrap_or(0)
}
