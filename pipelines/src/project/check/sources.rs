//! `[[source]]`.

use catalog::Resource;

use super::columns::{Columns, require, require_key};
use super::desk::Desk;
use super::grants::not_an_item;
use super::texts;
use super::world::{World, cut};
use crate::spec::mistake::Mistake;
use crate::spec::pipeline::{FileFormat, PipelineSpec, SourceSpec};
use crate::spec::project::ConnectionKind;
use crate::spec::{child, clock, duration, forms};

pub(super) fn check(world: &World<'_>, spec: &PipelineSpec, columns: &Columns<'_>, desk: &mut Desk<'_>) {
    for (index, source) in spec.source.iter().enumerate() {
        let path = format!("source[{index}]");
        if let Err(error) = forms::name("source", &source.name) {
            desk.value(&format!("{path}.name"), error);
        }
        if let Some(first) = spec.source[..index].iter().position(|other| other.name == source.name) {
            desk.duplicate(&format!("{path}.name"), "source", &source.name, &format!("source[{first}].name"));
        }
        one(world, source, columns, &path, desk);
    }
}

fn one(world: &World<'_>, source: &SourceSpec, columns: &Columns<'_>, path: &str, desk: &mut Desk<'_>) {
    let kinds = [&source.files, &source.table, &source.library];
    let found = kinds.iter().filter(|kind| kind.is_some()).count();
    if found != 1 {
        let doubtful = ["files", "table", "library"].iter().any(|key| desk.is_doubtful(&format!("{path}.{key}")));
        if !doubtful {
            desk.value(path, Mistake::SourceKind { source_name: cut(&source.name), found });
        }
        return;
    }
    match &source.library {
        Some(table) => library(world, source, table, columns, path, desk),
        None => outside(world, source, path, desk),
    }
    options(source, path, desk);
    if let Some(incremental) = &source.incremental {
        let path = format!("{path}.incremental");
        texts::duration(incremental.lag.as_ref(), &format!("{path}.lag"), desk);
        texts::duration(incremental.lookback.as_ref(), &format!("{path}.lookback"), desk);
        let known = columns.source(source);
        require(known.as_deref(), &incremental.cursor, &source.name, &format!("{path}.cursor"), desk);
    }
}

fn library(
    world: &World<'_>,
    source: &SourceSpec,
    table: &str,
    columns: &Columns<'_>,
    path: &str,
    desk: &mut Desk<'_>,
) {
    world.table(table, &format!("{path}.library"), desk);
    for (key, given) in [("connection", source.connection.is_some()), ("resource", source.resource.is_some())] {
        if given {
            desk.key(&format!("{path}.{key}"), Mistake::SourceExtra { key, kind: "library" });
        }
    }
    let known = columns.table(table);
    for old in source.rename.keys() {
        require_key(known.as_deref(), old, table, &child(&format!("{path}.rename"), old), desk);
    }
}

/// Files and tables behind a connection.
fn outside(world: &World<'_>, source: &SourceSpec, path: &str, desk: &mut Desk<'_>) {
    for (key, given) in [("connection", source.connection.is_some()), ("resource", source.resource.is_some())] {
        if !given {
            desk.absent(path, key, Mistake::SourceNeeds { source_name: cut(&source.name), key });
        }
    }
    let connection = source
        .connection
        .as_deref()
        .and_then(|name| Some((name, world.connection(name, &format!("{path}.connection"), desk)?.kind)));
    if let Some(code) = &source.resource
        && let Some(resource) = world.resource(code, &format!("{path}.resource"), desk)
    {
        rename(source, resource, path, desk);
    }
    if let Some(files) = &source.files {
        texts::path(files, &format!("{path}.files"), desk);
        if source.file_format().is_none() {
            desk.absent(path, "format", Mistake::UnknownFormat);
        }
        if let Some((name, ConnectionKind::Sqlite)) = connection {
            let mistake = Mistake::ConnectionKind { connection: cut(name), kind: "sqlite", wanted: "files" };
            desk.value(&format!("{path}.connection"), mistake);
        }
    }
    if let Some(table) = &source.table {
        let at = format!("{path}.table");
        match connection {
            Some((_, ConnectionKind::Files)) => texts::path(table, &at, desk),
            _ => {
                texts::template(table, &at, desk);
            }
        }
        if let (Some((name, ConnectionKind::Files)), Some(_)) = (connection, &source.incremental) {
            let wanted = "incremental";
            let mistake = Mistake::ConnectionKind { connection: cut(name), kind: "files", wanted };
            desk.key(&format!("{path}.incremental"), mistake);
        }
    }
}

fn rename(source: &SourceSpec, resource: &Resource, path: &str, desk: &mut Desk<'_>) {
    let mut taken = Vec::new();
    for (old, new) in &source.rename {
        let path = child(&format!("{path}.rename"), old);
        if resource.item(new).is_none() {
            let known = resource.item.iter().map(|item| item.name.as_str());
            desk.value(&path, not_an_item(new, &resource.code, known));
        } else if taken.contains(&new) {
            desk.value(&path, Mistake::RenamedTwice { column: cut(new) });
        }
        taken.push(new);
    }
}

/// Keys that only some kinds of sources have.
fn options(source: &SourceSpec, path: &str, desk: &mut Desk<'_>) {
    let format = source.file_format();
    let text = matches!(format, Some(FileFormat::Csv | FileFormat::Tsv | FileFormat::Ndjson));
    let kind = match (&source.files, &source.library, format) {
        (Some(_), _, None) => "files",
        (Some(_), _, Some(format)) => format_name(format),
        (None, Some(_), _) => "library",
        (None, None, _) => "table",
    };
    let unknown = source.files.is_some() && format.is_none();
    for (key, fits) in [
        ("format", source.files.is_some()),
        ("encoding", text || unknown),
        ("delimiter", matches!(format, Some(FileFormat::Csv | FileFormat::Tsv)) || unknown),
        ("sheet", format == Some(FileFormat::Excel) || unknown),
        ("ready", source.files.is_some()),
        ("incremental", source.table.is_some()),
    ] {
        let path = format!("{path}.{key}");
        if !fits && desk.has(&path) {
            desk.key(&path, Mistake::SourceExtra { key, kind });
        }
    }
    if let Some(delimiter) = &source.delimiter
        && !matches!(delimiter.as_bytes(), [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0))
    {
        desk.value(&format!("{path}.delimiter"), Mistake::Delimiter);
    }
    if let Some(ready) = &source.ready {
        let path = format!("{path}.ready");
        if ready.flag.is_none() && ready.count_file.is_none() && ready.stable_for.is_none() {
            desk.absent(&path, "flag", Mistake::NothingGiven { key: "ready".into() });
        }
        for (key, text) in [("flag", &ready.flag), ("count_file", &ready.count_file)] {
            if let Some(text) = text {
                texts::path(text, &format!("{path}.{key}"), desk);
            }
        }
        texts::duration(ready.stable_for.as_ref(), &format!("{path}.stable_for"), desk);
        if let Some(until) = &ready.until
            && clock::parse(until).is_err()
            && duration::parse(until).is_err()
        {
            desk.value(&format!("{path}.until"), Mistake::ClockOrDuration { text: cut(until) });
        }
    }
}

fn format_name(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Csv => "csv",
        FileFormat::Tsv => "tsv",
        FileFormat::Ndjson => "ndjson",
        FileFormat::Parquet => "parquet",
        FileFormat::Excel => "excel",
    }
}
