//! Who acts, and what time it is: both come in as arguments, so that schedules and recovery can be simulated.

use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat, Utc};
use std::fmt::Debug;

/// Who does something: every catalog call carries one, every audit entry names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The tenant whose rows are seen and written.
    pub tenant: String,
    /// Name of the user or service account.
    pub name: String,
}

impl Actor {
    /// An actor of a tenant.
    pub fn new(tenant: impl Into<String>, name: impl Into<String>) -> Actor {
        Actor { tenant: tenant.into(), name: name.into() }
    }
}

/// The time.
pub trait Clock: Debug + Send + Sync {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;

    /// The present day where the grants are valid.
    fn today(&self) -> NaiveDate {
        day(self.now())
    }

    /// Whether this is the time of the real world. A server that several machines share then tells it in place of
    /// their own clocks, so that all agree when a lease runs out.
    fn real(&self) -> bool {
        false
    }
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn real(&self) -> bool {
        true
    }
}

/// The day of an instant where the grants are valid: China has one time zone, UTC+8 since 1992.
#[must_use]
pub(crate) fn day(instant: DateTime<Utc>) -> NaiveDate {
    const ZONE: i32 = 8 * 3600;
    FixedOffset::east_opt(ZONE).map_or_else(|| instant.date_naive(), |zone| instant.with_timezone(&zone).date_naive())
}

/// An instant as the catalog stores it: RFC 3339, UTC, six decimals; text order is time order.
#[must_use]
pub(crate) fn text(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::Micros, true)
}
