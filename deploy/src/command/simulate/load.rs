//! How full the pools are, hour by hour.

use chrono::Timelike;
use pipelines::schedule::simulate::Outcome;

use crate::command::board::Board;
use crate::table;

/// From empty to full.
const BARS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A line per pool, each hour of the day as its fullest one; `None` when nothing ran.
pub(super) fn text(board: &Board<'_>, outcome: &Outcome) -> Option<String> {
    if outcome.load.is_empty() {
        return None;
    }
    let names = ["pool", "slots", "hours", "busiest"];
    let mut table = table::table(names.iter().map(|name| board.text(&format!("simulate.{name}"), &[])).collect());
    table::right(&mut table, [1]);
    for (pool, hours) in &outcome.load {
        let slots = board.timetable.slots(pool);
        let mut fullest = [0_u64; 24];
        for (hour, seconds) in hours {
            let local = hour.with_timezone(&board.clock.zone).hour() as usize;
            fullest[local % 24] = fullest[local % 24].max(*seconds);
        }
        let room = u64::from(slots) * 3_600;
        let bars: String = fullest.iter().map(|seconds| bar(*seconds, room)).collect();
        let (peak, hour) = fullest
            .iter()
            .zip(0..)
            .max_by_key(|(seconds, hour)| (**seconds, -*hour))
            .map_or((0, 0), |(seconds, hour)| (*seconds, hour));
        table.add_row(vec![
            pool.clone(),
            slots.to_string(),
            bars,
            format!("{hour:02}:00 {}%", peak * 100 / room.max(1)),
        ]);
    }
    Some(format!("{}\n{}", board.text("simulate.load", &[]), table::render(&table)))
}

fn bar(seconds: u64, room: u64) -> char {
    let steps = BARS.len() as u64 - 1;
    let filled = (seconds * steps).div_ceil(room.max(1)).min(steps);
    BARS.get(usize::try_from(filled).unwrap_or(0)).copied().unwrap_or('█')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_hour_looks_empty_and_only_a_full_one_full() {
        assert_eq!(
            [0, 1, 3_600, 7_199, 7_200, 9_000].map(|seconds| bar(seconds, 7_200)),
            ['·', '▁', '▄', '█', '█', '█']
        );
    }
}
