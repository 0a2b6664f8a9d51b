//! `calendars/*.toml` and `calendars/*.ics`.

use std::collections::BTreeMap;

use super::super::draft::Draft;
use super::super::finding::Finding;
use crate::calendar::{Calendars, Days, WORKDAY, ics, listed};
use crate::spec::diagnostic::{Diagnostic, Severity};
use crate::spec::forms;
use crate::spec::mistake::{Hint, Mistake};

use super::desk::Desk;

/// Checks all calendar files and gives the calendars that come of them.
pub(super) fn check(draft: &Draft, list: &mut Vec<Diagnostic>) -> Calendars {
    let mut files: Vec<CalendarFile<'_>> = Vec::new();
    for (index, file) in draft.calendars.iter().enumerate() {
        files.extend(named(&file.place.file, Some(index), list));
    }
    for file in &draft.ics {
        files.extend(named(file, None, list));
    }
    // Others build on it.
    files.sort_by_key(|file| file.name != WORKDAY);
    let mut builder = Builder { draft, calendars: Calendars::shipped(), first: BTreeMap::new(), list };
    for file in &files {
        builder.file(file);
    }
    builder.calendars
}

/// A file with what its name says.
struct CalendarFile<'a> {
    file: &'a str,
    /// Among the TOML files; `None`: iCalendar.
    toml: Option<usize>,
    name: &'a str,
    year: Option<i32>,
}

/// `calendars/bank-2027.toml` is the year 2027 of `bank`.
fn named<'a>(file: &'a str, toml: Option<usize>, list: &mut Vec<Diagnostic>) -> Option<CalendarFile<'a>> {
    let stem = file.rsplit_once('/').map_or(file, |(_, name)| name).rsplit_once('.').map_or(file, |(stem, _)| stem);
    let year = |text: &str| text.parse().ok().filter(|year| text.len() == 4 && (1950..=2199).contains(year));
    let split = stem.rsplit_once('-').and_then(|(name, digits)| Some((name, year(digits)?)));
    let (name, year) = split.map_or((stem, None), |(name, year)| (name, Some(year)));
    match forms::name("calendar", name) {
        Ok(()) => Some(CalendarFile { file, toml, name, year }),
        Err(error) => {
            list.push(Finding::from(error).at(Severity::Error, file, None));
            None
        }
    }
}

struct Builder<'a> {
    draft: &'a Draft,
    calendars: Calendars,
    /// Calendar and year (`None`: every year) → the file that has it first.
    first: BTreeMap<(&'a str, Option<i32>), &'a str>,
    list: &'a mut Vec<Diagnostic>,
}

impl<'a> Builder<'a> {
    fn file(&mut self, file: &CalendarFile<'a>) {
        let days = match file.toml {
            Some(index) => self.toml(file, index),
            None => self.ics(file),
        };
        let Some(days) = days else { return };
        let years = days.years().map(Some).chain(days.is_endless().then_some(None));
        for year in years.collect::<Vec<_>>() {
            if let Some(first) = self.first.insert((file.name, year), file.file) {
                let name = year.map_or_else(|| file.name.to_owned(), |year| format!("{} {year}", file.name));
                let hint = Hint::FirstAt { file: first.to_owned(), line: 1 };
                self.report(file.file, None, Finding::from(Mistake::Duplicate { what: "calendar", name }).hint(hint));
                return;
            }
        }
        self.calendars.add(file.name, days);
    }

    fn toml(&mut self, file: &CalendarFile<'a>, index: usize) -> Option<Days> {
        let read = &self.draft.calendars[index];
        let mut desk = Desk::new(&read.place, &self.draft.sources, self.list);
        if file.name == WORKDAY && file.year.is_none() && read.spec.calendar.years.is_none() {
            desk.value("calendar", Mistake::YearsNeeded);
            return None;
        }
        match listed::days(&read.spec, file.year, self.calendars.workday()) {
            Ok(days) => Some(days),
            Err(faults) => {
                faults.into_iter().for_each(|(path, mistake)| desk.value(&path, mistake));
                None
            }
        }
    }

    fn ics(&mut self, file: &CalendarFile<'a>) -> Option<Days> {
        let text = self.draft.sources.get(file.file)?.text();
        match ics::days(text, file.year) {
            Ok(days) => Some(days),
            Err(faults) => {
                for (span, mistake) in faults {
                    self.report(file.file, span, mistake);
                }
                None
            }
        }
    }

    fn report(&mut self, file: &str, span: Option<std::ops::Range<usize>>, finding: impl Into<Finding>) {
        self.list.push(finding.into().at(Severity::Error, file, span));
    }
}
