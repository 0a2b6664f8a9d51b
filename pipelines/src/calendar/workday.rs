//! Chinese statutory working days as Sluice ships them: one file a year, added when the General Office of the State
//! Council has published its notice. A project adds or replaces a year with `calendars/workday-<year>.toml`.

use std::sync::OnceLock;

use super::days::Days;
use super::listed;
use crate::spec::calendar::CalendarSpec;

/// One file a published year.
const FILES: [&str; 3] =
    [include_str!("workday/2024.toml"), include_str!("workday/2025.toml"), include_str!("workday/2026.toml")];

/// All shipped years. A test reads every file; one that could not be read would be a year that is not published.
pub(super) fn shipped() -> &'static Days {
    static SHIPPED: OnceLock<Days> = OnceLock::new();
    SHIPPED.get_or_init(|| {
        let mut all = Days::default();
        for text in FILES {
            let read = toml::from_str::<CalendarSpec>(text).ok().and_then(|spec| listed::days(&spec, None, None).ok());
            if let Some(days) = read {
                all.add(days);
            }
        }
        all
    })
}

#[cfg(test)]
pub(super) fn files() -> &'static [&'static str] {
    &FILES
}
