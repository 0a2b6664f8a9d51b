//! Statutory working days against the Python package `chinesecalendar`, which other people maintain.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use pipelines::calendar::Calendars;

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
