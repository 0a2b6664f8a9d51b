//! Which days work: calendars by name, known a year at a time.
//!
//! | to find | look in |
//! |---|---|
//! | the days of a year or a week, as bits | `calendar/days.rs` |
//! | Chinese statutory working days as Sluice ships them | `calendar/workday.rs`, `calendar/workday/<year>.toml` |
//! | days out of a project's files | `calendar/listed.rs` (TOML), `calendar/ics.rs` (iCalendar) |
//!
//! Must never happen: a guess about a year nobody has published.

mod days;
pub(crate) mod ics;
pub(crate) mod listed;
mod workday;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

pub(crate) use days::Days;

/// Name of the calendar of Chinese statutory working days.
pub const WORKDAY: &str = "workday";

/// A calendar does not know a year: its days are not published, or nobody has added them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[error("calendar “{calendar}” does not know the year {year}")]
pub struct Unpublished {
    /// Name of the calendar.
    pub calendar: String,
    /// The year.
    pub year: i32,
}

/// Which days work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    name: String,
    days: Days,
}

impl Calendar {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a day works.
    ///
    /// # Errors
    /// The calendar does not know the day's year.
    pub fn works(&self, day: NaiveDate) -> Result<bool, Unpublished> {
        self.days.works(day).ok_or_else(|| self.unpublished(day.year()))
    }

    /// Whether it knows a year.
    pub fn knows(&self, year: i32) -> bool {
        self.days.know(year)
    }

    /// The `count`-th working day after a day; the day itself for 0, whether it works or not.
    ///
    /// # Errors
    /// A year on the way is not known.
    pub fn working_day_after(&self, day: NaiveDate, count: u16) -> Result<NaiveDate, Unpublished> {
        let mut found = day;
        let mut left = count;
        while left > 0 {
            found = found.succ_opt().ok_or_else(|| self.unpublished(found.year()))?;
            left -= u16::from(self.works(found)?);
        }
        Ok(found)
    }

    fn unpublished(&self, year: i32) -> Unpublished {
        Unpublished { calendar: self.name.clone(), year }
    }
}

/// The calendars of a project: those that Sluice ships, and its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendars {
    all: BTreeMap<String, Arc<Calendar>>,
}

impl Calendars {
    /// `workday` alone, with the years that were published when this Sluice was built.
    pub fn shipped() -> Self {
        let calendar = Calendar { name: WORKDAY.into(), days: workday::shipped().clone() };
        Self { all: BTreeMap::from([(WORKDAY.into(), Arc::new(calendar))]) }
    }

    /// A calendar by name.
    pub fn get(&self, name: &str) -> Option<&Arc<Calendar>> {
        self.all.get(name)
    }

    /// Names of all calendars, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.keys().map(String::as_str)
    }

    /// Adds days to a calendar, which is made if need be; a year given here takes the place of the one there.
    pub(crate) fn add(&mut self, name: &str, days: Days) {
        let calendar = self
            .all
            .entry(name.into())
            .or_insert_with(|| Arc::new(Calendar { name: name.into(), days: Days::default() }));
        Arc::make_mut(calendar).days.add(days);
    }

    /// Days of `workday`, on which others build.
    pub(crate) fn workday(&self) -> Option<&Days> {
        self.get(WORKDAY).map(|calendar| &calendar.days)
    }
}

impl Default for Calendars {
    fn default() -> Self {
        Self::shipped()
    }
}

#[cfg(test)]
mod tests;
