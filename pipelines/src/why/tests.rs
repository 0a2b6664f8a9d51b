#![allow(clippy::unwrap_used, clippy::panic)]
//! Questions as files: `why/cases/*.toml`. It is 2026-11-23 08:00:30, a Monday, in Shanghai.

use chrono::TimeDelta;
use chrono_tz::Asia::Shanghai;
use serde::Deserialize;

use super::*;
use crate::sample::{TickCase, at, city};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    ask: String,
    pipeline: String,
    #[serde(default)]
    tick: Vec<TickCase>,
    anchor: Option<String>,
    found: String,
}

fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&Shanghai).format("%Y-%m-%dT%H:%M").to_string()
}

fn told(why: &Why) -> String {
    match &why.finding {
        Finding::Tick { tick, because, other } => {
            let because = because.as_ref().map(|reason| reason.value()["why"].as_str().unwrap().to_owned());
            let other = other.as_ref().map(|other| format!("by {}", other.state.as_str()));
            let words = [Some(format!("tick {}", tick.state.as_str())), because, other];
            words.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        Finding::NoTimes { after } => format!("no times {}", after.join(" ")),
        Finding::DayOff { calendar, weekend, .. } => {
            format!("day off {calendar} {}", if *weekend { "weekend" } else { "holiday" })
        }
        Finding::NotAFire { before, after, .. } => {
            let text = |fire: &Option<Fire>| fire.as_ref().map(|fire| local(fire.at)).unwrap_or_default();
            format!("no fire {} {}", text(before), text(after))
        }
        Finding::NoDate { date } => format!("no date {date}"),
        Finding::NoKey { key } => format!("no key {key}"),
        Finding::Future { fire } => format!("future {}", local(fire.at)),
        Finding::BeforeSchedule { since, .. } => {
            format!("before schedule {}", since.map(local).unwrap_or_default())
        }
        Finding::NotPromised { promised_to, .. } => {
            format!("not promised {}", promised_to.map_or_else(|| "never".to_owned(), local))
        }
        Finding::JustDue { .. } => "just due".to_owned(),
        Finding::Unpublished { calendar, year } => format!("unpublished {calendar} {year}"),
    }
}

fn answer(case: &Case) -> Why {
    let (_, timetable) = city();
    let entry = &timetable.entries[&case.pipeline];
    let ticks: Vec<Tick> = case.tick.iter().map(|tick| tick.row(&timetable)).collect();
    let anchor = case.anchor.as_deref().map(|instant| Anchor {
        pipeline: case.pipeline.clone(),
        schedule: entry.schedule.clone(),
        at: at(instant),
    });
    let now = at("2026-11-23T08:00") + TimeDelta::seconds(30);
    let known = Known { now, entry, ticks: &ticks, holds: &[], anchor: anchor.as_ref() };
    ask(known, &Moment::parse(&case.ask, Shanghai).unwrap()).remove(0)
}

#[test]
fn questions() {
    let file: File = toml::from_str(include_str!("cases/questions.toml")).unwrap();
    assert!(file.case.len() >= 15);
    for case in &file.case {
        assert_eq!(told(&answer(case)), case.found, "{}", case.why);
    }
}

#[test]
fn what_people_write_for_a_tick() {
    let instant = Moment::At(at("2026-11-23T02:30"));
    for text in ["2026-11-23T02:30", "2026-11-23 02:30", "2026-11-22T18:30:00Z", "2026-11-23T02:30:00+08:00"] {
        assert_eq!(Moment::parse(text, Shanghai).unwrap(), instant, "{text}");
    }
    assert_eq!(Moment::parse("2026-11-23", Shanghai).unwrap(), Moment::Date("2026-11-23".parse().unwrap()));
    let key = "backfill:november:2026-11-22T18:30:00+00:00";
    assert_eq!(Moment::parse(key, Shanghai).unwrap(), Moment::Key(key.to_owned()));
    for text in ["", "yesterday", "02:30", "2026-11-31", "23.11.2026"] {
        assert!(Moment::parse(text, Shanghai).is_err(), "{text}");
    }
}

#[test]
fn a_backfill_of_the_same_time_is_not_what_a_time_means() {
    let (_, timetable) = city();
    let file: File = toml::from_str(
        r#"[[case]]
        why = ""
        ask = "2026-11-19"
        pipeline = "city.daily"
        found = ""
        tick = [
            { pipeline = "city.daily", at = "2026-11-20T02:30", state = "failed" },
            { pipeline = "city.daily", at = "2026-11-20T02:30", state = "succeeded", backfill = "november" },
        ]"#,
    )
    .unwrap();
    let ticks: Vec<Tick> = file.case[0].tick.iter().map(|tick| tick.row(&timetable)).collect();
    let Meant::One(one) = Moment::parse("2026-11-19", Shanghai).unwrap().among(&ticks) else { panic!("not one") };
    assert_eq!(one.state, catalog::schedule::TickState::Failed);
    let key = Moment::parse(&ticks[1].tick.id.key, Shanghai).unwrap();
    assert_eq!(key.among(&ticks), Meant::One(&ticks[1]));
}
