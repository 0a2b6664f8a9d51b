//! What a person writes for a tick: an instant, a time on the project's clock, a business date.

use catalog::schedule::Tick;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Serialize;

/// What a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// An instant.
    At(DateTime<Utc>),
    /// A business date.
    Date(NaiveDate),
    /// The key of a tick, for those that are no fire of a clock.
    Key(String),
}

/// What was written names no tick.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum MomentError {
    /// What was written names no tick.
    #[error(
        "\"{text}\" names no tick; write 2026-11-23T02:30, 2026-11-23T02:30:00+08:00 or a business date like 2026-11-20"
    )]
    #[serde(rename = "P826")]
    NoMoment {
        /// What was written.
        text: String,
    },
}

/// Which of some ticks is meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Meant<'t> {
    /// This one.
    One(&'t Tick),
    /// Any of these.
    Several(Vec<&'t Tick>),
    /// None of them.
    None,
}

impl Moment {
    /// Parses `2026-11-23T02:30:00+08:00`, `2026-11-23T02:30` on the clock of a zone, `2026-11-23`, or a tick's key.
    ///
    /// # Errors
    /// P826 for anything else.
    pub fn parse(text: &str, zone: Tz) -> Result<Self, MomentError> {
        let text = text.trim();
        let bad = || MomentError::NoMoment { text: text.chars().take(80).collect() };
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(at.to_utc()));
        }
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            return Ok(Self::Date(date));
        }
        for format in ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"] {
            if let Ok(wall) = NaiveDateTime::parse_from_str(text, format) {
                return zone.from_local_datetime(&wall).earliest().map(|at| Self::At(at.to_utc())).ok_or_else(bad);
            }
        }
        match text.contains(':') && text.contains(['@', '.']) || text.starts_with("backfill:") {
            true => Ok(Self::Key(text.to_owned())),
            false => Err(bad()),
        }
    }

    /// Which of a pipeline's ticks it means: the one due then, those of a business date, the one of a key.
    pub fn among<'t>(&self, ticks: &'t [Tick]) -> Meant<'t> {
        let fits = |tick: &&Tick| match self {
            Self::At(at) => tick.tick.scheduled_at == *at,
            Self::Date(date) => tick.tick.biz_date == *date,
            Self::Key(key) => tick.tick.id.key == *key,
        };
        let mut found: Vec<&Tick> = ticks.iter().filter(fits).collect();
        // The schedule's own tick is meant before a backfill of the same time.
        if found.iter().any(|tick| crate::backfill::name_of(&tick.tick.id.key).is_none()) {
            found.retain(|tick| crate::backfill::name_of(&tick.tick.id.key).is_none());
        }
        match found.as_slice() {
            [] => Meant::None,
            [one] => Meant::One(one),
            _ => Meant::Several(found),
        }
    }

    /// How far a tick is from what was written, for naming the nearest.
    pub fn distance(&self, tick: &Tick) -> u64 {
        match self {
            Self::At(at) => (tick.tick.scheduled_at - *at).num_seconds().unsigned_abs(),
            Self::Date(date) => (tick.tick.biz_date - *date).num_days().unsigned_abs(),
            Self::Key(_) => 0,
        }
    }
}
