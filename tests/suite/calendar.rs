//! Days and fires against packages that other people maintain: `chinesecalendar` for statutory working days, `croniter`
//! for cron lines.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use pipelines::calendar::Calendars;
use pipelines::spec::pipeline::ScheduleSpec;
use pipelines::when::When;

use crate::harness::python;

#[test]
fn every_day_of_the_published_years_works_or_rests_as_others_say() {
    let years = ["2024", "2025", "2026"].map(Path::new);
    let told: BTreeMap<NaiveDate, bool> = serde_json::from_str(&python::run("working_days.py", &years)).unwrap();
    assert_eq!(told.len(), 366 + 365 + 365);
    let calendars = Calendars::shipped();
    let workday = calendars.get("workday").unwrap();
    let differ: Vec<NaiveDate> =
        told.iter().filter(|(day, works)| workday.works(**day) != Ok(**works)).map(|(day, _)| *day).collect();
    assert!(differ.is_empty(), "{differ:?}");
}

/// Lines on which croniter and POSIX agree: a day field with `*/n` beside a restricted one is not among them.
const LINES: [&str; 24] = [
    "* * * * *",
    "*/15 * * * *",
    "*/7 * * * *",
    "5,35 1,13 * * *",
    "0 */5 * * *",
    "30 2 * * *",
    "59 23 * * *",
    "0 0 * * 0",
    "0 0 * * 7",
    "0 0 * * sun",
    "0 9 * * 1-5",
    "0 9 * * mon,wed,fri",
    "15 10 1 * *",
    "15 10 31 * *",
    "0 0 29 2 *",
    "0 0 13 * 5",
    "0 0 1,15 * 3",
    "0 0 1 1 *",
    "0 12 * 1,4,7,10 *",
    "0 12 28-31 feb *",
    "*/20 8-17 * * 1-5",
    "1-10/3 0-23/6 * * *",
    "0 0 */10 * *",
    "23 0-20/2 * * *",
];

#[test]
fn cron_lines_fire_when_others_say() {
    const COUNT: usize = 200;
    // Zones without daylight saving: around its changes croniter does as it pleases.
    for zone in ["Asia/Shanghai", "Asia/Kathmandu", "America/Phoenix"] {
        let start = "2026-11-23T00:42:00+00:00";
        let count = COUNT.to_string();
        let arguments = [zone, start, count.as_str()].into_iter().chain(LINES).map(Path::new).collect::<Vec<_>>();
        let told: BTreeMap<String, Vec<i64>> = serde_json::from_str(&python::run("cron_fires.py", &arguments)).unwrap();
        assert_eq!(told.len(), LINES.len());
        for (line, told) in told {
            let spec = ScheduleSpec { cron: Some(line.clone()), ..ScheduleSpec::default() };
            let when = When::of(&spec, zone.parse().unwrap(), &Calendars::shipped()).unwrap();
            let from: DateTime<Utc> = start.parse().unwrap();
            let fires = when.fires(from, DateTime::<Utc>::MAX_UTC).take(COUNT);
            let found: Vec<i64> = fires.map(|fire| fire.unwrap().at.timestamp()).collect();
            assert!(found == told, "{line} in {zone}: {found:?} here, {told:?} there");
        }
    }
}
