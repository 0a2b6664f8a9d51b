//! What the files of a project say to each other: checks that need no I/O, all at once.
//!
//! One file a section of the grammar; `desk.rs` puts a mistake at its place, `world.rs` knows what the project declares,
//! `columns.rs` which columns a relation has as far as that can be known without SQL, `graph.rs` what depends on what.

mod calendars;
mod catalogue;
mod columns;
mod desk;
mod duty;
mod grants;
mod graph;
mod head;
mod libraries;
mod policy;
mod rules;
mod schedule;
mod settings;
mod sources;
mod supplies;
mod texts;
mod transforms;
mod world;

use chrono::{DateTime, Utc};

use super::draft::Draft;
use crate::calendar::Calendars;
use crate::spec::diagnostic::Diagnostic;
use columns::Columns;
use desk::Desk;
use graph::Graph;
use schedule::Ahead;
use world::World;

/// Checks a draft as if it were `now`; what is wrong is added to the list. Gives the calendars the project has.
pub(super) fn check(draft: &Draft, now: DateTime<Utc>, list: &mut Vec<Diagnostic>) -> Calendars {
    settings::check(draft, list);
    let calendars = calendars::check(draft, list);
    catalogue::check(draft, list);
    policy::check(draft, list);
    duty::check(draft, list);
    let world = World::of(draft);
    grants::check(&world, list);
    let graph = Graph::of(&world);
    let columns = Columns::of(&world);
    for (index, file) in draft.pipelines.iter().enumerate() {
        let mut desk = Desk::new(&file.place, &draft.sources, list);
        head::check(&world, &file.spec, &mut desk);
        schedule::check(&Ahead { world: &world, calendars: &calendars, now }, index, &mut desk);
        sources::check(&world, &file.spec, &columns, &mut desk);
        transforms::check(&world, index, &columns, &mut desk);
        rules::check(&world, index, &columns, &mut desk);
        libraries::check(&world, index, &columns, &graph, &mut desk);
        supplies::check(&world, index, &columns, &mut desk);
        graph.unused(&world, index, &mut desk);
    }
    head::duplicates(&world, list);
    libraries::duplicates(&world, list);
    graph.cycles(&world, list);
    calendars
}
