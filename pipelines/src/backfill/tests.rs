#![allow(clippy::unwrap_used, clippy::panic)]
//! Wishes as files: `backfill/cases/*.toml`. It is 2026-11-23 08:00, a Monday, in Shanghai.

use serde::Deserialize;

use super::*;
use crate::problem::Problem;
use crate::sample::{TickCase, at, city};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    pipeline: String,
    from: NaiveDate,
    to: NaiveDate,
    window: Option<String>,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    downstream: bool,
    #[serde(default)]
    tick: Vec<TickCase>,
    /// `business dates start–end fires there runs`, or the code of a refusal.
    slices: Vec<String>,
    #[serde(default)]
    following: usize,
    #[serde(default)]
    not_over: usize,
}

fn line(slice: &Slice) -> String {
    let local = |at: DateTime<Utc>| at.with_timezone(&chrono_tz::Asia::Shanghai).format("%m-%dT%H:%M").to_string();
    let tick = &slice.tick;
    let there = slice.there.map_or("absent", TickState::as_str);
    let runs = if slice.runs { "runs" } else { "stays" };
    let dates = format!("{}..{}", tick.biz_date, slice.last_date);
    format!("{dates} {}–{} {} {there} {runs}", local(tick.interval_start), local(tick.interval_end), slice.fires)
}

fn code(refusal: &Refusal) -> String {
    Problem::of(refusal, false).code
}

#[test]
fn wishes() {
    let file: File = toml::from_str(include_str!("cases/wishes.toml")).unwrap();
    let (project, timetable) = city();
    for case in &file.case {
        let ticks: Vec<Tick> = case.tick.iter().map(|tick| tick.row(&timetable)).collect();
        let wish = Wish {
            pipeline: case.pipeline.clone(),
            from: case.from,
            to: case.to,
            window: case.window.as_deref().map(|text| Window::parse(text).unwrap()),
            all: case.all,
            downstream: case.downstream,
            name: None,
        };
        match preview(&project, &timetable, &wish, &ticks, at("2026-11-23T08:00")) {
            Ok(preview) => {
                assert_eq!(preview.slices.iter().map(line).collect::<Vec<_>>(), case.slices, "{}", case.why);
                assert_eq!(preview.following.len(), case.following, "{}", case.why);
                assert_eq!(preview.not_over, case.not_over, "{}", case.why);
            }
            Err(refusal) => assert_eq!(vec![code(&refusal)], case.slices, "{}", case.why),
        }
    }
}

fn wish(pipeline: &str) -> Wish {
    let date = |text: &str| text.parse().unwrap();
    Wish {
        pipeline: pipeline.to_owned(),
        from: date("2026-11-16"),
        to: date("2026-11-19"),
        window: None,
        all: false,
        downstream: false,
        name: Some("november".to_owned()),
    }
}

#[test]
fn the_request_holds_what_runs_under_the_name_of_the_backfill() {
    let (project, timetable) = city();
    let preview = preview(&project, &timetable, &wish("city.plain"), &[], at("2026-11-23T08:00")).unwrap();
    let Some(Ask::Backfill { name, ticks, all: false }) = preview.ask() else { panic!("no request") };
    assert_eq!((name.as_str(), ticks.len()), ("november", 3));
    for tick in &ticks {
        assert_eq!(name_of(&tick.id.key), Some("november"));
        assert_eq!((tick.cause, tick.pool.as_str(), tick.priority), (Cause::Backfill, "backfill", 0));
        assert_eq!(tick.definition_digest, project.pipeline("city.plain").unwrap().digest);
    }
    assert_eq!(name_of("2026-11-20T18:30:00+00:00"), None);
    for name in ["", "a:b", "a b", "../x", "补数"] {
        let bad = Wish { name: Some(name.to_owned()), ..wish("city.plain") };
        let refusal = super::preview(&project, &timetable, &bad, &[], at("2026-11-23T08:00")).unwrap_err();
        assert_eq!(code(&refusal), "P824");
    }
}

#[test]
fn everybody_downstream_is_found_once_the_nearest_first() {
    let (project, _) = city();
    let found = downstream(&project, "city.plain");
    let told: Vec<_> = found.iter().map(|one| (one.pipeline.as_str(), one.steps, one.follows)).collect();
    let expected = [
        ("city.asked", 1, Follows::Supplies),
        ("city.hourly", 1, Follows::Backfill),
        ("city.reader", 2, Follows::Backfill),
        ("city.whole", 3, Follows::Rewrites),
    ];
    assert_eq!(told, expected);
    assert_eq!(found[0].supplies, ["scenario:inclusive_finance/plain"]);
    assert!(downstream(&project, "city.whole").is_empty());
}

#[test]
fn what_sources_have_forgotten_is_said() {
    let (project, timetable) = city();
    let notes = |pipeline: &str| {
        let preview = preview(&project, &timetable, &wish(pipeline), &[], at("2026-11-23T08:00")).unwrap();
        (preview.sources[0].memory, preview.targets[0].effect)
    };
    assert_eq!(notes("city.daily"), (Memory::Day, Effect::Missing));
    assert_eq!(notes("city.plain"), (Memory::Present, Effect::Refused));
    assert_eq!(notes("city.hourly"), (Memory::Library, Effect::Newer));
    assert!(reads_its_interval(&project.pipeline("city.daily").unwrap().spec));
    assert!(!reads_its_interval(&project.pipeline("city.plain").unwrap().spec));
}

#[test]
fn windows_are_calendar_units() {
    for text in ["1d", "2w", "12mo"] {
        assert!(Window::parse(text).is_ok(), "{text}");
    }
    for text in ["", "d", "0d", "1m", "1y", "-1d", "367d", "1.5w", "1 d"] {
        assert_eq!(code(&Window::parse(text).unwrap_err()), "P822", "{text}");
    }
}
