//! Instants, spans and keys of ticks, short, on the clock of a project.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::messages::Messages;

/// A clock on the wall: a zone, and the year that need not be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    /// Its zone.
    pub(crate) zone: Tz,
    year: i32,
}

impl Clock {
    /// The clock of a zone, at an instant.
    pub(crate) fn new(zone: Tz, now: DateTime<Utc>) -> Self {
        Self { zone, year: now.with_timezone(&zone).year() }
    }

    /// `11-23 02:30`, with its year where that is another one; with seconds where there are some.
    pub(crate) fn at(self, at: DateTime<Utc>) -> String {
        let local = at.with_timezone(&self.zone);
        let date = if local.year() == self.year { "%m-%d" } else { "%Y-%m-%d" };
        local.format(&format!("{date} {}", Self::time_format(at))).to_string()
    }

    /// `02:30`.
    pub(crate) fn time(self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format(Self::time_format(at)).to_string()
    }

    /// `02:30` on its day, `11-24 02:30` on another day than `day`.
    pub(crate) fn time_from(self, at: DateTime<Utc>, day: NaiveDate) -> String {
        if self.day(at) == day { self.time(at) } else { self.at(at) }
    }

    /// `2026-11-23T02:30`, as it is written on a command line.
    pub(crate) fn written(self, at: DateTime<Utc>) -> String {
        let format = if at.timestamp().rem_euclid(60) == 0 { "%Y-%m-%dT%H:%M" } else { "%Y-%m-%dT%H:%M:%S" };
        at.with_timezone(&self.zone).format(format).to_string()
    }

    /// `11-23`, with its year where that is another one.
    pub(crate) fn date(self, date: NaiveDate) -> String {
        date.format(if date.year() == self.year { "%m-%d" } else { "%Y-%m-%d" }).to_string()
    }

    /// `11-20至11-22`, or the one date.
    pub(crate) fn dates(self, messages: Messages, first: NaiveDate, last: NaiveDate) -> String {
        match first == last {
            true => self.date(first),
            false => messages.text("tick.dates", &[("first", &self.date(first)), ("last", &self.date(last))]),
        }
    }

    /// The local date of an instant.
    pub(crate) fn day(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    /// A tick by its key: an instant, a business date, a version of a table, a part of a backfill.
    pub(crate) fn key(self, messages: Messages, key: &str) -> String {
        let instant = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|at| self.at(at.to_utc()));
        if let Some(at) = instant(key) {
            return at;
        }
        if let Some(name) = pipelines::backfill::name_of(key) {
            let at = key.splitn(3, ':').nth(2).and_then(instant).unwrap_or_default();
            return messages.text("tick.backfill", &[("name", &name), ("at", &at)]);
        }
        // `2026-11-20T18:31:02+00:00:base.population@7`
        let version = key.rsplit_once(':').and_then(|(at, version)| Some((instant(at)?, version)));
        match version {
            Some((at, version)) => messages.text("tick.version", &[("at", &at), ("version", &version)]),
            None => key.to_owned(),
        }
    }

    fn time_format(at: DateTime<Utc>) -> &'static str {
        if at.timestamp().rem_euclid(60) == 0 { "%H:%M" } else { "%H:%M:%S" }
    }
}

/// A span of time, two units at most.
pub(crate) fn span(messages: Messages, seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (d, h, m, s) = (seconds / 86_400, seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match seconds {
        0..60 => messages.text("span.seconds", &[("s", &s)]),
        60..3_600 => messages.text("span.minutes", &[("m", &m), ("s", &s)]),
        3_600..172_800 => messages.text("span.hours", &[("h", &h), ("m", &m)]),
        _ => messages.text("span.days", &[("d", &d), ("h", &(h % 24))]),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Language;

    #[test]
    fn keys_instants_and_spans_are_short() {
        let now: DateTime<Utc> = "2026-11-23T00:00:00Z".parse().unwrap();
        let clock = Clock::new(chrono_tz::Asia::Shanghai, now);
        let zh = Messages::new(Language::Zh);
        for (key, told) in [
            ("2026-11-22T18:30:00+00:00", "11-23 02:30"),
            ("2025-12-31T15:30:05+00:00", "2025-12-31 23:30:05"),
            ("2026-11-20", "2026-11-20"),
            ("backfill:november:2026-11-22T18:30:00+00:00", "补数november 11-23 02:30"),
            ("2026-11-22T18:31:02+00:00:base.population@7", "11-23 02:31:02 base.population@7"),
            ("what else", "what else"),
        ] {
            assert_eq!(clock.key(zh, key), told);
        }
        for (seconds, told) in [(0, "0秒"), (59, "59秒"), (61, "1分1秒"), (7_260, "2小时1分"), (200_000, "2天7小时")]
        {
            assert_eq!(span(zh, seconds), told);
        }
        assert_eq!(clock.written("2026-11-22T18:30:00Z".parse().unwrap()), "2026-11-23T02:30");
    }
}
