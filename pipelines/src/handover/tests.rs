#![allow(clippy::unwrap_used, clippy::panic)]
//! Nights as files: `handover/cases/*.toml`.

use chrono_tz::Asia::Shanghai;
use serde::Deserialize;

use super::*;
use crate::backfill::reads_its_interval;
use crate::sample::{TickCase, at, city};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    at: String,
    now: String,
    tick: Vec<TickCase>,
    #[serde(default)]
    anchor: BTreeMap<String, String>,
    rows: Vec<String>,
    gaps: usize,
    #[serde(default)]
    unpromised: Vec<String>,
}

fn sheet_of(case: &Case) -> Sheet {
    let (project, timetable) = city();
    let ticks: Vec<Tick> = case.tick.iter().map(|tick| tick.row(&timetable)).collect();
    let deadline = |pipeline: &crate::project::Pipeline| {
        Some((pipeline.spec.pipeline.id.clone(), Deadline::of(&project, pipeline)?))
    };
    let by_interval: BTreeSet<String> = project
        .pipelines
        .iter()
        .filter(|pipeline| reads_its_interval(&pipeline.spec))
        .map(|pipeline| pipeline.spec.pipeline.id.clone())
        .collect();
    let anchor = |(pipeline, instant): (&String, &String)| Anchor {
        pipeline: pipeline.clone(),
        schedule: timetable.entries[pipeline].schedule.clone(),
        at: at(instant),
    };
    sheet(Given {
        at: at(&case.at),
        now: at(&case.now),
        ticks: &ticks,
        timetable: &timetable,
        deadlines: &project.pipelines.iter().filter_map(deadline).collect(),
        anchors: &case.anchor.iter().map(anchor).collect::<Vec<_>>(),
        holds: &[],
        by_interval: &by_interval,
    })
}

fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&Shanghai).format("%H:%M").to_string()
}

fn line(row: &Row) -> String {
    let cover = match row.cover {
        Cover::Itself => "itself",
        Cover::Open { .. } => "open",
        Cover::By { .. } => "by",
        Cover::Gap => "gap",
    };
    let deadline = match row.deadline {
        Timely::None => "none",
        Timely::Kept { .. } => "kept",
        Timely::Missed { .. } => "missed",
        Timely::Ahead { .. } => "ahead",
    };
    let tick = &row.tick.tick;
    format!("{} {} {} {cover} {deadline}", clock(tick.scheduled_at), tick.id.pipeline, row.tick.state.as_str())
}

#[test]
fn nights() {
    let file: File = toml::from_str(include_str!("cases/night.toml")).unwrap();
    assert!(file.case.len() >= 8);
    for case in &file.case {
        let sheet = sheet_of(case);
        assert_eq!(sheet.rows.iter().map(line).collect::<Vec<_>>(), case.rows, "{}", case.why);
        assert_eq!(sheet.gaps().count(), case.gaps, "{}", case.why);
        assert_eq!(sheet.promised, case.rows.len(), "{}", case.why);
        assert_eq!(sheet.states.values().sum::<usize>(), sheet.promised, "{}", case.why);
        let absent: Vec<String> =
            sheet.unpromised.iter().map(|fire| format!("{} {}", clock(fire.at), fire.pipeline)).collect();
        assert_eq!(absent, case.unpromised, "{}", case.why);
    }
}

#[test]
fn what_is_due_until_the_next_shift_is_counted_by_pipeline() {
    let file: File = toml::from_str(include_str!("cases/night.toml")).unwrap();
    let sheet = sheet_of(&file.case[0]);
    let told: Vec<String> = sheet
        .due
        .iter()
        .map(|due| {
            format!("{} {} {} {}", clock(due.first), due.pipeline, due.count, due.by.map(clock).unwrap_or_default())
        })
        .collect();
    // The 21st is a Saturday: the daily pipeline of working days is not due.
    assert_eq!(told, ["08:00 city.hourly 24 ", "01:00 city.plain 1 07:00", "02:30 social_security.insured 1 "]);
}
