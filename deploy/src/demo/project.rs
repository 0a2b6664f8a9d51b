//! The demo's definitions, from `deploy/demo/`, with terms that hold today.

use std::io::{BufRead, BufReader};
use std::path::Path;

use chrono::{Datelike, NaiveDate};

use crate::error::Error;

/// File by which a folder is known to be a demo that may be replaced.
pub(crate) const MARK: &str = ".sluice-demo";
/// The pipeline whose refusal is meant.
pub(crate) const REFUSED: &str = "refused.contact";
/// What a demo consists of besides [`MARK`]; nothing else is removed when it is replaced.
const PARTS: &[&str] = &[
    "catalog",
    "exchange",
    "grants",
    "libraries",
    "pipelines",
    "schemas",
    "state",
    "supplied",
    "connections.toml",
    "policy.toml",
    "sluice.toml",
    "truth.csv",
    MARK,
];

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../demo/", $path)))),*]
    };
}

/// Path below the project and content.
const FILES: &[(&str, &str)] = files![
    "sluice.toml",
    "connections.toml",
    "policy.toml",
    "catalog/organisations.toml",
    "catalog/base.toml",
    "catalog/psb.toml",
    "catalog/hrss.toml",
    "catalog/samr.toml",
    "catalog/civil.toml",
    "catalog/housing.toml",
    "catalog/health.toml",
    "grants/operation.toml",
    "grants/inclusive_finance.toml",
    "grants/smart_elderly_care.toml",
    "pipelines/10_population_resident.toml",
    "pipelines/20_social_security_insured.toml",
    "pipelines/30_legal_entity_enterprise.toml",
    "pipelines/40_social_security_allowance.toml",
    "pipelines/50_population_dwelling.toml",
    "pipelines/60_social_security_follow_up.toml",
    "pipelines/70_social_security_employment.toml",
    "pipelines/80_population_elderly.toml",
    "pipelines/85_training_insured_sample.toml",
    "pipelines/90_refused_contact.toml",
];

/// From when until when the demo's grants and agreements hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    from: NaiveDate,
    until: NaiveDate,
}

impl Terms {
    /// From the start of last year, for three years less a day: the longest term there is.
    pub(crate) fn around(day: NaiveDate) -> Self {
        let first = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or(day);
        let until = first(day.year() + 2).pred_opt().unwrap_or(day);
        Self { from: first(day.year() - 1), until }
    }
}

/// Writes the definitions into a folder.
pub(crate) fn write(folder: &Path, terms: &Terms) -> Result<(), Error> {
    for part in ["supplied/inclusive_finance", "supplied/smart_elderly_care"] {
        let path = folder.join(part);
        std::fs::create_dir_all(&path).map_err(|error| Error::io("create", &path, &error))?;
    }
    for (path, text) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Error::io("create", parent, &error))?;
        }
        let text = text.replace("@FROM@", &terms.from.to_string()).replace("@UNTIL@", &terms.until.to_string());
        std::fs::write(&path, text).map_err(|error| Error::io("write", &path, &error))?;
    }
    let mark = folder.join(MARK);
    std::fs::write(&mark, "").map_err(|error| Error::io("write", &mark, &error))
}

/// Removes the parts of an older demo and leaves everything else.
pub(crate) fn clear(folder: &Path) -> Result<(), Error> {
    for part in PARTS {
        let path = folder.join(part);
        let removed = match path.symlink_metadata() {
            Err(_) => continue,
            Ok(metadata) if metadata.is_dir() => std::fs::remove_dir_all(&path),
            Ok(_) => std::fs::remove_file(&path),
        };
        removed.map_err(|error| Error::io("remove", &path, &error))?;
    }
    Ok(())
}

/// Planted defects of both deliveries: lines of the truth file without its header.
pub(crate) fn planted(folder: &Path) -> u64 {
    let Ok(file) = std::fs::File::open(folder.join("truth.csv")) else {
        return 0;
    };
    let lines = BufReader::new(file).lines().map_while(Result::ok).count();
    (lines as u64).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_definition_is_embedded_and_the_project_checks() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &Terms::around("2026-11-22".parse().unwrap())).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
        for part in ["", "catalog", "grants", "pipelines"] {
            for entry in std::fs::read_dir(source.join(part)).unwrap().map(Result::unwrap) {
                let name = entry.file_name();
                assert!(folder.path().join(part).join(&name).exists(), "{part}/{name:?} is not embedded");
            }
        }
        let diagnostics = pipelines::project::check(folder.path());
        let messages = crate::Messages::new(crate::Language::En);
        assert_eq!(diagnostics.len(), 0, "{}", diagnostics.render(&messages, false));
    }

    #[test]
    fn clearing_leaves_what_is_not_the_demo_s() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &Terms::around("2026-11-22".parse().unwrap())).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
        clear(folder.path()).unwrap();
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["notes.txt"]);
    }
}
