//! `sluice.toml` and `connections.toml`.

use super::super::draft::Draft;
use super::desk::Desk;
use super::{texts, world::cut};
use crate::spec::diagnostic::Diagnostic;
use crate::spec::mistake::{Hint, Mistake};
use crate::spec::project::{ProjectSpec, ServiceSpec};
use crate::spec::{child, forms, secret};

use super::super::finding::Finding;

pub(super) fn check(draft: &Draft, list: &mut Vec<Diagnostic>) {
    if let Some(file) = &draft.project {
        project(&file.spec, &mut Desk::new(&file.place, &draft.sources, list));
    }
    if let Some(file) = &draft.connections {
        let mut desk = Desk::new(&file.place, &draft.sources, list);
        for (name, connection) in &file.spec.connection {
            let path = child("connection", name);
            if let Err(error) = forms::name("connection", name) {
                desk.key(&path, error);
            }
            place(&connection.path, &format!("{path}.path"), &mut desk);
        }
    }
}

fn project(spec: &ProjectSpec, desk: &mut Desk<'_>) {
    if let Err(error) = forms::project_id(&spec.project.id) {
        desk.value("project.id", error);
    }
    timezone(&spec.project.timezone, "project.timezone", desk);
    texts::path(&spec.state.path, "state.path", desk);
    texts::path(&spec.libraries.path, "libraries.path", desk);
    for (key, value) in [("keys.root", &spec.keys.root), ("state.ledger", &spec.state.ledger)] {
        if let Some(Err(())) = value.as_deref().and_then(secret::reference) {
            desk.value(key, Mistake::BadSecretName);
        }
    }
    service(&spec.service, desk);
    let limits = &spec.limits;
    let columns = limits.columns as u64;
    let partitions = limits.partitions.map_or(1, |number| number as u64);
    for (key, value, lowest, highest) in [
        ("memory_mib", limits.memory_mib, 64, 1 << 22),
        ("partitions", partitions, 1, 1024),
        ("spill_mib", limits.spill_mib, 0, 1 << 30),
        ("record_mib", limits.record_mib, 1, 1024),
        ("columns", columns, 1, 65_535),
    ] {
        if !(lowest..=highest).contains(&value) {
            let bounds = format!("{lowest} … {highest}");
            desk.value(&format!("limits.{key}"), Mistake::OutOfBounds { key: key.into(), bounds });
        }
    }
}

fn service(spec: &ServiceSpec, desk: &mut Desk<'_>) {
    const DAY: u64 = 86_400;
    for (key, text, bounds) in [
        ("lease", &spec.lease, (1..=DAY, "1s … 1d")),
        ("poll", &spec.poll, (1..=DAY, "1s … 1d")),
        ("drain", &spec.drain, (0..=7 * DAY, "0s … 7d")),
        ("log_keep", &spec.log_keep, (DAY..=3_660 * DAY, "1d … 3660d")),
        ("keep", &spec.keep, (30 * DAY..=3_660 * DAY, "30d … 3660d")),
        ("watch", &spec.watch, (1..=600, "1s … 10m")),
    ] {
        texts::bounded(Some(text), &format!("service.{key}"), bounds, desk);
    }
}

/// A folder or file: relative to the project, or named by a secret.
fn place(text: &str, path: &str, desk: &mut Desk<'_>) {
    match secret::reference(text) {
        Some(Ok(_)) => {}
        Some(Err(())) => desk.value(path, Mistake::BadSecretName),
        // Reported where it was found; nothing of it is quoted here.
        None if secret::is_literal(text) => {}
        None => {
            if let Err(error) = forms::path(text) {
                desk.value(path, Finding::from(error).hint(Hint::UseSecret));
            }
        }
    }
}

/// An IANA time zone.
pub(super) fn timezone(name: &str, path: &str, desk: &mut Desk<'_>) {
    if name.parse::<chrono_tz::Tz>().is_err() {
        let near = crate::spec::nearest::nearest(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
        let hint = near.map(|candidate| Hint::DidYouMean { candidate: candidate.to_owned() });
        desk.value(path, Finding::from(Mistake::UnknownTimezone { timezone: cut(name) }).hint(hint));
    }
}
