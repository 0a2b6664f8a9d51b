//! From text to [`Cron`], with the conversions that refusals offer.

use chrono::NaiveDate;

use super::field::{FIELDS, Refused};
use super::{Cron, CronError};
use crate::spec::forms::cut;

/// Longest line that is looked at.
const LONGEST: usize = 1_000;

const ALIASES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

pub(super) fn parse(line: &str) -> Result<Cron, CronError> {
    if line.len() > LONGEST {
        return Err(CronError::Syntax { text: cut(line), field: "minute" });
    }
    if line.trim_start().starts_with('@') {
        return Err(alias(line.trim()));
    }
    let texts: Vec<&str> = line.split_whitespace().collect();
    let Ok(fields) = <[&str; 5]>::try_from(texts.as_slice()) else {
        return Err(field_count(&texts));
    };
    if let Some(error) = quartz(&fields) {
        return Err(error);
    }
    let mut bits = [0_u64; 5];
    for (at, field) in FIELDS.iter().enumerate() {
        bits[at] = field.parse(fields[at]).map_err(|refused| converted(refused, &fields, at))?;
    }
    let cron = Cron {
        text: fields.join(" "),
        minutes: bits[0],
        hours: bits[1],
        days: bits[2],
        months: bits[3],
        weekdays: bits[4],
        any_day: fields[2].starts_with('*'),
        any_weekday: fields[4].starts_with('*'),
        elapsed: fields[0].starts_with('*') || fields[1].starts_with('*'),
    };
    if fires_some_day(&cron) { Ok(cron) } else { Err(CronError::Never) }
}

fn alias(text: &str) -> CronError {
    let error = CronError::Alias { alias: cut(text), converted: None };
    let line = ALIASES.iter().find(|(alias, _)| *alias == text.to_ascii_lowercase());
    match line {
        Some((_, line)) => error.offer((*line).to_owned()),
        None => error,
    }
}

/// Six and seven fields are Quartz or Spring lines: second first, year last. Convertible when the second is 0 and no
/// weekday number is involved, since Quartz counts Sunday as 1 and Spring as 0.
fn field_count(texts: &[&str]) -> CronError {
    let error = CronError::FieldCount { found: texts.len(), converted: None };
    let year_free = texts.len() == 6 || (texts.len() == 7 && texts[6] == "*");
    let Some(weekday) = texts.get(5).filter(|_| year_free && texts[0] == "0") else {
        return error;
    };
    if weekday.bytes().any(|byte| byte.is_ascii_digit()) {
        return error;
    }
    let five: Vec<&str> = texts[1..6].iter().map(|text| if *text == "?" { "*" } else { *text }).collect();
    error.offer(five.join(" "))
}

fn quartz(fields: &[&str; 5]) -> Option<CronError> {
    for (at, field) in FIELDS.iter().enumerate() {
        let text = fields[at].to_ascii_uppercase();
        let letter = match text.as_str() {
            "?" => Some('?'),
            _ if at == 2 || at == 4 => quartz_letter(&text),
            _ => None,
        };
        if let Some(letter) = letter {
            let error = CronError::Quartz { letter, field: field.name, converted: None };
            return Some(if letter == '?' { error.offer(fields.join(" ").replace('?', "*")) } else { error });
        }
    }
    None
}

/// `L`, `LW`, `15W`, `5L`, `FRI#2`, a `?` among other things.
fn quartz_letter(text: &str) -> Option<char> {
    text.split(',').find_map(|element| {
        if element.contains('#') {
            Some('#')
        } else if element.contains('?') {
            Some('?')
        } else if element == "L" || element == "LW" || element.starts_with("L-") || ends_number(element, 'L') {
            Some('L')
        } else if element == "W" || ends_number(element, 'W') {
            Some('W')
        } else {
            None
        }
    })
}

fn ends_number(element: &str, letter: char) -> bool {
    element.strip_suffix(letter).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn converted(refused: Refused, fields: &[&str; 5], at: usize) -> CronError {
    match refused.rewritten {
        Some(rewritten) => {
            let mut fields = fields.map(str::to_owned);
            fields[at] = rewritten;
            refused.error.offer(fields.join(" "))
        }
        None => refused.error,
    }
}

/// Looks through the eight years around a skipped leap year, in which every date and weekday that exists occurs.
fn fires_some_day(cron: &Cron) -> bool {
    // With a weekday alone, or either of the two, some day always fits; a date alone must exist in one of its months.
    let Some(first) = NaiveDate::from_ymd_opt(2000, 1, 1) else {
        return true;
    };
    // 28 years hold every pair of date and weekday.
    first.iter_days().take(28 * 366).any(|day| cron.matches_day(day))
}
