//! Whatever happens: crashes, restarts, skewed clocks, two schedulers, slow sources, full pools, outages.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::schedule::{Ask, Request, Scope};
use chrono::TimeDelta;

use super::desk::{at, entry, plain, timetable};
use crate::schedule::simulate::{Faults, Scenario, simulate};
use crate::schedule::{After, Pool, Timetable};
use crate::spec::pipeline::{AfterVersion, CatchUp, DeadlineSpec, Overlap};
use crate::watch::Watched;

/// Seeds of every run of the tests; two hundred happenings each, and what they leave open.
const SEEDS: u64 = 10_000;

/// A city whose pipelines differ by seed in everything that a schedule can say.
fn city(seed: u64) -> Timetable {
    let crons = ["*/7 * * * *", "*/20 * * * *", "0 * * * *", "30 */2 * * *", "5,35 * * * *"];
    let pick = |n: u64, of: usize| usize::try_from((seed / (n * 3 + 1) + n * 7) % of as u64).unwrap();
    let mut entries = Vec::new();
    for number in 0..4_u64 {
        let mut one = entry(&format!("p{number}"), crons[pick(number, crons.len())]);
        one.catch_up = [CatchUp::All, CatchUp::Latest, CatchUp::None][pick(number + 1, 3)];
        one.overlap = [Overlap::Queue, Overlap::Queue, Overlap::Skip, Overlap::Replace][pick(number + 2, 4)];
        one.owner = format!("owner{}", number % 2);
        one.priority = u8::try_from(pick(number + 3, 10)).unwrap();
        one.window = [TimeDelta::hours(2), TimeDelta::days(7)][pick(number + 4, 2)];
        one.connections = vec![format!("c{}", number % 2)];
        entries.push(one);
    }
    let after = |version| After { target: "library:base.p0".to_owned(), version, timeout: TimeDelta::hours(2) };
    entries[3].after = vec![after([AfterVersion::SameDay, AfterVersion::New][pick(9, 2)])];
    let mut follower = plain("follower");
    (follower.after, follower.by_versions) = (vec![after(AfterVersion::New)], true);
    entries.push(follower);
    let mut timetable = timetable(entries);
    timetable.pools.insert("default".to_owned(), Pool { slots: 1 + u32::try_from(pick(5, 3)).unwrap() });
    timetable.connections.insert("c1".to_owned(), 1);
    timetable
}

fn scenario(seed: u64) -> Scenario {
    let from = at("2026-11-20T00:00");
    let pause = |ask, hours: i64, id| Request {
        id,
        ask,
        by: "operator".to_owned(),
        at: from + TimeDelta::hours(hours),
        answer: None,
    };
    let what = Scope::Pipeline("p1".to_owned());
    let requests = match seed % 3 {
        0 => vec![
            pause(Ask::Pause { what: what.clone(), note: "upgrade".to_owned() }, 1, 1),
            pause(Ask::Resume { what, replay: false }, 2, 2),
        ],
        1 => {
            let of = |biz_date| Ask::Run { pipeline: "p2".to_owned(), biz_date, priority: Some(9) };
            let today = from.with_timezone(&chrono_tz::Asia::Shanghai).date_naive();
            vec![pause(of(None), 1, 1), pause(of(Some(today)), 1, 2), pause(of(today.pred_opt()), 2, 3)]
        }
        _ => Vec::new(),
    };
    let timetable = city(seed);
    let watched = timetable.entries.values().zip(["5m", "20m", "2h", "6h", "40m"]);
    let within = |text: &str| DeadlineSpec { within: Some(text.to_owned()), ..DeadlineSpec::default() };
    Scenario {
        watched: watched.map(|(entry, text)| Watched::simulated(entry, &within(text))).collect(),
        timetable: Arc::new(timetable),
        from,
        to: from + TimeDelta::days(30),
        events: Some(200),
        seed,
        faults: Faults::ALL,
        instances: 1 + usize::try_from(seed % 3).unwrap(),
        workers: 2,
        durations: BTreeMap::new(),
        requests,
        timeline: false,
    }
}

#[test]
fn every_promised_tick_ends_once_whatever_happens() {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get()) as u64;
    let ticks: usize = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|part| scope.spawn(move || hold(part, threads))).collect();
        parts.into_iter().map(|part| part.join().unwrap()).sum()
    });
    assert!(ticks > 100_000, "the seeds must make schedules work: {ticks}");
}

/// Every so-manieth seed from one on; how many ticks there were.
fn hold(from: u64, step: u64) -> usize {
    let mut ticks = 0;
    for seed in (from..SEEDS).step_by(usize::try_from(step).unwrap()) {
        let outcome = simulate(&scenario(seed));
        assert!(outcome.breaches.is_empty(), "seed {seed}: {:#?}\n{}", outcome.breaches, story(seed));
        ticks += outcome.ticks.len();
    }
    ticks
}

#[test]
fn a_seed_replays_exactly() {
    for seed in [3, 77, 1234] {
        let told = |timeline| {
            let outcome = simulate(&Scenario { timeline, ..scenario(seed) });
            (outcome.events, outcome.ticks)
        };
        assert_eq!(told(true), told(false));
        let one = simulate(&Scenario { timeline: true, ..scenario(seed) });
        let two = simulate(&Scenario { timeline: true, ..scenario(seed) });
        assert_eq!(one.timeline, two.timeline);
        assert!(!one.timeline.is_empty());
    }
}

/// What happened last, and what is open.
fn story(seed: u64) -> String {
    let outcome = simulate(&Scenario { timeline: true, ..scenario(seed) });
    let lines = outcome.timeline.iter().rev().take(40).map(|line| format!("{line:?}\n"));
    let open = outcome.ticks.iter().filter(|tick| !tick.state.ended()).map(|tick| format!("{tick:?}\n"));
    format!("until {} after {} events\n", outcome.until, outcome.events) + &open.chain(lines).collect::<String>()
}
