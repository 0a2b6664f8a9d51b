//! When a pipeline is due, in words: 每周一至周五 02:30（Asia/Shanghai，法定工作日）.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use pipelines::calendar::{Unpublished, WORKDAY};
use pipelines::occurrence;
use pipelines::plan::Covered;
use pipelines::project::{Pipeline, Project};
use pipelines::spec::cron::{Cron, DayShape, Shape, Times};
use pipelines::spec::pipeline::{AfterVersion, ScheduleSpec};
use pipelines::when::When;

use crate::messages::Messages;

/// Fires that people are shown.
const AHEAD: usize = 5;

/// The rule of a pipeline's schedule and its next fires, a line each; nothing without a schedule.
pub(crate) fn lines(messages: Messages, project: &Project, pipeline: &Pipeline, now: DateTime<Utc>) -> Vec<String> {
    let (Some(rule), Some(when)) = (rule(messages, project, pipeline), project.when(pipeline)) else {
        return Vec::new();
    };
    let mut lines = vec![rule];
    if when.has_fires() {
        let (next, unknown) = occurrence::ahead(&when, now, AHEAD);
        let today = now.with_timezone(&when.zone()).date_naive();
        lines.push(fires(messages, &next, today, unknown.as_ref()));
    }
    lines
}

/// The rule of a pipeline's schedule in one sentence; `None` without a schedule.
pub(crate) fn rule(messages: Messages, project: &Project, pipeline: &Pipeline) -> Option<String> {
    let schedule = pipeline.spec.schedule.as_ref()?;
    let when = project.when(pipeline)?;
    if !when.has_fires() {
        let tables = tables(messages, schedule, |_| true);
        return Some(messages.text("when.after.alone", &[("tables", &tables)]));
    }
    let mut frame = vec![when.zone().to_string()];
    frame.extend(when.calendar().map(|calendar| match calendar.name() {
        WORKDAY => messages.text("when.workday", &[]),
        name => messages.text("when.calendar", &[("name", &name)]),
    }));
    for (version, key) in [(AfterVersion::SameDay, "same_day"), (AfterVersion::New, "new")] {
        if schedule.after.iter().any(|after| after.version == version) {
            let tables = tables(messages, schedule, |own| own == version);
            frame.push(messages.text(&format!("when.after.{key}"), &[("tables", &tables)]));
        }
    }
    let frame = frame.join(&messages.text("when.frame_list", &[]));
    Some(messages.text("when.rule", &[("times", &times_of(messages, schedule, &when)), ("frame", &frame)]))
}

fn tables(messages: Messages, schedule: &ScheduleSpec, wanted: impl Fn(AfterVersion) -> bool) -> String {
    let named = schedule.after.iter().filter(|after| wanted(after.version)).map(|after| after.table.as_str());
    named.collect::<Vec<_>>().join(&messages.text("when.list", &[]))
}

fn times_of(messages: Messages, schedule: &ScheduleSpec, when: &When) -> String {
    match (when.cron(), &schedule.every) {
        (Some(cron), _) => cron_words(messages, cron),
        (None, Some(every)) => {
            let unit = every.chars().last().unwrap_or('s');
            let n = &every[..every.len() - unit.len_utf8()];
            let unit = messages.text(&format!("when.unit.{unit}"), &[]);
            messages.text("when.times.every", &[("n", &n), ("unit", &unit)])
        }
        (None, None) => String::new(),
    }
}

/// A cron line in words; the line itself where it has no plain sentence.
fn cron_words(messages: Messages, cron: &Cron) -> String {
    match cron.shape() {
        Some(shape) => shape_words(messages, &shape),
        None => messages.text("when.line", &[("line", cron)]),
    }
}

fn shape_words(messages: Messages, shape: &Shape) -> String {
    let (times, span) = times_words(messages, &shape.times);
    let list = |words: Vec<String>| words.join(&messages.text("when.list", &[]));
    let numbers = |numbers: &[u32]| list(numbers.iter().map(u32::to_string).collect());
    let (kind, days, dates) = match &shape.days {
        DayShape::Every => ("every", String::new(), String::new()),
        DayShape::Weekdays(days) => ("weekdays", weekdays(messages, days), String::new()),
        DayShape::Dates(dates) => ("dates", String::new(), numbers(dates)),
        DayShape::Either { dates, weekdays: days } => ("either", weekdays(messages, days), numbers(dates)),
    };
    let months = list(shape.months.iter().map(|month| messages.text(&format!("when.month.{month}"), &[])).collect());
    let frame = match shape.months.len() {
        0 => "days",
        1 => "month_of",
        _ => "months",
    };
    let key = format!("when.{frame}.{kind}{}", if span { "_span" } else { "" });
    messages.text(&key, &[("times", &times), ("days", &days), ("dates", &dates), ("months", &months)])
}

/// Times of a day in words, and whether they span it rather than being times of the clock.
fn times_words(messages: Messages, times: &Times) -> (String, bool) {
    let clock = |(hour, minute): (u32, u32)| format!("{hour:02}:{minute:02}");
    let list = |words: Vec<String>| words.join(&messages.text("when.list", &[]));
    let text = |key: &str, parameters: &[(&str, &dyn std::fmt::Display)]| {
        messages.text(&format!("when.times.{key}"), parameters)
    };
    let span = match times {
        Times::At(times) => return (list(times.iter().copied().map(clock).collect()), false),
        Times::EveryMinutes(1) => text("minute", &[]),
        Times::EveryMinutes(n) => text("minutes", &[("n", n)]),
        Times::MinutesOfHour(minutes) if minutes[..] == [0] => text("hour", &[]),
        Times::MinutesOfHour(minutes) => {
            text("hour_minutes", &[("minutes", &list(minutes.iter().map(u32::to_string).collect()))])
        }
        Times::EveryHours { hours, minute } => text("hours", &[("n", hours), ("first", &clock((0, *minute)))]),
        Times::Between { minutes, from, to } => {
            let key = if *minutes == 60 { "between_hours" } else { "between" };
            text(key, &[("n", minutes), ("from", &clock(*from)), ("to", &clock(*to))])
        }
    };
    (span, true)
}

/// 周一至周五, or one by one.
fn weekdays(messages: Messages, days: &[u32]) -> String {
    let name = |day: &u32| messages.text(&format!("when.weekday.{day}"), &[]);
    match days {
        [first, .., last] if days.len() > 2 && (last - first) as usize + 1 == days.len() => {
            messages.text("when.range.weekdays", &[("from", &name(first)), ("to", &name(last))])
        }
        _ => days.iter().map(name).collect::<Vec<_>>().join(&messages.text("when.list", &[])),
    }
}

/// The next fires with their business dates, in the order given; a year is told where it is not the one before,
/// beginning with `today`'s. `unknown`: where the calendar knows no further.
fn fires(messages: Messages, next: &[Covered], today: NaiveDate, unknown: Option<&Unpublished>) -> String {
    let mut year = today.year();
    let mut words = Vec::new();
    for covered in next {
        let at = covered.time.interval_end;
        let key = if at.year() == year { "when.fire.plain" } else { "when.fire.year" };
        year = at.year();
        words.push(messages.text(
            key,
            &[
                ("year", &year),
                ("month", &messages.text(&format!("when.month.{}", at.month()), &[])),
                ("day", &at.day()),
                ("weekday", &messages.text(&format!("when.weekday.{}", at.weekday().number_from_monday()), &[])),
                ("time", &at.format("%H:%M")),
                ("dates", &dates(messages, covered)),
            ],
        ));
    }
    words.extend(
        unknown
            .map(|unknown| messages.text("when.unknown", &[("calendar", &unknown.calendar), ("year", &unknown.year)])),
    );
    messages.text("when.next", &[("fires", &words.join(&messages.text("when.fire_list", &[])))])
}

/// 11-20至11-22; with years where they differ from the year of the fire.
fn dates(messages: Messages, covered: &Covered) -> String {
    let year = covered.time.interval_end.year();
    let text = |date: NaiveDate| {
        let short = date.year() == year;
        date.format(if short { "%m-%d" } else { "%Y-%m-%d" }).to_string()
    };
    let (first, last) = (covered.business_date, covered.last_business_date);
    if first == last {
        return text(first);
    }
    messages.text("when.fire.dates", &[("first", &text(first)), ("last", &text(last))])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use pipelines::calendar::Calendars;

    use super::*;
    use crate::Language;

    fn words(language: Language, line: &str) -> String {
        cron_words(Messages::new(language), &Cron::parse(line).unwrap())
    }

    #[test]
    fn lines_are_told_in_both_languages() {
        for (line, zh, en) in [
            ("* * * * *", "每分钟", "every minute"),
            ("*/15 * * * *", "每15分钟", "every 15 minutes"),
            ("0 * * * *", "每小时整点", "every hour on the hour"),
            ("5,35 * * * *", "每小时的第5、35分", "every hour at minute 5, 35"),
            ("10 */6 * * *", "从00:10起每6小时", "every 6 hours from 00:10"),
            (
                "*/30 8-17 * * 1-5",
                "每周一至周五，08:00至17:30每30分钟",
                "every 30 minutes from 08:00 to 17:30, every Mon to Fri",
            ),
            ("30 2 * * *", "每天 02:30", "every day at 02:30"),
            ("30 2,14 * * *", "每天 02:30、14:30", "every day at 02:30, 14:30"),
            ("0 3 * * 0", "每周日 03:00", "every Sun at 03:00"),
            ("0 3 * * 1,4", "每周一、周四 03:00", "every Mon, Thu at 03:00"),
            ("0 3 1,15 * *", "每月1、15日 03:00", "on day 1, 15 of every month at 03:00"),
            ("0 3 29 2 *", "每年2月29日 03:00", "on Feb 29 at 03:00"),
            ("0 3 1,15 3,6 *", "每年3月、6月的1、15日 03:00", "on day 1, 15 of Mar, Jun at 03:00"),
            ("0 3 13 * 5", "每月13日或每周五 03:00", "on day 13 of every month and every Fri at 03:00"),
            ("0 3 * 11,12 7", "11月、12月的每周日 03:00", "every Sun of Nov, Dec at 03:00"),
            ("*/7 * * * *", "按 cron 行 */7 * * * *", "by the cron line */7 * * * *"),
        ] {
            assert_eq!(words(Language::Zh, line), zh, "{line}");
            assert_eq!(words(Language::En, line), en, "{line}");
        }
    }

    #[test]
    fn fires_carry_their_business_dates_and_new_years() {
        let spec =
            ScheduleSpec { cron: Some("30 2 * * *".into()), calendar: Some(WORKDAY.into()), ..ScheduleSpec::default() };
        let when = When::of(&spec, chrono_tz::Asia::Shanghai, &Calendars::shipped()).unwrap();
        let today = NaiveDate::from_ymd_opt(2025, 12, 30).unwrap();
        let (next, _) = occurrence::ahead(&when, "2025-12-30T00:00:00Z".parse().unwrap(), 3);
        let unknown = Unpublished { calendar: WORKDAY.into(), year: 2027 };
        assert_eq!(
            fires(Messages::new(Language::Zh), &next, today, Some(&unknown)),
            "接下来：12月31日 周三 02:30（业务日期12-30）；2026年1月4日 周日 02:30（业务日期2025-12-31至01-03）；\
             1月5日 周一 02:30（业务日期01-04）；日历“workday”还没有2027年"
        );
        assert_eq!(
            fires(Messages::new(Language::En), &next[1..2], today, None),
            "Next: Sun 4 Jan 2026 02:30 (business date 2025-12-31 to 01-03)"
        );
    }
}
