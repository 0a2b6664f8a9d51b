#![allow(clippy::unwrap_used)]
use super::*;
use crate::spec::calendar::CalendarSpec;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn workday() -> Arc<Calendar> {
    Arc::clone(Calendars::shipped().get(WORKDAY).unwrap())
}

#[test]
fn every_shipped_year_reads_and_names_its_notice() {
    for (text, year) in workday::files().iter().zip(2024..) {
        let spec: CalendarSpec = toml::from_str(text).unwrap();
        let days = listed::days(&spec, None, None).unwrap();
        assert_eq!(days.years().collect::<Vec<_>>(), [year]);
        assert!(spec.calendar.source.unwrap().contains("国办发明电"), "{year}");
    }
    assert!(workday().knows(2024) && workday().knows(2026));
}

#[test]
fn holidays_rest_make_up_days_work_and_other_years_are_not_guessed() {
    let works = |text: &str| workday().works(day(text));
    assert_eq!(works("2026-02-14"), Ok(true), "Saturday before the Spring Festival of 2026");
    assert_eq!(works("2026-02-16"), Ok(false), "the Monday in it");
    assert_eq!(works("2025-10-11"), Ok(true), "Saturday after the National Day of 2025");
    assert_eq!(works("2026-11-23"), Ok(true));
    assert_eq!(works("2026-11-22"), Ok(false));
    let unpublished = Unpublished { calendar: WORKDAY.into(), year: 2027 };
    assert_eq!(works("2027-01-01"), Err(unpublished.clone()));
    assert_eq!(works("2023-12-29").unwrap_err().year, 2023);
    assert_eq!(workday().working_day_after(day("2026-12-31"), 1), Err(unpublished));
}

#[test]
fn working_days_are_counted_over_holidays_and_week_ends() {
    let after = |text: &str, count| workday().working_day_after(day(text), count).unwrap();
    assert_eq!(after("2026-09-30", 1), day("2026-10-08"));
    assert_eq!(after("2026-09-30", 3), day("2026-10-10"), "a Saturday that makes up");
    assert_eq!(after("2026-11-20", 1), day("2026-11-23"));
    assert_eq!(after("2026-11-21", 0), day("2026-11-21"));
}
