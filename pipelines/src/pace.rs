//! How fast rows may be read from a connection: everything that reads from it in a run shares one pace.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::spec::project::{ConnectionLimits, ConnectionSpec};

/// A bound on rows a second.
#[derive(Debug)]
pub struct Pace {
    /// For one row.
    pause: Duration,
    /// When the next rows may come.
    free: Mutex<Instant>,
}

impl Pace {
    /// At most so many rows a second; at least one.
    pub fn new(rows_per_second: u64) -> Self {
        let pause = Duration::from_secs(1).div_f64(rows_per_second.max(1) as f64);
        Self { pause, free: Mutex::new(Instant::now()) }
    }

    /// Waits until these rows may be handed on. Who comes later waits behind them.
    pub async fn rows(&self, rows: usize) {
        tokio::time::sleep_until(self.turn(rows, Instant::now())).await;
    }

    /// When rows that come now may be handed on.
    fn turn(&self, rows: usize, now: Instant) -> Instant {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*free).max(now);
        *free = turn + self.pause.saturating_mul(u32::try_from(rows).unwrap_or(u32::MAX));
        turn
    }
}

/// The paces of one run, by connection.
#[derive(Debug, Default)]
pub struct Paces(BTreeMap<String, Arc<Pace>>);

impl Paces {
    /// One run's equal part of what all runs together may read.
    pub fn of(connections: &BTreeMap<String, ConnectionSpec>) -> Self {
        let paced = |(name, connection): (&String, &ConnectionSpec)| {
            part(&connection.limits).map(|rows| (name.clone(), Arc::new(Pace::new(rows))))
        };
        Self(connections.iter().filter_map(paced).collect())
    }

    /// The pace of a connection, if it is bounded.
    pub fn get(&self, connection: Option<&str>) -> Option<Arc<Pace>> {
        self.0.get(connection?).cloned()
    }
}

fn part(limits: &ConnectionLimits) -> Option<u64> {
    let runs = u64::from(limits.runs.unwrap_or(1).max(1));
    limits.rows_per_second.map(|rows| (rows / runs).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_has_its_equal_part() {
        let of = |runs, rows_per_second| part(&ConnectionLimits { runs, rows_per_second });
        assert_eq!(of(Some(4), Some(1000)), Some(250));
        assert_eq!(of(Some(4), Some(3)), Some(1));
        assert_eq!(of(Some(4), None), None);
    }

    #[test]
    fn rows_come_no_faster_than_the_pace_whoever_reads_them() {
        let pace = Pace::new(1000);
        let began = Instant::now() + Duration::from_secs(1);
        let turns: Vec<_> = (0..4).map(|_| (pace.turn(500, began) - began).as_millis()).collect();
        assert_eq!(turns, [0, 500, 1000, 1500], "the first come at once");
        let later = began + Duration::from_secs(60);
        assert_eq!(pace.turn(500, later), later);
        assert_eq!(pace.turn(500, later), later + Duration::from_millis(500), "a pause saves nothing up");
    }
}
