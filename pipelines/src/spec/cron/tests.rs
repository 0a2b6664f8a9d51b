#![allow(clippy::unwrap_used)]
use super::*;
use chrono::{SecondsFormat, TimeZone};

fn cron(line: &str) -> Cron {
    Cron::parse(line).unwrap()
}

fn instant(zone: Tz, text: &str) -> DateTime<Tz> {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&zone)
}

/// The next fires after an instant, as local times with their offsets.
fn fires(line: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
    let mut at = instant(zone, after);
    let mut found = Vec::new();
    for _ in 0..count {
        at = cron(line).next_after(at).unwrap();
        found.push(at.to_rfc3339_opts(SecondsFormat::Secs, false)[..22].to_owned());
    }
    found
}

const SHANGHAI: Tz = Tz::Asia__Shanghai;

#[test]
fn weekdays_count_from_sunday_zero_or_seven() {
    // 2026-11-22 is a Sunday.
    for line in ["0 0 * * 0", "0 0 * * 7", "0 0 * * sun", "0 0 * * SUN"] {
        assert_eq!(
            fires(line, SHANGHAI, "2026-11-20T00:00:00+08:00", 2),
            ["2026-11-22T00:00:00+08", "2026-11-29T00:00:00+08"]
        );
    }
    assert_eq!(
        fires("30 2 * * 1-5", SHANGHAI, "2026-11-20T02:30:00+08:00", 2),
        ["2026-11-23T02:30:00+08", "2026-11-24T02:30:00+08"]
    );
    assert_eq!(
        fires("0 0 * * fri-mon", SHANGHAI, "2026-11-19T00:00:00+08:00", 5),
        [
            "2026-11-20T00:00:00+08",
            "2026-11-21T00:00:00+08",
            "2026-11-22T00:00:00+08",
            "2026-11-23T00:00:00+08",
            "2026-11-27T00:00:00+08"
        ]
    );
    assert_eq!(cron("0 0 * * 5-7").weekdays, 0b110_0001);
    assert_eq!(cron("0 0 1 nov-feb *").months, 0b1_1000_0000_0110);
    assert_eq!(cron("0 0 * * 0-7").weekdays, 0b111_1111);
}

#[test]
fn either_day_field_fires_when_both_are_restricted() {
    // Fridays and the 13th: Nov 2026 has Friday 6, 13, 20, 27; December 13 is a Sunday.
    assert_eq!(
        fires("0 0 13 * 5", SHANGHAI, "2026-12-05T00:00:00+08:00", 3),
        ["2026-12-11T00:00:00+08", "2026-12-13T00:00:00+08", "2026-12-18T00:00:00+08"]
    );
    // A field that begins with * is not restricted: odd days that are Fridays.
    assert_eq!(
        fires("0 0 */2 * 5", SHANGHAI, "2026-11-01T00:00:00+08:00", 2),
        ["2026-11-13T00:00:00+08", "2026-11-27T00:00:00+08"]
    );
}

#[test]
fn lists_steps_and_leap_days() {
    assert_eq!(
        fires("*/20 8-9 * * *", SHANGHAI, "2026-11-20T09:39:59+08:00", 2),
        ["2026-11-20T09:40:00+08", "2026-11-21T08:00:00+08"]
    );
    assert_eq!(fires("0 0 29 2 *", SHANGHAI, "2096-03-01T00:00:00+08:00", 1), ["2104-02-29T00:00:00+08"]);
    assert_eq!(
        fires("5,35 1,13 * * *", SHANGHAI, "2026-11-20T01:05:00+08:00", 3),
        ["2026-11-20T01:35:00+08", "2026-11-20T13:05:00+08", "2026-11-20T13:35:00+08"]
    );
    // Half-hour zone.
    assert_eq!(fires("0 2 * * *", Tz::Asia__Kolkata, "2026-11-20T00:00:00Z", 1), ["2026-11-21T02:00:00+05"]);
}

#[test]
fn a_gap_delays_a_fixed_time_and_passes_over_an_elapsed_one() {
    let zone = Tz::America__New_York; // 2026-03-08 02:00 → 03:00
    assert_eq!(
        fires("30 2 * * *", zone, "2026-03-07T12:00:00Z", 2),
        ["2026-03-08T03:00:00-04", "2026-03-09T02:30:00-04"]
    );
    // Two swallowed times and one at the end of the gap are one fire.
    assert_eq!(
        fires("0,30 2,3 8 3 *", zone, "2026-03-07T12:00:00Z", 2),
        ["2026-03-08T03:00:00-04", "2026-03-08T03:30:00-04"]
    );
    assert_eq!(
        fires("30 * * * *", zone, "2026-03-08T06:00:00Z", 2),
        ["2026-03-08T01:30:00-05", "2026-03-08T03:30:00-04"]
    );
    // Asia/Shanghai, 1986-05-04 02:00 → 03:00.
    assert_eq!(fires("30 2 * * *", SHANGHAI, "1986-05-03T20:00:00+08:00", 1), ["1986-05-04T03:00:00+09"]);
    // Lord Howe loses half an hour: 2026-10-04 02:00 → 02:30.
    assert_eq!(fires("15 2 * * *", Tz::Australia__Lord_Howe, "2026-10-03T12:00:00Z", 1), ["2026-10-04T02:30:00+11"]);
    // Samoa had no 30 December 2011.
    assert_eq!(fires("0 12 30 12 *", Tz::Pacific__Apia, "2011-12-29T00:00:00Z", 1), ["2011-12-31T00:00:00+14"]);
}

#[test]
fn a_repeated_time_fires_once_if_fixed_and_twice_if_elapsed() {
    let zone = Tz::America__New_York; // 2026-11-01 02:00 → 01:00
    assert_eq!(
        fires("30 1 * * *", zone, "2026-11-01T00:00:00-04:00", 2),
        ["2026-11-01T01:30:00-04", "2026-11-02T01:30:00-05"]
    );
    assert_eq!(
        fires("30 * * * *", zone, "2026-11-01T01:00:00-04:00", 3),
        ["2026-11-01T01:30:00-04", "2026-11-01T01:30:00-05", "2026-11-01T02:30:00-05"]
    );
    // Lord Howe: 2026-04-05 02:00 → 01:30.
    assert_eq!(
        fires("45 1 * * *", Tz::Australia__Lord_Howe, "2026-04-04T12:00:00Z", 2),
        ["2026-04-05T01:45:00+11", "2026-04-06T01:45:00+10"]
    );
    // Asia/Shanghai, 1986-09-14 02:00 → 01:00.
    assert_eq!(
        fires("30 1 * * *", SHANGHAI, "1986-09-13T20:00:00+09:00", 2),
        ["1986-09-14T01:30:00+09", "1986-09-15T01:30:00+08"]
    );
}

#[test]
fn before_and_after_agree_around_every_change() {
    let lines = ["*/7 * * * *", "30 2 * * *", "0,30 0-3,23 * * *", "*/30 0,23 * * *", "15 * * * 0"];
    let zones = [Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::America__Havana, Tz::Pacific__Apia];
    for zone in zones {
        for year in [2011, 2026] {
            for (month, day) in [(3, 6), (4, 2), (10, 1), (10, 30), (12, 28)] {
                let start = zone.with_ymd_and_hms(year, month, day, 12, 0, 0).unwrap();
                for line in lines {
                    walk(&cron(line), start);
                }
            }
        }
    }
}

/// Every fire found going forward is found going back, and nothing lies between.
fn walk(cron: &Cron, start: DateTime<Tz>) {
    let mut at = start;
    let end = start + chrono::Duration::days(5);
    while at < end {
        let next = cron.next_after(at).unwrap();
        assert!(next > at);
        assert_eq!(cron.previous_at_or_before(next), Some(next), "{cron} {next}");
        let just_before = next - chrono::Duration::seconds(1);
        let previous = cron.previous_at_or_before(just_before).unwrap();
        assert!(previous < next && (previous <= at), "{cron} {previous} {at} {next}");
        assert_eq!(cron.next_after(previous), Some(next), "{cron} {previous}");
        at = next;
    }
}

#[test]
fn other_dialects_are_refused_with_the_reason_and_the_conversion() {
    for (line, code, converted) in [
        ("@daily", "P141", Some("0 0 * * *")),
        ("@reboot", "P141", None),
        ("0 30 2 * * ?", "P140", Some("30 2 * * *")),
        ("0 30 2 * * MON-FRI", "P140", Some("30 2 * * MON-FRI")),
        ("0 30 2 ? * 2", "P140", None),
        ("30 2 * *", "P140", None),
        ("", "P140", None),
        ("30 2 ? * 1", "P142", Some("30 2 * * 1")),
        ("30 2 L * *", "P142", None),
        ("30 2 15W * *", "P142", None),
        ("30 2 * * 5L", "P142", None),
        ("30 2 * * fri#2", "P142", None),
        ("0 22-3 * * *", "P143", Some("0 22-23,0-3 * * *")),
        ("0 22-3/2 * * *", "P143", Some("0 22,0,2 * * *")),
        ("0 1,22-3 * * *", "P143", Some("0 1,22-23,0-3 * * *")),
        ("0 0 * * 5-1", "P143", Some("0 0 * * 5-6,0-1")),
        ("0 0 * * 7-2", "P143", Some("0 0 * * 7,0-2")),
        ("0 0 * 11-2 *", "P143", Some("0 0 * 11-12,1-2 *")),
        ("60 2 * * *", "P144", None),
        ("0 24 * * *", "P144", None),
        ("0 0 0 * *", "P144", None),
        ("0 0 * * 8", "P144", None),
        ("0 0 99999999999999999999 * *", "P144", None),
        ("a * * * *", "P145", None),
        ("0 0 * * 周一", "P145", None),
        ("1, * * * *", "P145", None),
        ("1--2 * * * *", "P145", None),
        ("** * * * *", "P145", None),
        ("-1 * * * *", "P145", None),
        ("0 0 31 2,4 *", "P146", None),
        ("0 0 30 2 *", "P146", None),
        ("5/15 * * * *", "P147", Some("5-59/15 * * * *")),
        ("*/0 * * * *", "P147", None),
        ("*/90 * * * *", "P147", None),
        ("*/x * * * *", "P147", None),
    ] {
        let error = Cron::parse(line).unwrap_err();
        assert_eq!(serde_json::to_value(&error).unwrap()["code"], code, "{line}");
        assert_eq!(error.converted(), converted, "{line}");
    }
    assert!(Cron::parse(&"1,".repeat(100_000)).is_err());
}
