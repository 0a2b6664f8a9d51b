//! A synthetic city: departments' deliveries with planted defects, and the project that governs and supplies them.
//!
//! Everything is a pure function of seed and row, so the same seed gives the same bytes, two departments agree about a
//! person without a table of persons, and hundreds of millions of rows need the memory of one batch. Nobody in it is
//! real: names are made of the ten stems and twelve branches (甲子, 乙丑寅, …), telephone numbers and cards of
//! ranges that are not issued; only their form and their check digits are valid.

mod allowances;
mod areas;
mod chance;
mod codes;
mod companies;
mod defect;
mod dwellings;
mod follow_ups;
mod forms;
mod insured;
mod person;
mod project;
mod residents;
mod text_file;
mod truth;

use std::path::Path;

use chrono::NaiveDate;

use crate::error::Error;
pub(crate) use project::{MARK, REFUSED, Terms, clear, planted, write as write_project};

/// Residents of the city unless asked otherwise.
pub const DEFAULT_ROWS: u64 = 60_000;
/// Fewest residents: below, some planted defects would not occur.
pub const LEAST_ROWS: u64 = 2_000;
/// Most residents: there are not more valid citizen IDs of the city.
pub const MOST_ROWS: u64 = 300_000_000;
/// Most rows of the workbook, whatever the size of the city: Excel ends at 1,048,576, and a workbook is held in memory.
pub const WORKBOOK_ROWS: u64 = 20_000;

/// What is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct City {
    /// Residents; the other resources scale with them.
    pub rows: u64,
    /// Seed of everything that is made up.
    pub seed: u64,
}

/// Which of the two deliveries of every department.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// The first: everything.
    First,
    /// The second, a day later: some moved away, some arrived, some changed.
    Second,
}

impl Delivery {
    /// 1 or 2, as in `truth.csv`.
    pub fn number(self) -> u8 {
        match self {
            Delivery::First => 1,
            Delivery::Second => 2,
        }
    }
}

/// Rows that were written, by resource code.
pub type Written = Vec<(&'static str, u64)>;

/// Writes one delivery of every department below `folder/exchange` and appends its planted defects to
/// `folder/truth.csv`. The bytes depend on city and delivery only; the date names folders.
///
/// # Errors
/// S109 for a size out of bounds, S108 and S113 when files cannot be written.
pub async fn generate(city: &City, delivery: Delivery, date: NaiveDate, folder: &Path) -> Result<Written, Error> {
    if !(LEAST_ROWS..=MOST_ROWS).contains(&city.rows) {
        return Err(Error::DemoRows { least: LEAST_ROWS, most: MOST_ROWS });
    }
    let exchange = folder.join("exchange");
    let mut truth = truth::Truth::open(&folder.join("truth.csv"), delivery).await?;
    let day = date.format("%Y%m%d").to_string();
    let written = vec![
        (areas::CODE, areas::write(&exchange.join("base")).await?),
        (residents::CODE, residents::write(city, delivery, &exchange.join("psb").join(&day), &mut truth).await?),
        (insured::CODE, insured::write(city, delivery, &exchange.join("hrss").join(&day), &mut truth).await?),
        (companies::CODE, companies::write(city, delivery, &exchange.join("samr").join(&day), &mut truth).await?),
        (allowances::CODE, allowances::write(city, delivery, &exchange.join("civil").join(&day), &mut truth).await?),
        (dwellings::CODE, dwellings::write(city, delivery, &exchange.join("housing"), &mut truth).await?),
        (follow_ups::CODE, follow_ups::write(city, delivery, &exchange.join("health").join(&day), &mut truth).await?),
    ];
    truth.finish().await?;
    Ok(written)
}

#[cfg(test)]
mod tests;
