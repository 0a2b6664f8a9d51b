//! `sluice runs today`: the hand-over sheet of the shift.

use catalog::schedule::{TickFilter, TickState};
use chrono::NaiveDate;
use pipelines::handover::{Cover, Due, Given, ORDER, REACH, Row, Sheet, Timely, sheet};
use serde_json::json;

use crate::app::App;
use crate::command::board::Board;
use crate::command::open;
use crate::error::{Error, Failure};
use crate::exit::Exit;
use crate::table;
use crate::words::{because, clock};

/// Most ticks of a day that are looked through, ten pipelines of every minute for two days.
const MOST: u32 = 50_000;
/// Ticks of one pipeline that are told one by one; of more, those that ran well are told together.
const SINGLY: usize = 12;
/// Gaps that the summary names.
const NAMED: usize = 5;

/// Prints the sheet of a hand-over at a time of a day.
pub(super) async fn run(app: &App, time: &str, date: Option<&str>) -> Result<Exit, Failure> {
    let clock = pipelines::spec::clock::parse(time)
        .map_err(|_| Failure::from(Error::BadTime { text: time.chars().take(40).collect() }))?;
    let day: Option<NaiveDate> = open::business_date(date)?;
    let Some(board) = Board::open(app).await? else {
        return Ok(Exit::Invalid);
    };
    let at = board.instant(day.unwrap_or_else(|| board.clock.day(board.now)), clock);
    let filter = TickFilter { from: Some(at - REACH), limit: MOST, ..TickFilter::default() };
    let ticks = board.ticks(filter).await?;
    let (anchors, holds) = (board.anchors().await?, board.holds().await?);
    let sheet = sheet(Given {
        at,
        now: board.now,
        ticks: &ticks,
        timetable: &board.timetable,
        deadlines: &board.deadlines(),
        anchors: &anchors,
        holds: &holds,
        by_interval: &board.by_interval(),
    });
    let scheduler = board.scheduler().await?;
    let mut document = json!(sheet);
    document["scheduler"] = json!(scheduler);
    app.output.document(&document);
    app.output.text(&text(&board, &sheet));
    for line in board.remarks(&scheduler) {
        app.output.text(&format!("\n{line}"));
    }
    Ok(Exit::Done)
}

fn text(board: &Board<'_>, sheet: &Sheet) -> String {
    let span = [("from", board.clock.at(sheet.from)), ("at", board.clock.at(sheet.at))];
    let [(_, from), (_, at)] = &span;
    let mut parts =
        vec![format!("{}\n{}", board.text("today.head", &[("from", from), ("at", at)]), summary(board, sheet))];
    for hold in &sheet.holds {
        let what = because::scope(board.app.messages, &hold.scope);
        let since = board.clock.at(hold.since);
        parts.push(board.text("schedule.holds", &[("what", &what), ("by", &hold.by), ("since", &since)]));
    }
    if !sheet.rows.is_empty() {
        parts.push(rows(board, sheet));
    }
    parts.push(due(board, &sheet.due));
    parts.join("\n\n")
}

/// 承诺12、成功10、失败1、未供出1；缺口1处：…；误时限1。
fn summary(board: &Board<'_>, sheet: &Sheet) -> String {
    if sheet.promised == 0 && sheet.unpromised.is_empty() {
        return board.text("today.none", &[]);
    }
    let (comma, list) = (board.text("because.by_list", &[]), board.text("because.problem_list", &[]));
    let mut counts = vec![board.text("today.promised", &[("n", &sheet.promised)])];
    for state in ORDER {
        if let Some(n) = sheet.states.get(state.as_str()) {
            let state = because::state(board.app.messages, state);
            counts.push(board.text("today.state", &[("state", &state), ("n", n)]));
        }
    }
    let mut parts = vec![counts.join(&comma)];
    let gaps: Vec<&Row> = sheet.gaps().collect();
    parts.push(match gaps.len() {
        0 if sheet.unpromised.is_empty() => board.text("today.no_gap", &[]),
        0 => String::new(),
        n => {
            let named: Vec<String> = gaps
                .iter()
                .take(NAMED)
                .map(|row| {
                    let tick = &row.tick.tick;
                    let date = board.clock.date(tick.biz_date);
                    board.text("today.gap", &[("pipeline", &tick.id.pipeline), ("date", &date)])
                })
                .collect();
            let more = if n > NAMED { board.text("today.more", &[]) } else { String::new() };
            board.text("today.gaps", &[("n", &n), ("list", &format!("{}{more}", named.join(&comma)))])
        }
    });
    if let Some(first) = sheet.unpromised.first() {
        let at = board.clock.at(first.at);
        let parameters: [(&str, &dyn std::fmt::Display); 3] =
            [("n", &sheet.unpromised.len()), ("at", &at), ("pipeline", &first.pipeline)];
        parts.push(board.text("today.unpromised", &parameters));
    }
    let late = sheet.late().count();
    if late > 0 {
        parts.push(board.text("today.late", &[("n", &late)]));
    }
    parts.retain(|part| !part.is_empty());
    format!("{}{}", parts.join(&list), board.text("today.end", &[]))
}

fn rows(board: &Board<'_>, sheet: &Sheet) -> String {
    let names = ["time", "pipeline", "date", "result", "took", "deadline", "why"];
    let mut table = table::table(names.iter().map(|name| board.text(&format!("today.{name}"), &[])).collect());
    for group in groups(&sheet.rows) {
        let cells = match group.as_slice() {
            [one] => row(board, one),
            many => together(board, many),
        };
        table.add_row(cells);
    }
    table::render(&table)
}

/// Rows as they are told: one by one, or those of a busy pipeline that ran well in a row together.
fn groups(rows: &[Row]) -> Vec<Vec<&Row>> {
    let count = |pipeline: &str| rows.iter().filter(|row| row.tick.tick.id.pipeline == pipeline).count();
    let mut busy = std::collections::BTreeMap::<&str, bool>::new();
    let mut open = std::collections::BTreeMap::<&str, usize>::new();
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        let pipeline = row.tick.tick.id.pipeline.as_str();
        let well = row.tick.state == TickState::Succeeded && !matches!(row.deadline, Timely::Missed { .. });
        if well && *busy.entry(pipeline).or_insert_with(|| count(pipeline) > SINGLY) {
            match open.get(pipeline) {
                Some(group) => groups[*group].push(row),
                None => {
                    open.insert(pipeline, groups.len());
                    groups.push(vec![row]);
                }
            }
        } else {
            open.remove(pipeline);
            groups.push(vec![row]);
        }
    }
    groups
}

fn row(board: &Board<'_>, row: &Row) -> Vec<String> {
    let tick = &row.tick.tick;
    vec![
        board.clock.at(tick.scheduled_at),
        tick.id.pipeline.clone(),
        board.clock.date(tick.biz_date),
        because::state(board.app.messages, row.tick.state),
        row.seconds.map(|seconds| clock::span(board.app.messages, seconds)).unwrap_or_default(),
        deadline(board, row),
        why(board, row),
    ]
}

fn together(board: &Board<'_>, rows: &[&Row]) -> Vec<String> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Vec::new() };
    let (from, to) = (&first.tick.tick, &last.tick.tick);
    let times =
        [board.clock.at(from.scheduled_at), board.clock.time_from(to.scheduled_at, board.clock.day(from.scheduled_at))];
    let [begin, end] = &times;
    let longest = rows.iter().filter_map(|row| row.seconds).max();
    vec![
        board.text("today.times", &[("first", begin), ("last", end), ("n", &rows.len())]),
        from.id.pipeline.clone(),
        board.clock.dates(board.app.messages, from.biz_date, to.biz_date),
        because::state(board.app.messages, first.tick.state),
        longest.map(|seconds| format!("≤ {}", clock::span(board.app.messages, seconds))).unwrap_or_default(),
        String::new(),
        String::new(),
    ]
}

fn deadline(board: &Board<'_>, row: &Row) -> String {
    let day = board.clock.day(row.tick.tick.scheduled_at);
    let (key, by) = match row.deadline {
        Timely::None => return String::new(),
        Timely::Kept { by } => ("today.kept", by),
        Timely::Missed { by } => ("today.missed", by),
        Timely::Ahead { by } => ("today.ahead", by),
    };
    board.text(key, &[("by", &board.clock.time_from(by, day))])
}

/// Why, and who stands in for it.
fn why(board: &Board<'_>, row: &Row) -> String {
    let key = |key: &str| board.clock.key(board.app.messages, key);
    let mut parts = Vec::new();
    if row.tick.state != TickState::Succeeded {
        parts.extend(row.because.as_ref().map(|reason| board.because().reason(reason)));
    }
    match &row.cover {
        Cover::By { key: other } => parts.push(board.text("today.by", &[("tick", &key(other))])),
        Cover::Open { key: Some(other) } => parts.push(board.text("today.open", &[("tick", &key(other))])),
        Cover::Gap => parts.push(board.text("today.gap_row", &[])),
        Cover::Itself | Cover::Open { key: None } => {}
    }
    parts.join(&board.text("because.problem_list", &[]))
}

fn due(board: &Board<'_>, due: &[Due]) -> String {
    if due.is_empty() {
        return board.text("today.nothing_due", &[]);
    }
    let names = ["due_first", "pipeline", "date", "due_count", "deadline"];
    let mut table = table::table(names.iter().map(|name| board.text(&format!("today.{name}"), &[])).collect());
    table::right(&mut table, [3]);
    for one in due {
        let by = one.by.map(|by| board.clock.time_from(by, board.clock.day(one.first)));
        table.add_row(vec![
            board.clock.at(one.first),
            one.pipeline.clone(),
            board.clock.date(one.biz_date),
            one.count.to_string(),
            by.unwrap_or_default(),
        ]);
    }
    format!("{}\n{}", board.text("today.due", &[]), table::render(&table))
}
