//! A cron line in the terms people say it in, for those forms that have a plain sentence.

use super::Cron;

/// Most times, dates or minutes that are still listed one by one.
const MOST: usize = 8;
/// Every hour of a day.
const ALL_HOURS: u64 = (1 << 24) - 1;

/// What a line says: at which times, on which days, in which months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Times of a day.
    pub times: Times,
    /// Days.
    pub days: DayShape,
    /// Months, from 1; empty: all.
    pub months: Vec<u32>,
}

/// Times of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Times {
    /// So many minutes apart, all day; a divisor of 60.
    EveryMinutes(u32),
    /// At these minutes of every hour.
    MinutesOfHour(Vec<u32>),
    /// So many hours apart, a divisor of 24, beginning at this minute after midnight.
    EveryHours {
        /// Hours between.
        hours: u32,
        /// Minute of the hour.
        minute: u32,
    },
    /// So many minutes apart, from one time (hour, minute) to another, both included.
    Between {
        /// Minutes between, a divisor of 60 or 60 itself.
        minutes: u32,
        /// First.
        from: (u32, u32),
        /// Last.
        to: (u32, u32),
    },
    /// At these times (hour, minute).
    At(Vec<(u32, u32)>),
}

/// Days of a month or a week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayShape {
    /// Every one.
    Every,
    /// These days of the week, 1 (Monday) to 7 (Sunday).
    Weekdays(Vec<u32>),
    /// These dates.
    Dates(Vec<u32>),
    /// Either of both.
    Either {
        /// Dates.
        dates: Vec<u32>,
        /// Days of the week, 1 to 7.
        weekdays: Vec<u32>,
    },
}

impl Cron {
    /// What the line says; `None` where a plain sentence would be longer than the line, or not say all of it.
    pub fn shape(&self) -> Option<Shape> {
        let months = bits(self.months);
        let months = if months.len() == 12 { Vec::new() } else { months };
        Some(Shape { times: self.times()?, days: self.day_shape()?, months })
    }

    fn times(&self) -> Option<Times> {
        let (minutes, hours) = (bits(self.minutes), bits(self.hours));
        let step = step(&minutes, 60);
        if self.hours == ALL_HOURS {
            return match step {
                Some(step) => Some(Times::EveryMinutes(step)),
                None => few(minutes).map(Times::MinutesOfHour),
            };
        }
        let (first, last) = (*hours.first()?, *hours.last()?);
        let run = hours.len() > 2 && last - first + 1 == u32::try_from(hours.len()).ok()?;
        if let [minute] = minutes[..] {
            return match self::step(&hours, 24) {
                Some(hours) => Some(Times::EveryHours { hours, minute }),
                None if run => Some(Times::Between { minutes: 60, from: (first, minute), to: (last, minute) }),
                None => few(hours).map(|hours| Times::At(hours.into_iter().map(|hour| (hour, minute)).collect())),
            };
        }
        if let Some(step) = step.filter(|_| run || hours.len() == 1) {
            return Some(Times::Between { minutes: step, from: (first, 0), to: (last, 60 - step) });
        }
        let all = hours.iter().flat_map(|hour| minutes.iter().map(|minute| (*hour, *minute)));
        let all: Vec<(u32, u32)> = all.take(MOST + 1).collect();
        (all.len() <= MOST).then_some(Times::At(all))
    }

    fn day_shape(&self) -> Option<DayShape> {
        let dates = Some(bits(self.days)).filter(|dates| dates.len() < 31);
        let weekdays = Some(bits(self.weekdays)).filter(|days| days.len() < 7);
        // Monday first, Sunday as 7.
        let weekdays = weekdays.map(|days| {
            let mut days: Vec<u32> = days.into_iter().map(|day| if day == 0 { 7 } else { day }).collect();
            days.sort_unstable();
            days
        });
        match (dates, weekdays) {
            (None, None) => Some(DayShape::Every),
            (None, Some(weekdays)) if self.any_day => Some(DayShape::Weekdays(weekdays)),
            (Some(dates), None) if self.any_weekday => few(dates).map(DayShape::Dates),
            (Some(dates), Some(weekdays)) if !self.any_day && !self.any_weekday => {
                few(dates).map(|dates| DayShape::Either { dates, weekdays })
            }
            // A restricted field that spells out every value, or one that begins with * and leaves some out.
            _ => None,
        }
    }
}

fn bits(set: u64) -> Vec<u32> {
    (0..64).filter(|bit| set >> bit & 1 == 1).collect()
}

fn few(values: Vec<u32>) -> Option<Vec<u32>> {
    (values.len() <= MOST).then_some(values)
}

/// The step of values that begin at 0 and come back to it: more than one of them, the step a divisor of the size.
fn step(values: &[u32], size: u32) -> Option<u32> {
    let [0, second, ..] = *values else { return None };
    let fits = size.is_multiple_of(second) && values.iter().copied().eq((0..size).step_by(second as usize));
    fits.then_some(second)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shape(line: &str) -> Option<Shape> {
        Cron::parse(line).unwrap().shape()
    }

    fn times(line: &str) -> Times {
        shape(line).unwrap().times
    }

    #[test]
    fn common_times_have_their_form() {
        for (line, expected) in [
            ("* * * * *", Times::EveryMinutes(1)),
            ("*/15 * * * *", Times::EveryMinutes(15)),
            ("0,30 * * * *", Times::EveryMinutes(30)),
            ("0 * * * *", Times::MinutesOfHour(vec![0])),
            ("5,35 * * * *", Times::MinutesOfHour(vec![5, 35])),
            ("0 */2 * * *", Times::EveryHours { hours: 2, minute: 0 }),
            ("10 0,6,12,18 * * *", Times::EveryHours { hours: 6, minute: 10 }),
            ("0 9-17 * * *", Times::Between { minutes: 60, from: (9, 0), to: (17, 0) }),
            ("*/30 8-17 * * *", Times::Between { minutes: 30, from: (8, 0), to: (17, 30) }),
            ("*/20 3 * * *", Times::Between { minutes: 20, from: (3, 0), to: (3, 40) }),
            ("30 2 * * *", Times::At(vec![(2, 30)])),
            ("30 2,14 * * *", Times::At(vec![(2, 30), (14, 30)])),
            ("5,35 1,13 * * *", Times::At(vec![(1, 5), (1, 35), (13, 5), (13, 35)])),
        ] {
            assert_eq!(times(line), expected, "{line}");
        }
    }

    #[test]
    fn days_and_months_have_theirs() {
        let shape = |line: &str| self::shape(line).unwrap();
        assert_eq!(shape("0 3 * * 1-5").days, DayShape::Weekdays(vec![1, 2, 3, 4, 5]));
        assert_eq!(shape("0 3 * * 0").days, DayShape::Weekdays(vec![7]));
        assert_eq!(shape("0 3 1,15 * *").days, DayShape::Dates(vec![1, 15]));
        assert_eq!(shape("0 3 13 * 5").days, DayShape::Either { dates: vec![13], weekdays: vec![5] });
        assert_eq!(
            shape("0 3 29 2 *"),
            Shape { times: Times::At(vec![(3, 0)]), days: DayShape::Dates(vec![29]), months: vec![2] }
        );
        assert_eq!(shape("0 3 * jan-dec *").months, Vec::<u32>::new());
    }

    #[test]
    fn what_has_no_plain_sentence_is_left_to_the_line() {
        for line in [
            "*/7 * * * *",
            "0 3 */2 * 5",
            "0 3 */2 * *",
            "0 3 1-31 * 5",
            "1,2,3 1,2,3 * * *",
            "7,8,9,11,12,14,15,16,17 * * * *",
        ] {
            assert_eq!(shape(line), None, "{line}");
        }
    }
}
