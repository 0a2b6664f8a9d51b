//! One all-day event: its days, whether they work, and how it repeats.

use std::ops::Range;

use chrono::{Datelike, NaiveDate};

use super::Fault;
use super::line::Line;
use crate::spec::mistake::Mistake;

/// Longest event in days.
const LONGEST: i64 = 366;

/// An all-day event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    first: NaiveDate,
    /// Days it lasts, at least 1.
    length: u16,
    repeats: Option<Yearly>,
    marked_working: bool,
    /// `X-APPLE-SPECIAL-DAY`, in capitals.
    pub(super) special: Option<String>,
}

/// Every so many years, from the first on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Yearly {
    interval: i32,
    until: Option<NaiveDate>,
    count: Option<u32>,
}

impl Event {
    /// The event of the lines between `BEGIN:VEVENT` and its end; `None` when it is cancelled.
    pub(super) fn of(lines: &[Line]) -> Result<Option<Self>, Fault> {
        let find = |name: &str| lines.iter().find(|line| line.name == name);
        if find("STATUS").is_some_and(|line| line.value.trim().eq_ignore_ascii_case("CANCELLED")) {
            return Ok(None);
        }
        for (name, reason) in [
            ("RDATE", "RDATE is not read; write an event for each date"),
            ("EXDATE", "EXDATE is not read; write an event for each date"),
            ("RECURRENCE-ID", "RECURRENCE-ID is not read; write an event for each date"),
            ("DURATION", "DURATION is not read; write DTEND"),
        ] {
            if let Some(line) = find(name) {
                return Err(refuse(&line.span, reason));
            }
        }
        let Some(start) = find("DTSTART") else {
            let span = lines.first().map(|line| line.span.clone());
            return Err((span, Mistake::Ics { reason: "the event has no DTSTART" }));
        };
        let first = date(start)?;
        let length = match find("DTEND") {
            None => 1,
            Some(end) => {
                let length = date(end)?.signed_duration_since(first).num_days();
                match u16::try_from(length) {
                    Ok(days) if (1..=LONGEST).contains(&length) => days,
                    _ => return Err(refuse(&end.span, "DTEND is not after DTSTART, or more than a year after it")),
                }
            }
        };
        let repeats = find("RRULE").map(|line| yearly(line, first)).transpose()?;
        let special = find("X-APPLE-SPECIAL-DAY").map(|line| line.value.trim().to_ascii_uppercase());
        Ok(Some(Self { first, length, repeats, marked_working: is_marked(lines), special }))
    }

    /// Whether its days work; `None` when it says nothing of that.
    pub(super) fn works(&self, special: bool) -> Option<bool> {
        match (&self.special, special) {
            (Some(kind), _) if kind == "ALTERNATE-WORKDAY" => Some(true),
            (Some(kind), _) if kind == "WORK-HOLIDAY" => Some(false),
            (None, false) => Some(self.marked_working),
            _ => None,
        }
    }

    /// Its days that may lie in a year: those of the runs that begin in it or in the year before.
    pub(super) fn days_in(&self, year: i32) -> impl Iterator<Item = NaiveDate> {
        let begins = [year - 1, year].into_iter().filter_map(|year| self.begin_in(year));
        begins.flat_map(|first| first.iter_days().take(usize::from(self.length)))
    }

    fn begin_in(&self, year: i32) -> Option<NaiveDate> {
        let years = year - self.first.year();
        let Some(rule) = self.repeats else {
            return (years == 0).then_some(self.first);
        };
        // 29 February repeats in leap years only.
        let begin = self.first.with_year(year).filter(|_| years >= 0 && years % rule.interval == 0)?;
        let before = (0..years).step_by(usize::try_from(rule.interval).unwrap_or(1));
        let number = || before.filter(|years| self.first.with_year(self.first.year() + years).is_some()).count();
        let counted = rule.count.is_none_or(|count| number() < count as usize);
        (counted && rule.until.is_none_or(|until| begin <= until)).then_some(begin)
    }
}

fn refuse(span: &Range<usize>, reason: &'static str) -> Fault {
    (Some(span.clone()), Mistake::Ics { reason })
}

/// `20261001`.
fn date(line: &Line) -> Result<NaiveDate, Fault> {
    let text = line.value.trim();
    if line.parameter("VALUE").is_some_and(|value| value != "DATE") || text.contains('T') {
        return Err(refuse(&line.span, "only all-day events are read: a date without a time"));
    }
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let found = NaiveDate::parse_from_str(text, "%Y%m%d").ok().filter(|_| digits);
    found.filter(|day| super::YEARS.contains(&day.year())).ok_or_else(|| refuse(&line.span, "this is not a date"))
}

/// `FREQ=YEARLY`, with what does not say more than the first date does.
fn yearly(line: &Line, first: NaiveDate) -> Result<Yearly, Fault> {
    let refused = |reason: &'static str| refuse(&line.span, reason);
    let mut rule = Yearly { interval: 1, until: None, count: None };
    let mut every_year = false;
    for part in line.value.trim().split(';') {
        let (key, value) = part.split_once('=').ok_or_else(|| refused("this is not a rule of repetition"))?;
        let number = || value.parse::<u32>().ok().filter(|number| (1..=1_000).contains(number));
        match key.to_ascii_uppercase().as_str() {
            "FREQ" => every_year = value.eq_ignore_ascii_case("YEARLY"),
            "INTERVAL" => {
                let interval = number().and_then(|number| i32::try_from(number).ok());
                rule.interval = interval.ok_or_else(|| refused("this is not a rule of repetition"))?;
            }
            "COUNT" => rule.count = Some(number().ok_or_else(|| refused("this is not a rule of repetition"))?),
            "UNTIL" => {
                let day = value.get(..8).and_then(|day| NaiveDate::parse_from_str(day, "%Y%m%d").ok());
                rule.until = Some(day.ok_or_else(|| refused("this is not a date"))?);
            }
            "WKST" => {}
            "BYMONTH" if number() == Some(first.month()) => {}
            "BYMONTHDAY" if number() == Some(first.day()) => {}
            _ => return Err(refused("only a yearly repetition on the same date is read")),
        }
    }
    if every_year { Ok(rule) } else { Err(refused("only a yearly repetition on the same date is read")) }
}

fn is_marked(lines: &[Line]) -> bool {
    const CATEGORIES: [&str; 4] = ["WORKING", "WORKDAY", "上班", "补班"];
    const SUMMARY: [&str; 3] = ["上班", "补班", "（班）"];
    lines.iter().any(|line| match line.name.as_str() {
        "CATEGORIES" => line.value.split(',').any(|one| CATEGORIES.contains(&one.trim().to_ascii_uppercase().as_str())),
        "SUMMARY" => SUMMARY.iter().any(|mark| line.value.contains(mark)),
        _ => false,
    })
}
