//! Working days as bits: one a day of a year, one a day of a week.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, Weekday};

/// The working days of some years, and those of every other year if they are the same every week.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Days {
    years: BTreeMap<i32, YearBits>,
    always: Option<Week>,
}

/// Days of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Week(u8);

/// Bit n: the day with ordinal n, counted from 0, works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct YearBits([u64; 6]);

impl Week {
    /// Monday to Friday.
    pub(crate) const MONDAY_TO_FRIDAY: Self = Self(0b001_1111);

    pub(crate) fn of(days: impl IntoIterator<Item = Weekday>) -> Self {
        Self(days.into_iter().fold(0, |bits, day| bits | 1 << day.num_days_from_monday()))
    }

    pub(crate) fn works(self, day: NaiveDate) -> bool {
        self.0 >> day.weekday().num_days_from_monday() & 1 == 1
    }
}

impl Days {
    /// The same days every week, in every year.
    pub(crate) fn always(week: Week) -> Self {
        Self { years: BTreeMap::new(), always: Some(week) }
    }

    /// One year that follows a week.
    pub(crate) fn weekly(year: i32, week: Week) -> Self {
        let mut bits = YearBits([0; 6]);
        for day in days_of(year) {
            bits.set(day, week.works(day));
        }
        Self { years: BTreeMap::from([(year, bits)]), always: None }
    }

    /// Some of the years of these; `Err` with the first that is not among them.
    pub(crate) fn only(&self, years: impl IntoIterator<Item = i32>) -> Result<Self, i32> {
        let mut kept = Self::default();
        for year in years {
            match (self.years.get(&year), self.always) {
                (Some(bits), _) => {
                    kept.years.insert(year, *bits);
                }
                (None, Some(week)) => kept.add(Self::weekly(year, week)),
                (None, None) => return Err(year),
            }
        }
        Ok(kept)
    }

    /// Adds years; those given take the place of those there.
    pub(crate) fn add(&mut self, other: Self) {
        self.years.extend(other.years);
        self.always = other.always.or(self.always);
    }

    /// Whether a day works; `None` in a year that is not known.
    pub(crate) fn works(&self, day: NaiveDate) -> Option<bool> {
        match self.years.get(&day.year()) {
            Some(bits) => Some(bits.works(day)),
            None => self.always.map(|week| week.works(day)),
        }
    }

    pub(crate) fn know(&self, year: i32) -> bool {
        self.always.is_some() || self.years.contains_key(&year)
    }

    /// Whether they hold for every year.
    pub(crate) fn is_endless(&self) -> bool {
        self.always.is_some()
    }

    /// The years that are known one by one.
    pub(crate) fn years(&self) -> impl Iterator<Item = i32> {
        self.years.keys().copied()
    }

    /// Says of a day of a known year whether it works.
    pub(crate) fn set(&mut self, day: NaiveDate, works: bool) {
        if let Some(bits) = self.years.get_mut(&day.year()) {
            bits.set(day, works);
        }
    }
}

impl YearBits {
    fn works(&self, day: NaiveDate) -> bool {
        let at = day.ordinal0() as usize;
        self.0[at / 64] >> (at % 64) & 1 == 1
    }

    fn set(&mut self, day: NaiveDate, works: bool) {
        let at = day.ordinal0() as usize;
        let bit = 1 << (at % 64);
        if works { self.0[at / 64] |= bit } else { self.0[at / 64] &= !bit }
    }
}

fn days_of(year: i32) -> impl Iterator<Item = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, 1, 1);
    first.into_iter().flat_map(|day| day.iter_days()).take_while(move |day| day.year() == year)
}
