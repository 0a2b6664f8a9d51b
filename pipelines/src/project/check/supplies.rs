//! `[[supply]]`.

use std::rc::Rc;

use catalog::Zone;

use super::super::files::CONNECTIONS;
use super::columns::{Columns, Known, require_all};
use super::desk::Desk;
use super::texts;
use super::world::{World, cut, is_relation, unknown_relation};
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::{PipelineSpec, SupplyMode, SupplySpec};
use crate::spec::{child, forms};

pub(super) fn check(world: &World<'_>, pipeline: usize, columns: &Columns<'_>, desk: &mut Desk<'_>) {
    let spec = world.pipeline(pipeline);
    for (index, supply) in spec.supply.iter().enumerate() {
        let path = format!("supply[{index}]");
        let known = from(world, spec, pipeline, supply, columns, &path, desk);
        target(world, supply, &path, desk);
        let same = |other: &SupplySpec| {
            other.to == supply.to && other.dataset == supply.dataset && other.connection == supply.connection
        };
        if let Some(first) = spec.supply[..index].iter().position(same) {
            let at = format!("supply[{first}].dataset");
            desk.duplicate(&format!("{path}.dataset"), "dataset", &supply.dataset, &at);
        }
        texts::bounded(supply.freshness.as_ref(), &format!("{path}.freshness"), texts::MINUTE_TO_YEAR, desk);
        world.grants(&supply.grant, &format!("{path}.grant"), desk);
        selection(supply, known.as_deref(), &path, desk);
        if let Some(sample) = &supply.sample {
            texts::rate(sample.rate, &format!("{path}.sample.rate"), desk);
        }
        if let Some(filter) = &supply.filter {
            texts::expression(filter, &format!("{path}.where"), desk);
        }
    }
}

/// Where the rows come from, and their columns.
fn from(
    world: &World<'_>,
    spec: &PipelineSpec,
    pipeline: usize,
    supply: &SupplySpec,
    columns: &Columns<'_>,
    path: &str,
    desk: &mut Desk<'_>,
) -> Option<Rc<Known>> {
    let at = format!("{path}.from");
    if is_relation(spec, &supply.from) {
        if supply.mode == SupplyMode::Changes && !desk.is_doubtful(&format!("{path}.mode")) {
            desk.value(&format!("{path}.mode"), Mistake::ChangesNeedLibrary { from: cut(&supply.from) });
        }
        return columns.relation(pipeline, &supply.from);
    }
    if !supply.from.contains('.') {
        desk.value(&at, unknown_relation(spec, &supply.from));
        return None;
    }
    world.table(&supply.from, &at, desk);
    let (_, library) = world.library(&supply.from)?;
    if let Some(zone) = world.zone_of(library)
        && !Zone::borders(&zone, &supply.to).is_ok_and(|borders| !borders.is_empty())
    {
        let (from, to) = (zone.to_string(), supply.to.to_string());
        desk.value(&format!("{path}.to"), Mistake::NoWay { from, to });
    }
    columns.table(&supply.from)
}

/// Where the dataset goes.
fn target(world: &World<'_>, supply: &SupplySpec, path: &str, desk: &mut Desk<'_>) {
    if let Err(error) = forms::name("dataset", &supply.dataset) {
        desk.value(&format!("{path}.dataset"), error);
    }
    let zone = supply.to.to_string();
    if let Some(name) = &supply.connection {
        let at = format!("{path}.connection");
        if let Some(connection) = world.connection(name, &at, desk)
            && connection.zone != supply.to
        {
            let (connection, zone) = (cut(name), connection.zone.to_string());
            desk.value(&at, Mistake::ZoneMismatch { connection, zone, to: supply.to.to_string() });
        }
        return;
    }
    let fitting: Vec<&str> =
        world.connections.iter().filter(|(_, one)| one.zone == supply.to).map(|(name, _)| *name).collect();
    let at = format!("{path}.to");
    match fitting.len() {
        1 => {}
        0 if world.draft.is_whole(CONNECTIONS) && !is_any_zone_doubtful(world) => {
            desk.value(&at, Mistake::NoConnectionFor { zone });
        }
        0 => {}
        _ => desk.value(&at, Mistake::SeveralConnections { zone, names: fitting.join(", ") }),
    }
}

/// A connection whose zone could not be read may be the one that is looked for.
fn is_any_zone_doubtful(world: &World<'_>) -> bool {
    world.draft.connections.as_ref().is_some_and(|file| !file.place.doubtful.is_empty())
}

fn selection(supply: &SupplySpec, known: Option<&Known>, path: &str, desk: &mut Desk<'_>) {
    let at = format!("{path}.select");
    if supply.select.is_empty() {
        desk.value(&at, Mistake::EmptyList { key: "select".into() });
    }
    require_all(known, &supply.select, &supply.from, &at, desk);
    for column in supply.protect.keys() {
        if !supply.select.contains(column) && !desk.is_doubtful(&at) {
            let path = child(&format!("{path}.protect"), column);
            desk.key(&path, Mistake::ProtectNotSelected { column: cut(column) });
        }
    }
}
