//! `calendars/*.toml`: which days work.
//!
//! A file is named after its calendar (`bank.toml`), or after the calendar and the one year it holds (`bank-2027.toml`,
//! `workday-2027.toml`). A year that a project declares takes the place of the one that Sluice ships.

use chrono::{NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One calendar file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// What kind of days it counts, and for which years.
    pub calendar: CalendarHead,
    /// Days off that its pattern would work.
    #[serde(default)]
    pub holiday: Vec<HolidaySpec>,
}

/// What kind of days a calendar counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarHead {
    /// Title people read.
    pub title: String,
    /// Where its days come from, such as the number of a notice.
    pub source: Option<String>,
    /// What works without holidays: `"workday"` (the statutory working days), or days of the week, `["mon", "tue"]`.
    pub days: DaysSpec,
    /// Years it is complete for. A file named after one year needs none; one without any listed day holds for all years
    /// its pattern does.
    pub years: Option<Vec<Year>>,
    /// Days that work although they would be free, beyond those that make up for a holiday.
    #[serde(default)]
    pub working: Vec<Day>,
}

/// A year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Year(#[schemars(range(min = 1950, max = 2199))] pub u16);

/// What works without holidays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum DaysSpec {
    /// The days of another calendar.
    Of(Base),
    /// The same days every week.
    Weekly(Vec<WeekdayName>),
}

/// A calendar others build on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Chinese statutory working days.
    Workday,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // they are what they are called
pub enum WeekdayName {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// A run of days off, and the days that make up for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HolidaySpec {
    /// Its name.
    pub name: String,
    /// First day off.
    pub from: Day,
    /// Last day off; the first by default.
    pub to: Option<Day>,
    /// Days that work instead.
    #[serde(default)]
    pub working: Vec<Day>,
}

/// A day of the calendar, `2026-10-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Day(
    #[serde(with = "catalog::date")]
    #[schemars(schema_with = "catalog::date::schema")]
    pub NaiveDate,
);

impl From<WeekdayName> for Weekday {
    fn from(name: WeekdayName) -> Self {
        match name {
            WeekdayName::Mon => Self::Mon,
            WeekdayName::Tue => Self::Tue,
            WeekdayName::Wed => Self::Wed,
            WeekdayName::Thu => Self::Thu,
            WeekdayName::Fri => Self::Fri,
            WeekdayName::Sat => Self::Sat,
            WeekdayName::Sun => Self::Sun,
        }
    }
}
