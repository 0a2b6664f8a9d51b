//! Calendar units that intervals are merged by: `1d`, `2w`, `1mo`.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::Refusal;

/// Most units of a window.
const MOST: u32 = 366;

/// A calendar unit. Days count from the first of the range; weeks begin on Monday, months on the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// So many days.
    Days(u32),
    /// So many weeks.
    Weeks(u32),
    /// So many months.
    Months(u32),
}

impl Window {
    /// Parses `1d`, `1w`, `1mo`.
    ///
    /// # Errors
    /// P822 for anything else.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let count = text[..digits].parse().ok().filter(|count| (1..=MOST).contains(count));
        match (count, &text[digits..]) {
            (Some(count), "d") => Ok(Self::Days(count)),
            (Some(count), "w") => Ok(Self::Weeks(count)),
            (Some(count), "mo") => Ok(Self::Months(count)),
            _ => Err(Refusal::Window { text: text.chars().take(40).collect() }),
        }
    }

    /// The first day after the window that a day lies in, where the windows of a range begin at `first`.
    pub(super) fn end(self, first: NaiveDate, day: NaiveDate) -> Option<NaiveDate> {
        let begun = |length: i64, from: NaiveDate| {
            let passed = day.signed_duration_since(from).num_days().div_euclid(length);
            from.checked_add_days(Days::new(u64::try_from((passed + 1) * length).ok()?))
        };
        match self {
            Self::Days(count) => begun(i64::from(count), first),
            Self::Weeks(count) => {
                let monday = first.checked_sub_days(Days::new(u64::from(first.weekday().num_days_from_monday())))?;
                begun(i64::from(count) * 7, monday)
            }
            Self::Months(count) => {
                let number = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
                let passed = (number(day) - number(first)).div_euclid(i64::from(count));
                let months = u32::try_from((passed + 1) * i64::from(count)).ok()?;
                first.with_day(1)?.checked_add_months(Months::new(months))
            }
        }
    }
}
