//! One field of a cron line.

use super::CronError;
use crate::spec::forms::cut;

/// What a field may hold.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    lowest: u32,
    highest: u32,
    /// Names of the values from `lowest` on.
    names: &'static [&'static str],
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The five fields, in order.
pub(super) const FIELDS: [Field; 5] = [
    Field { name: "minute", lowest: 0, highest: 59, names: &[] },
    Field { name: "hour", lowest: 0, highest: 23, names: &[] },
    Field { name: "day", lowest: 1, highest: 31, names: &[] },
    Field { name: "month", lowest: 1, highest: 12, names: &MONTHS },
    Field { name: "weekday", lowest: 0, highest: 7, names: &WEEKDAYS },
];

/// Why a field does not parse, and the text that would.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) error: CronError,
    /// The whole field rewritten, where that is possible.
    pub(super) rewritten: Option<String>,
}

struct Bounds {
    from: u32,
    to: u32,
    named: bool,
}

impl Field {
    /// The values of a field as bits.
    pub(super) fn parse(&self, text: &str) -> Result<u64, Refused> {
        let mut bits = 0;
        for element in text.split(',') {
            bits |= self.element(element).map_err(|(error, element_rewritten)| Refused {
                error,
                rewritten: element_rewritten.map(|new| {
                    let parts = text.split(',').map(|part| if part == element { new.as_str() } else { part });
                    parts.collect::<Vec<_>>().join(",")
                }),
            })?;
        }
        Ok(bits)
    }

    fn element(&self, element: &str) -> Result<u64, (CronError, Option<String>)> {
        let plain = |error| (error, None);
        let (range, step) = match element.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (element, None),
        };
        let bounds = self.bounds(range).map_err(plain)?;
        let Some(step) = step else {
            return self.spread(element, &bounds, 1);
        };
        let step_error = || CronError::Step { text: cut(element), field: self.name, converted: None };
        let number = number(step).ok_or_else(|| (step_error(), None))?;
        if range != "*" && !range.contains('-') {
            let rewritten = format!("{range}-{}/{step}", self.last());
            return Err((step_error(), Some(rewritten)));
        }
        let span = self.last() - self.lowest + 1;
        if number == 0 || number > span {
            return Err(plain(step_error()));
        }
        self.spread(element, &bounds, number)
    }

    /// Highest value that is not a second name of another one.
    fn last(&self) -> u32 {
        if self.wraps_at_seven() { 6 } else { self.highest }
    }

    fn wraps_at_seven(&self) -> bool {
        self.highest == 7
    }

    fn bounds(&self, range: &str) -> Result<Bounds, CronError> {
        if range == "*" {
            return Ok(Bounds { from: self.lowest, to: self.last(), named: false });
        }
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        let ((from, from_named), (to, to_named)) = (self.value(from, range)?, self.value(to, range)?);
        Ok(Bounds { from, to, named: from_named || to_named })
    }

    /// A number or a name, and whether it was a name.
    fn value(&self, text: &str, range: &str) -> Result<(u32, bool), CronError> {
        let lower = text.to_ascii_lowercase();
        if let Some(at) = self.names.iter().position(|name| *name == lower) {
            return Ok((self.lowest + u32::try_from(at).unwrap_or(0), true));
        }
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CronError::Syntax { text: cut(range), field: self.name });
        }
        number(text)
            .filter(|value| (self.lowest..=self.highest).contains(value))
            .map(|value| (value, false))
            .ok_or_else(|| CronError::Value {
                value: cut(text),
                field: self.name,
                lowest: self.lowest,
                highest: self.highest,
            })
    }

    fn spread(&self, element: &str, bounds: &Bounds, step: u32) -> Result<u64, (CronError, Option<String>)> {
        let values = self.values(bounds, step);
        if bounds.from > bounds.to && !bounds.named {
            let error = CronError::Reversed { range: cut(element), field: self.name, converted: None };
            return Err((error, Some(self.split(bounds, step, &values))));
        }
        Ok(values.iter().fold(0, |bits, value| bits | 1 << self.fold(*value)))
    }

    /// 7 is Sunday, which is 0.
    fn fold(&self, value: u32) -> u32 {
        if self.wraps_at_seven() { value % 7 } else { value }
    }

    /// The values from one bound to the other, around the end where the range wraps.
    fn values(&self, bounds: &Bounds, step: u32) -> Vec<u32> {
        let size = self.last() - self.lowest + 1;
        let length = if bounds.from <= bounds.to {
            bounds.to - bounds.from
        } else {
            (self.fold(bounds.to) + size - bounds.from % (self.last() + 1)) % size
        };
        (0..=length)
            .step_by(step as usize)
            .map(|offset| {
                let value = bounds.from + offset;
                if bounds.from <= bounds.to { value } else { (value - self.lowest) % size + self.lowest }
            })
            .collect()
    }

    /// A reversed range as ranges that run forwards.
    fn split(&self, bounds: &Bounds, step: u32, values: &[u32]) -> String {
        if step != 1 {
            let list: Vec<String> = values.iter().map(u32::to_string).collect();
            return list.join(",");
        }
        let range = |from: u32, to: u32| {
            if from == to { from.to_string() } else { format!("{from}-{to}") }
        };
        let upper = if bounds.from > self.last() { bounds.from } else { self.last() };
        format!("{},{}", range(bounds.from, upper), range(self.lowest, bounds.to))
    }
}

fn number(text: &str) -> Option<u32> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
