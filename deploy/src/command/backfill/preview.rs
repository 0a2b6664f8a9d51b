//! The preview of a backfill as people read it.

use catalog::schedule::TickState;
use pipelines::backfill::{Downstream, Effect, Follows, Memory, Preview, Slice, Wish};
use serde_json::json;

use crate::command::board::Board;
use crate::table;
use crate::words::because;

/// Intervals that are shown.
const SHOWN: usize = 60;

/// Prints it.
pub(super) fn tell(board: &Board<'_>, wish: &Wish, preview: &Preview) {
    board.app.output.document(&json!(preview));
    let runs = preview.runs().count();
    let slices = preview.slices.len() + preview.following.len();
    let head: [(&str, &dyn std::fmt::Display); 4] =
        [("name", &preview.name), ("pipeline", &preview.pipeline), ("runs", &runs), ("slices", &slices)];
    let mut parts = vec![board.text("backfill.head", &head)];
    let all: Vec<&Slice> = preview.slices.iter().chain(&preview.following).collect();
    if !all.is_empty() {
        parts.push(intervals(board, &all));
    }
    if preview.not_over > 0 {
        parts.push(board.text("backfill.not_over", &[("n", &preview.not_over)]));
    }
    if runs == 0 {
        parts.push(board.text("backfill.nothing", &[]));
    }
    let sources = preview.sources.iter().map(|source| {
        let memory = match source.memory {
            Memory::Day => "memory.day",
            Memory::Interval => "memory.interval",
            Memory::Cursor => "memory.cursor",
            Memory::Present => "memory.present",
            Memory::Library => "memory.library",
        };
        board.text(memory, &[("name", &source.name)])
    });
    parts.push(listed(board.text("backfill.sources", &[]), sources));
    let targets = preview.targets.iter().map(|target| {
        let effect = match target.effect {
            Effect::Newer => "effect.newer",
            Effect::Missing => "effect.missing",
            Effect::Partitions => "effect.partitions",
            Effect::Refused => "effect.refused",
            Effect::Once => "effect.once",
            Effect::OwnRun => "effect.own_run",
        };
        let name = crate::card::job_name(board.app.messages, &target.target);
        board.text(effect, &[("target", &name)])
    });
    parts.push(listed(board.text("backfill.targets", &[]), targets));
    parts.push(match preview.downstream.is_empty() {
        true => board.text("backfill.no_downstream", &[]),
        false => {
            let readers = preview.downstream.iter().map(|reader| reader_text(board, wish, reader));
            listed(board.text("backfill.downstream", &[]), readers)
        }
    });
    parts.push(board.text("backfill.cursor", &[]));
    board.app.output.text(&parts.join("\n"));
}

fn listed(head: String, lines: impl Iterator<Item = String>) -> String {
    std::iter::once(head).chain(lines.map(|line| format!("  {line}"))).collect::<Vec<_>>().join("\n")
}

fn reader_text(board: &Board<'_>, wish: &Wish, reader: &Downstream) -> String {
    let what = match (reader.follows, wish.downstream) {
        (Follows::Supplies, _) => "backfill.own_run",
        (Follows::Rewrites, _) => "backfill.rewrites",
        (Follows::Backfill, true) => "backfill.follows",
        (Follows::Backfill, false) => "backfill.left",
    };
    let what = board.text(what, &[]);
    let parameters: [(&str, &dyn std::fmt::Display); 3] =
        [("pipeline", &reader.pipeline), ("table", &reader.table), ("what", &what)];
    format!("{}{}", "  ".repeat(reader.steps - 1), board.text("backfill.reader", &parameters))
}

fn intervals(board: &Board<'_>, slices: &[&Slice]) -> String {
    let names = ["pipeline", "interval", "date", "there", "will"];
    let mut table = table::table(names.iter().map(|name| board.text(&format!("backfill.{name}"), &[])).collect());
    for slice in slices.iter().take(SHOWN) {
        let tick = &slice.tick;
        let there = slice.there.map_or_else(
            || board.text("backfill.absent", &[]),
            |state: TickState| because::state(board.app.messages, state),
        );
        table.add_row(vec![
            tick.id.pipeline.clone(),
            format!("{} – {}", board.clock.at(tick.interval_start), board.clock.at(tick.interval_end)),
            board.clock.dates(board.app.messages, tick.biz_date, slice.last_date),
            there,
            board.text(if slice.runs { "backfill.runs" } else { "backfill.stays" }, &[]),
        ]);
    }
    let mut text = table::render(&table);
    if slices.len() > SHOWN {
        text.push('\n');
        text.push_str(&board.text("backfill.more", &[("n", &(slices.len() - SHOWN))]));
    }
    text
}
