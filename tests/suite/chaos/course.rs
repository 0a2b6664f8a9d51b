//! A course of events: days arrive, services are killed and started again, until there were enough kills and all is done.

use std::time::{Duration, Instant};

use chrono::{Timelike, Utc};

use super::{ask, stop};
use crate::harness::Project;
use crate::serve::process::{Ledger, Serving};

/// Kills of the short form.
const KILLS: u32 = 20;
/// Ticks and requests that are open at least, while services are killed.
const LOAD: usize = 6;
/// Longest wait for the end once nobody is killed any more.
const PATIENCE: Duration = Duration::from_secs(300);

/// What happened.
pub(super) struct Course {
    /// Days whose runs were asked for.
    pub(super) days: u32,
    pub(super) seed: u64,
}

impl Course {
    /// Kills services of a project at random moments.
    pub(super) fn run(project: &Project, instances: usize) -> Self {
        let mut course = Self { days: 0, seed: number("SLUICE_SEED").unwrap_or(20_261_123) };
        let mut chance = course.seed;
        let kills = number("SLUICE_KILLS").map_or(KILLS, |kills| u32::try_from(kills).unwrap());
        let mut services: Vec<Serving> = (0..instances).map(|_| Serving::start(project)).collect();
        let ledger = Ledger::of(project);
        for _ in 0..kills {
            course.feed(project, &ledger);
            std::thread::sleep(Duration::from_millis(below(&mut chance, 1_500)));
            let which = usize::try_from(below(&mut chance, instances as u64)).unwrap();
            // Dropped, it is killed.
            drop(services.remove(which));
            if below(&mut chance, 5) == 0 {
                Serving::stillborn(project, Duration::from_millis(below(&mut chance, 400)));
            }
            services.push(Serving::start(project));
        }
        settled(&ledger, course.seed);
        services.into_iter().for_each(stop);
        course
    }

    /// The same days, and nobody is killed.
    pub(super) fn calm(project: &Project, days: u32) -> Self {
        let service = Serving::start(project);
        let ledger = Ledger::of(project);
        for day in 0..days {
            ask(project, &ledger, day);
        }
        settled(&ledger, 0);
        stop(service);
        Self { days, seed: 0 }
    }

    /// Lets days arrive until there is enough to do.
    fn feed(&mut self, project: &Project, ledger: &Ledger) {
        while ledger.open().len() + ledger.unanswered() < LOAD {
            ask(project, ledger, self.days);
            self.days += 1;
        }
    }
}

/// Waits until everything has ended, and the next minute is not so near that another tick comes before the services end.
fn settled(ledger: &Ledger, seed: u64) {
    let began = Instant::now();
    while !(3..50).contains(&Utc::now().second()) || ledger.unanswered() > 0 || !ledger.open().is_empty() {
        assert!(began.elapsed() < PATIENCE, "seed {seed}: it does not end: {:?}", ledger.open());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A number below a bound, by SplitMix64.
fn below(chance: &mut u64, bound: u64) -> u64 {
    *chance = chance.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *chance;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31)) % bound
}
