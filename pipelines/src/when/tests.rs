#![allow(clippy::unwrap_used, clippy::panic)]
//! Known dates as files: `when/cases/*.toml`.

use chrono::{SecondsFormat, TimeZone as _};
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Case>,
}

/// Fires after an instant, as `local instant` or `local instant = first..last business date`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows.
    #[allow(dead_code)]
    why: String,
    cron: Option<String>,
    every: Option<String>,
    zone: String,
    calendar: Option<String>,
    after: String,
    fires: Vec<String>,
    /// Year that is not published, met after those fires.
    unpublished: Option<i32>,
}

impl Case {
    fn when(&self) -> When {
        let spec = ScheduleSpec {
            cron: self.cron.clone(),
            every: self.every.clone(),
            calendar: self.calendar.clone(),
            ..ScheduleSpec::default()
        };
        When::of(&spec, self.zone.parse().unwrap(), &Calendars::shipped()).unwrap()
    }

    fn check(&self) {
        let when = self.when();
        let after = DateTime::parse_from_rfc3339(&self.after).unwrap().to_utc();
        let mut found = when.fires(after, DateTime::<Utc>::MAX_UTC);
        let mut previous: Option<Fire> = None;
        for expected in &self.fires {
            let fire = found.next().unwrap().unwrap_or_else(|error| panic!("{}: {error}", self.why));
            let local = fire.at.with_timezone(&when.zone()).to_rfc3339_opts(SecondsFormat::Secs, false);
            let (instant, dates) = expected.split_once(" = ").unwrap_or((expected, ""));
            assert_eq!(local, instant, "{}", self.why);
            if !dates.is_empty() {
                let (first, last) = dates.split_once("..").unwrap_or((dates, dates));
                let covered = (fire.business_date.to_string(), fire.last_business_date.to_string());
                assert_eq!(covered, (first.into(), last.into()), "{}: {instant}", self.why);
            }
            if let Some(previous) = previous {
                assert_eq!(fire.interval_start, previous.at, "{}: intervals leave no gap", self.why);
            }
            assert_eq!(when.previous(fire.at), Ok(Some(fire)), "{}: found going back too", self.why);
            assert_eq!(when.next(fire.at - TimeDelta::nanoseconds(1)), Ok(Some(fire)), "{}", self.why);
            previous = Some(fire);
        }
        if let Some(year) = self.unpublished {
            assert_eq!(found.next().unwrap().unwrap_err().year, year, "{}", self.why);
            assert!(found.next().is_none(), "{}: nothing after an error", self.why);
        }
    }
}

#[test]
fn known_dates() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/when/cases");
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file: File = toml::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        cases += file.case.len();
        file.case.iter().for_each(Case::check);
    }
    assert!(cases >= 30, "{cases} cases");
}

fn when(cron: &str, zone: Tz) -> When {
    When::of(&ScheduleSpec { cron: Some(cron.into()), ..ScheduleSpec::default() }, zone, &Calendars::shipped()).unwrap()
}

#[test]
fn fires_lie_in_a_half_open_range() {
    let when = when("0 * * * *", Tz::Asia__Shanghai);
    let at = |hour| Utc.with_ymd_and_hms(2026, 11, 23, hour, 0, 0).unwrap();
    let found: Vec<DateTime<Utc>> = when.fires(at(1), at(3)).map(|fire| fire.unwrap().at).collect();
    assert_eq!(found, [at(2), at(3)]);
    assert_eq!(when.fires(at(3), at(3)).count(), 0);
    assert_eq!(when.fires(at(3), at(1)).count(), 0);
}

#[test]
fn a_schedule_after_tables_alone_has_no_fires() {
    let when = When::of(&ScheduleSpec::default(), Tz::Asia__Shanghai, &Calendars::shipped()).unwrap();
    assert!(!when.has_fires());
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 0, 0, 0).unwrap();
    assert_eq!((when.next(now), when.previous(now)), (Ok(None), Ok(None)));
}

/// Around every kind of change, days that do not work are stepped over without losing or inventing a fire.
#[test]
fn stepping_over_days_finds_what_looking_at_every_tick_finds() {
    let calendars = Calendars::shipped();
    let calendar = calendars.get("workday").unwrap();
    for (zone, month, day) in [
        (Tz::Asia__Shanghai, 2, 1),
        (Tz::America__New_York, 3, 1),
        (Tz::Europe__London, 10, 20),
        (Tz::Africa__Cairo, 4, 20),
        (Tz::Asia__Beirut, 3, 25),
        (Tz::Atlantic__Azores, 10, 20),
    ] {
        for line in ["*/30 * * * *", "30 2 * * *", "59 23 * * *", "0 0 * * 0", "15 * 28 * *"] {
            let plain = when(line, zone);
            let under = When { calendar: Some(Arc::clone(calendar)), ..plain.clone() };
            let from = zone.with_ymd_and_hms(2026, month, day, 12, 0, 0).unwrap().to_utc();
            let until = from + TimeDelta::days(45);
            let works = |fire: &Fire| calendar.works(fire.at.with_timezone(&zone).date_naive()).unwrap();
            let expected: Vec<_> =
                plain.fires(from, until).map(Result::unwrap).filter(works).map(|fire| fire.at).collect();
            let found: Vec<_> = under.fires(from, until).map(|fire| fire.unwrap().at).collect();
            assert_eq!(found, expected, "{line} in {zone}");
            for (before, after) in expected.iter().zip(expected.iter().skip(1)) {
                let found = under.previous(*after - TimeDelta::seconds(1)).unwrap().unwrap();
                assert_eq!(found.at, *before, "{line} in {zone}");
            }
        }
    }
}

/// Prints what one fire costs; run with `--nocapture`.
#[test]
fn ten_thousand_schedules_an_hour_are_cheap() {
    let when = when("* * * * *", Tz::Asia__Shanghai);
    let from = Utc.with_ymd_and_hms(2026, 11, 23, 0, 0, 0).unwrap();
    let begun = std::time::Instant::now();
    let found: usize = (0..1_000).map(|_| when.fires(from, from + TimeDelta::hours(1)).count()).sum();
    println!("{} ns a fire", begun.elapsed().as_nanos() / found as u128);
    assert_eq!(found, 60_000);
}
