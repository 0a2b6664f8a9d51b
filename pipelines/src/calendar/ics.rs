//! Days out of an iCalendar file (RFC 5545).
//!
//! Monday to Friday work; each all-day event is days off, unless it is marked as working: by a category `WORKING`,
//! `WORKDAY`, `上班` or `补班`, by a summary with `上班`, `补班` or `（班）`, or by `X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY`.
//! In a file in which some event has `X-APPLE-SPECIAL-DAY`, the others are no days off (such files also carry solar terms
//! and the like). Cancelled events do not count. An event may repeat every year or every few years; anything finer has
//! no place in a list of holidays and is refused, as is everything else that could change which days are meant.
//!
//! A list of events does not say for which years it is complete: the file is named after its year (`bank-2027.ics`), or
//! its calendar says it: `X-SLUICE-YEARS:2026,2027`.

mod event;
mod line;

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::Datelike;

use super::days::{Days, Week};
use crate::spec::mistake::Mistake;
use event::Event;
use line::Line;

/// Most events of a file.
const MOST_EVENTS: usize = 5_000;
/// Years that a calendar may name.
const YEARS: std::ops::RangeInclusive<i32> = 1950..=2199;

/// A mistake and the bytes it is about; `None`: the file as a whole.
pub(crate) type Fault = (Option<Range<usize>>, Mistake);

/// The days a file declares. `named`: the year its name ends in.
///
/// # Errors
/// Every mistake of the file, at most one an event.
pub(crate) fn days(text: &str, named: Option<i32>) -> Result<Days, Vec<Fault>> {
    let read = read(text).map_err(|fault| vec![fault])?;
    let mut faults = read.faults;
    let years = match years(&read.years, named) {
        Ok(years) => years,
        Err(fault) => {
            faults.push(fault);
            BTreeSet::new()
        }
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut days = Days::default();
    for year in &years {
        days.add(Days::weekly(*year, Week::MONDAY_TO_FRIDAY));
    }
    let special = read.events.iter().any(|event| event.special.is_some());
    // A day that makes up for a holiday wins over a holiday that contains it, wherever it stands in the file.
    for works in [false, true] {
        for event in read.events.iter().filter(|event| event.works(special) == Some(works)) {
            for year in &years {
                event.days_in(*year).filter(|day| day.year() == *year).for_each(|day| days.set(day, works));
            }
        }
    }
    Ok(days)
}

/// What stands in a file.
#[derive(Debug, Default)]
struct Read {
    events: Vec<Event>,
    /// Values of `X-SLUICE-YEARS` and their bytes.
    years: Vec<(String, Range<usize>)>,
    faults: Vec<Fault>,
}

fn read(text: &str) -> Result<Read, Fault> {
    let mut read = Read::default();
    // Names of the components that are open, and the properties of the event that is.
    let mut open: Vec<String> = Vec::new();
    let mut event: Option<Vec<Line>> = None;
    for line in line::lines(text)? {
        let value = line.value.trim().to_ascii_uppercase();
        match (line.name.as_str(), open.as_slice()) {
            ("BEGIN", []) if value != "VCALENDAR" => return Err(fault(&line, "the file is not an iCalendar file")),
            ("BEGIN", _) if open.len() >= 8 => return Err(fault(&line, "components are nested too deeply")),
            ("BEGIN", _) => {
                if value == "VEVENT" {
                    event = Some(vec![line]);
                }
                open.push(value);
            }
            ("END", [.., last]) if *last == value => {
                open.pop();
                if value == "VEVENT"
                    && let Some(lines) = event.take()
                {
                    finish(&lines, &mut read);
                }
            }
            ("END", _) => return Err(fault(&line, "END does not match its BEGIN")),
            (_, []) => return Err(fault(&line, "the file is not an iCalendar file")),
            ("X-SLUICE-YEARS", [_]) => read.years.push((line.value, line.span)),
            (_, [.., last]) if last == "VEVENT" => event.iter_mut().for_each(|lines| lines.push(line.clone())),
            _ => {}
        }
        if read.events.len() > MOST_EVENTS {
            let bounds = format!("≤ {MOST_EVENTS}");
            return Err((None, Mistake::OutOfBounds { key: "VEVENT".into(), bounds }));
        }
    }
    if open.is_empty() { Ok(read) } else { Err((None, Mistake::Ics { reason: "END is missing" })) }
}

fn finish(lines: &[Line], read: &mut Read) {
    match Event::of(lines) {
        Ok(event) => read.events.extend(event),
        Err(fault) => read.faults.push(fault),
    }
}

fn fault(line: &Line, reason: &'static str) -> Fault {
    (Some(line.span.clone()), Mistake::Ics { reason })
}

fn years(given: &[(String, Range<usize>)], named: Option<i32>) -> Result<BTreeSet<i32>, Fault> {
    let mut years = BTreeSet::new();
    for (text, span) in given {
        for year in text.split(',') {
            match year.trim().parse::<i32>() {
                Ok(year) if YEARS.contains(&year) => years.insert(year),
                _ => return Err((Some(span.clone()), Mistake::Ics { reason: "a year is four digits" })),
            };
        }
    }
    match (named, given.first()) {
        (Some(year), Some((_, span))) if years != BTreeSet::from([year]) => {
            Err((Some(span.clone()), Mistake::YearOfFile { year }))
        }
        (Some(year), _) => Ok(BTreeSet::from([year])),
        (None, Some(_)) => Ok(years),
        (None, None) => Err((None, Mistake::IcsYearsNeeded)),
    }
}

#[cfg(test)]
mod tests;
