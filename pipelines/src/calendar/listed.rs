//! Days out of a calendar file in TOML.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};

use super::days::{Days, Week};
use crate::spec::calendar::{CalendarSpec, Day, DaysSpec, HolidaySpec};
use crate::spec::mistake::Mistake;

/// Longest run of days off; more is a slip.
const LONGEST: usize = 366;
/// Most days a file may list, and most years.
const MOST: usize = 2_000;

/// A mistake and the path of the value it is about.
pub(crate) type Fault = (String, Mistake);

/// The days a file declares. `named`: the year its name ends in. `workday`: the days others build on.
///
/// # Errors
/// Every mistake of the file.
pub(crate) fn days(spec: &CalendarSpec, named: Option<i32>, workday: Option<&Days>) -> Result<Days, Vec<Fault>> {
    let mut days = pattern(spec, named, workday)?;
    for (path, key, length) in
        [("holiday", "holiday", spec.holiday.len()), ("calendar.working", "working", spec.calendar.working.len())]
    {
        if length > MOST {
            return Err(vec![(path.into(), Mistake::OutOfBounds { key: key.into(), bounds: format!("≤ {MOST}") })]);
        }
    }
    let mut reader = Reader { plain: days.clone(), listed: BTreeSet::new(), faults: Vec::new() };
    for (index, holiday) in spec.holiday.iter().enumerate() {
        reader.holiday(holiday, &format!("holiday[{index}]"), &mut days);
    }
    for (index, Day(day)) in spec.calendar.working.iter().enumerate() {
        reader.working(*day, &format!("calendar.working[{index}]"), &mut days);
    }
    if reader.faults.is_empty() { Ok(days) } else { Err(reader.faults) }
}

/// The days without what is listed.
fn pattern(spec: &CalendarSpec, named: Option<i32>, workday: Option<&Days>) -> Result<Days, Vec<Fault>> {
    let fault = |path: &str, mistake: Mistake| vec![(path.to_owned(), mistake)];
    let head = &spec.calendar;
    let given = head.years.as_ref().map(|years| years.iter().map(|year| i32::from(year.0)).collect::<BTreeSet<_>>());
    if given.as_ref().is_some_and(BTreeSet::is_empty) {
        return Err(fault("calendar.years", Mistake::EmptyList { key: "years".into() }));
    }
    let years = match (named, given) {
        (Some(year), Some(given)) if given != BTreeSet::from([year]) => {
            return Err(fault("calendar.years", Mistake::YearOfFile { year }));
        }
        (Some(year), _) => Some(BTreeSet::from([year])),
        (None, given) => given,
    };
    let lists = !spec.holiday.is_empty() || !head.working.is_empty();
    if years.is_none() && lists {
        return Err(fault("calendar", Mistake::YearsNeeded));
    }
    let base = match &head.days {
        DaysSpec::Weekly(days) if days.is_empty() => {
            return Err(fault("calendar.days", Mistake::EmptyList { key: "days".into() }));
        }
        DaysSpec::Weekly(days) => Days::always(Week::of(days.iter().map(|day| (*day).into()))),
        DaysSpec::Of(_) => workday.cloned().unwrap_or_default(),
    };
    match years {
        None => Ok(base),
        Some(years) => base
            .only(years)
            .map_err(|year| fault("calendar.days", Mistake::Unpublished { calendar: super::WORKDAY.into(), year })),
    }
}

struct Reader {
    /// The days without what is listed.
    plain: Days,
    listed: BTreeSet<NaiveDate>,
    faults: Vec<Fault>,
}

impl Reader {
    fn holiday(&mut self, holiday: &HolidaySpec, path: &str, days: &mut Days) {
        let first = holiday.from.0;
        let (last, end) = holiday.to.map_or((first, "from"), |day| (day.0, "to"));
        let length = last.signed_duration_since(first).num_days() + 1;
        if !usize::try_from(length).is_ok_and(|length| (1..=LONGEST).contains(&length)) {
            let mistake = Mistake::HolidayRange { name: crate::spec::forms::cut(&holiday.name) };
            self.faults.push((format!("{path}.{end}"), mistake));
            return;
        }
        for day in first.iter_days().take_while(|day| *day <= last) {
            let at = if day == last { end } else { "from" };
            if !self.list(day, &format!("{path}.{at}")) {
                return;
            }
            days.set(day, false);
        }
        for (index, Day(day)) in holiday.working.iter().enumerate() {
            self.working(*day, &format!("{path}.working[{index}]"), days);
        }
    }

    fn working(&mut self, day: NaiveDate, path: &str, days: &mut Days) {
        if self.plain.works(day) == Some(true) {
            self.faults.push((path.to_owned(), Mistake::WorksAnyway { date: day.to_string() }));
        } else if self.list(day, path) {
            days.set(day, true);
        }
    }

    /// Whether a day can be listed: in a year of the calendar, and once.
    fn list(&mut self, day: NaiveDate, path: &str) -> bool {
        let mistake = if !self.plain.know(day.year()) {
            let years = self.plain.years().map(|year| year.to_string()).collect::<Vec<_>>().join(", ");
            Mistake::OutsideYears { date: day.to_string(), years }
        } else if !self.listed.insert(day) {
            Mistake::Repeated { name: day.to_string() }
        } else {
            return true;
        };
        self.faults.push((path.to_owned(), mistake));
        false
    }
}
