#![allow(clippy::unwrap_used)]
use chrono::NaiveDate;

use super::*;

fn calendar(body: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n")
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\r\n{lines}END:VEVENT\r\n")
}

fn works(text: &str, year: i32, day: &str) -> Option<bool> {
    days(text, Some(year)).unwrap().works(day.parse::<NaiveDate>().unwrap())
}

fn reason(body: &str) -> String {
    days(&calendar(body), Some(2026)).unwrap_err()[0].1.to_string()
}

#[test]
fn events_rest_and_those_marked_as_working_work() {
    let text = calendar(
        &[
            event("DTSTART;VALUE=DATE:20260501\r\nDTEND;VALUE=DATE:20260506\r\nSUMMARY:劳动节\r\n 假期\r\n"),
            event("DTSTART:20260509\r\nSUMMARY:劳动节 补班\r\n"),
            event("DTSTART:20260510\r\nCATEGORIES:holiday,Working\r\nSUMMARY:inventory\r\n"),
            event("DTSTART:20260512\r\nSTATUS:CANCELLED\r\n"),
            event("DTSTART:20251231\r\nDTEND:20260103\r\nSUMMARY:over the year's end\r\n"),
        ]
        .concat(),
    );
    for (day, expected) in [
        ("2026-04-30", true),
        ("2026-05-01", false),
        ("2026-05-05", false),
        ("2026-05-06", true),
        ("2026-05-09", true),
        ("2026-05-10", true),
        ("2026-05-12", true),
        ("2026-01-02", false),
        ("2026-01-05", true),
        ("2026-01-10", false),
    ] {
        assert_eq!(works(&text, 2026, day), Some(expected), "{day}");
    }
    assert_eq!(works(&text, 2026, "2025-12-31"), None, "only the year it is named after");
}

#[test]
fn in_a_file_that_marks_special_days_others_are_no_days_off() {
    let text = calendar(
        &[
            event("DTSTART:20260501\r\nX-APPLE-SPECIAL-DAY:WORK-HOLIDAY\r\nSUMMARY:劳动节（休）\r\n"),
            event("DTSTART:20260509\r\nX-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY\r\nSUMMARY:劳动节（班）\r\n"),
            event("DTSTART:20260505\r\nSUMMARY:立夏\r\n"),
        ]
        .concat(),
    );
    assert_eq!(works(&text, 2026, "2026-05-01"), Some(false));
    assert_eq!(works(&text, 2026, "2026-05-09"), Some(true));
    assert_eq!(works(&text, 2026, "2026-05-05"), Some(true));
}

#[test]
fn yearly_events_repeat_as_long_as_they_say() {
    let rule = |rule: &str, start: &str| calendar(&event(&format!("DTSTART:{start}\r\nRRULE:{rule}\r\n")));
    let rests = |text: &str, day: &str| works(text, day[..4].parse().unwrap(), day) == Some(false);
    let endless = rule("FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=4", "20200504");
    assert!(rests(&endless, "2026-05-04") && rests(&endless, "2037-05-04") && !rests(&endless, "2018-05-04"));
    let until = rule("FREQ=YEARLY;UNTIL=20251231T000000Z", "20200504");
    assert!(rests(&until, "2022-05-04") && !rests(&until, "2026-05-04"));
    let counted = rule("FREQ=YEARLY;COUNT=2", "20250506");
    assert!(rests(&counted, "2026-05-06") && !rests(&counted, "2027-05-06"));
    let every_other = rule("FREQ=YEARLY;INTERVAL=2", "20250506");
    assert!(!rests(&every_other, "2026-05-06") && rests(&every_other, "2027-05-06"));
    let leap = rule("FREQ=YEARLY", "20240229");
    assert!(rests(&leap, "2028-02-29"));
}

#[test]
fn years_come_from_the_name_or_from_the_calendar() {
    let both = calendar(&format!("X-SLUICE-YEARS:2025, 2026\r\n{}", event("DTSTART:20260501\r\n")));
    let found = days(&both, None).unwrap();
    assert_eq!(found.years().collect::<Vec<_>>(), [2025, 2026]);
    assert!(matches!(days(&both, Some(2026)).unwrap_err()[..], [(Some(_), Mistake::YearOfFile { year: 2026 })]));
    let neither = days(&calendar(&event("DTSTART:20260501\r\n")), None).unwrap_err();
    assert!(matches!(neither[..], [(None, Mistake::IcsYearsNeeded)]));
}

#[test]
fn what_could_change_the_days_is_refused_where_it_stands() {
    let start = "DTSTART:20260501\r\n";
    for (body, expected) in [
        (event("DTSTART:20260501T080000\r\n"), "all-day"),
        (event("DTSTART;VALUE=DATE-TIME:20260501\r\n"), "all-day"),
        (event("DTSTART:20260230\r\n"), "not a date"),
        (event("SUMMARY:x\r\n"), "no DTSTART"),
        (event(&format!("{start}DTEND:20260501\r\n")), "not after"),
        (event(&format!("{start}DTEND:20300501\r\n")), "more than a year"),
        (event(&format!("{start}RRULE:FREQ=WEEKLY\r\n")), "yearly"),
        (event(&format!("{start}RRULE:FREQ=YEARLY;BYDAY=1MO\r\n")), "yearly"),
        (event(&format!("{start}RRULE:FREQ=YEARLY;BYMONTH=6\r\n")), "yearly"),
        (event(&format!("{start}EXDATE:20270501\r\n")), "EXDATE"),
        (event(&format!("{start}DURATION:P2D\r\n")), "DURATION"),
        ("NONSENSE\r\n".to_owned(), "NAME:value"),
        ("BEGIN:VEVENT\r\nEND:VTODO\r\n".to_owned(), "END"),
    ] {
        let found = reason(&body);
        assert!(found.contains(expected), "{body}: {found}");
    }
    let text = calendar(&event("DTSTART:20260501T080000\r\n"));
    let span = days(&text, Some(2026)).unwrap_err()[0].0.clone().unwrap();
    assert_eq!(&text[span], "DTSTART:20260501T080000");
}

#[test]
fn hostile_files_are_errors_not_crashes() {
    let nested = "BEGIN:VCALENDAR\n".repeat(60_000);
    let folded = format!("BEGIN:VCALENDAR\nX:{}", "a\n ".repeat(300_000));
    let many = calendar(&event("DTSTART:20260501\r\n").repeat(6_000));
    let quotes = format!("BEGIN:VCALENDAR\nA;B=\"{}\n", ";B=\"".repeat(10_000));
    for text in [nested, folded, many, quotes, String::new(), "\u{feff}".into(), "END:VCALENDAR".into(), ":".into()] {
        let begun = std::time::Instant::now();
        assert!(days(&text, Some(2026)).is_err() || text.trim_start_matches('\u{feff}').is_empty());
        assert!(begun.elapsed().as_secs() < 10);
    }
}
