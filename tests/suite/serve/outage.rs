//! What a department has after the service was down, after it delivered late or wrong, and after a 补数.

use catalog::schedule::{Ask, Tick, TickState};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::Value;

use super::process::{Ledger, Serving, until};
use crate::harness::{Project, ledger, table};

/// Visits of a day.
const A_DAY: u32 = 10;

fn project() -> Project {
    let project = Project::of(&["base", "outage"]);
    let table = "CREATE TABLE visit (visit_no INTEGER, citizen_id TEXT, disease TEXT, pressure INTEGER, seen_at TEXT);";
    ledger::execute(&project.path("clinic/clinic.db"), table);
    project
}

fn today() -> NaiveDate {
    (Utc::now() + TimeDelta::hours(8)).date_naive()
}

fn ago(days: u64) -> NaiveDate {
    today() - Days::new(days)
}

/// Visits at noon of the days from so long ago to so long ago, the second of them too.
fn visits(project: &Project, from: u64, to: u64) -> u32 {
    let mut sql = String::new();
    for day in to..=from {
        for number in 0..A_DAY {
            let (visit, date) = (day as u32 * 100 + number, ago(day));
            sql += &format!("INSERT INTO visit VALUES ({visit}, NULL, 'x', 100, '{date} 12:{number:02}:00');");
        }
    }
    ledger::execute(&project.path("clinic/clinic.db"), &sql);
    (from - to + 1) as u32 * A_DAY
}

fn numbers(project: &Project, library: &str) -> Vec<String> {
    let rows = table::delta_rows(&project.path(format!("libraries/reg/{library}")));
    rows.iter().map(|row| table::get(row, "visit_no").to_owned()).collect()
}

fn ended(book: &Ledger, pipeline: &str, count: usize) -> Vec<Tick> {
    until(pipeline, || {
        Some(book.ticks(pipeline)).filter(|ticks| ticks.len() >= count && ticks.iter().all(|tick| tick.state.ended()))
    })
}

fn of_state(ticks: &[Tick], state: TickState) -> usize {
    ticks.iter().filter(|tick| tick.state == state).count()
}

/// 02:30 in Shanghai of every day since noon eight days ago.
fn fires() -> usize {
    let first = ago(7).and_hms_opt(2, 30, 0).unwrap().and_utc() - TimeDelta::hours(8);
    (0..9).filter(|day| first + TimeDelta::days(*day) <= Utc::now()).count()
}

#[test]
fn a_week_without_the_service_loses_no_row_and_starts_no_storm() {
    let project = project();
    let mut expected = visits(&project, 9, 8);
    for pipeline in ["outage.all", "outage.latest", "outage.none"] {
        project.run(pipeline, &ago(9).to_string()).ends(0);
    }
    let service = Serving::start(&project);
    let file = project.path("state/ledger.db");
    let anchors = "SELECT pipeline FROM schedule_anchor";
    until("the anchors", || (ledger::query(&file, anchors).len() == 6).then_some(()));
    assert_eq!(service.stop(), Some(0));

    let since = ago(8).and_hms_opt(12, 0, 0).unwrap().and_utc() - TimeDelta::hours(8);
    let back =
        format!("UPDATE schedule_anchor SET at = '{}'; DELETE FROM tick", since.format("%Y-%m-%dT%H:%M:%S%.6fZ"));
    ledger::execute(&file, &back);
    expected += visits(&project, 7, 2);
    let due = fires();
    let service = Serving::start(&project);
    let book = Ledger::of(&project);

    let all = ended(&book, "outage.all", due);
    assert_eq!((all.len(), of_state(&all, TickState::Succeeded)), (due, due), "{all:?}");
    let latest = ended(&book, "outage.latest", due);
    assert_eq!(of_state(&latest, TickState::Superseded), due - 1, "{latest:?}");
    let last = latest.last().unwrap();
    assert_eq!(last.state, TickState::Succeeded, "{:?}", last.reason);
    assert_eq!(last.tick.interval_start, latest[0].tick.interval_start, "one run covers the week");
    let none = ended(&book, "outage.none", due);
    assert_eq!(of_state(&none, TickState::Missed), due);
    let runs =
        "SELECT pipeline, COUNT(*) FROM run WHERE cause IN ('schedule', 'catch_up') GROUP BY pipeline ORDER BY 1";
    let expected_runs = [["outage.all".to_owned(), due.to_string()], ["outage.latest".to_owned(), "1".to_owned()]];
    assert_eq!(ledger::query(&file, runs), expected_runs, "as many runs as were promised, and no more");
    assert_eq!(numbers(&project, "none").len() as u32, 2 * A_DAY);

    // What was missed under `none` is behind the cursor still: the next run reads it.
    book.ask_run("outage.none");
    ended(&book, "outage.none", due);
    let mut whole = numbers(&project, "all");
    assert_eq!(whole.len() as u32, expected);
    whole.dedup();
    assert_eq!(whole.len() as u32, expected, "nothing twice");
    assert_eq!(numbers(&project, "latest"), whole);
    assert_eq!(numbers(&project, "none"), whole);
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn a_missing_flag_is_waited_for_and_a_count_that_differs_fails_naming_both() {
    let project = project();
    let (date, folder) = (ago(1), ago(1).format("front/%Y%m%d").to_string());
    let rows: String = (0..10).map(|number| format!("320902,货{number},{number}\n")).collect();
    project.put(format!("{folder}/stock.csv"), format!("area_code,goods,amount\n{rows}"));
    let service = Serving::start(&project);
    let book = Ledger::of(&project);
    book.ask(&Ask::Run { pipeline: "outage.flag".into(), biz_date: Some(date), priority: None });
    let waiting = until("a second look", || book.ticks("outage.flag").into_iter().find(|tick| tick.attempt >= 2));
    assert!(!waiting.state.ended() && waiting.tries == 0, "looking is not trying: {waiting:?}");
    let why = project.sluice(&["runs", "why", "outage.flag", &date.to_string(), "--lang", "zh"]).ends(0).out;
    assert!(why.contains("_OK"), "{why}");

    project.put(format!("{folder}/_COUNT"), "11\n");
    project.put(format!("{folder}/_OK"), "");
    let failed = ended(&book, "outage.flag", 1).remove(0);
    assert_eq!(failed.state, TickState::Failed);
    let why = project.sluice(&["runs", "why", "outage.flag", &date.to_string(), "--lang", "zh"]).ends(0).out;
    assert!(why.contains("11") && why.contains("10"), "{why}");
    assert_eq!(table::version(&project.path("libraries/reg/flag")), None);

    project.put(format!("{folder}/_COUNT"), "10\n");
    book.ask(&Ask::Rerun { id: failed.tick.id, note: "计数文件已更正".into() });
    let again = ended(&book, "outage.flag", 1).remove(0);
    assert_eq!(again.state, TickState::Succeeded, "{:?}", again.reason);
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn seven_days_are_filled_into_a_merged_library_beside_the_schedule() {
    let project = project();
    visits(&project, 9, 1);
    project.run("outage.merged", &ago(1).to_string()).ends(0);
    let cursors = || ledger::query(&project.path("state/ledger.db"), "SELECT target, position FROM target ORDER BY 1");
    let before = cursors();
    // Five days ago: a value that was corrected, a row of its own that came late, and one that the library has newer.
    let day = ago(5);
    let late = format!(
        "UPDATE visit SET pressure = 301 WHERE visit_no = 501;\
         UPDATE visit SET pressure = 302, seen_at = '{day} 07:00:00' WHERE visit_no = 502;\
         INSERT INTO visit VALUES (599, NULL, 'x', 304, '{day} 09:00:00');"
    );
    ledger::execute(&project.path("clinic/clinic.db"), &late);
    let service = Serving::start(&project);
    let (from, to) = (ago(8).to_string(), ago(1).to_string());
    let range = ["backfill", "outage.merged", "--from", &from, "--to", &to, "--name", "week", "--json"];
    let preview = project.sluice(&[&range[..], &["--dry-run"]].concat()).ends(0).json();
    assert_eq!(preview["slices"].as_array().unwrap().len(), 7);
    let readers: Vec<&Value> =
        preview["downstream"].as_array().unwrap().iter().map(|reader| &reader["pipeline"]).collect();
    assert_eq!(readers, ["outage.reader"]);

    project.sluice(&[&range[..], &["--yes"]].concat()).ends(0);
    let book = Ledger::of(&project);
    let filled = ended(&book, "outage.merged", 7);
    assert_eq!((filled.len(), of_state(&filled, TickState::Succeeded)), (7, 7), "{filled:?}");
    let starts: Vec<DateTime<Utc>> = filled.iter().map(|tick| tick.tick.interval_start).collect();
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::days(1)), "{starts:?}");
    assert_eq!(cursors(), before);
    let rows = table::delta_rows(&project.path("libraries/reg/merged"));
    assert_eq!(rows.len() as u32, 9 * A_DAY + 1);
    let pressure = |number: &str| {
        let row = rows.iter().find(|row| table::get(row, "visit_no") == number).unwrap();
        table::get(row, "pressure").to_owned()
    };
    assert_eq!([pressure("501"), pressure("502"), pressure("599")], ["301", "100", "304"]);
    assert_eq!(service.stop(), Some(0));
}
