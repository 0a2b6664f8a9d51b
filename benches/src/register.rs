//! A register of made-up persons as CSV: 14 columns, about 180 bytes a row, one row in 250 with one defect.
//!
//! It is a pure function of the number of rows, so a cached file stays good. No field is quoted.

mod codes;
mod row;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use row::{Row, Writer};

/// Names of the columns, in order.
pub const COLUMNS: [&str; 14] = [
    "citizen_id",
    "name",
    "credit_code",
    "bank_card",
    "mobile",
    "birth_date",
    "registered_on",
    "updated_on",
    "area_code",
    "sex",
    "ethnic_group",
    "amount",
    "address",
    "serial",
];

/// One row in so many has a defect: 0.4 %.
pub const DEFECT_EVERY: u64 = 250;

/// Changes whenever the content does, so that an older cached file is not used.
const EDITION: u32 = 2;
const SEED: u64 = 0x5157_0001;

/// Rows of a register that have a defect.
#[must_use]
pub fn defects(rows: u64) -> u64 {
    rows / DEFECT_EVERY
}

/// The register with so many rows, made if `folder` does not hold it yet.
///
/// # Errors
/// What the file system says.
pub fn cached(folder: &Path, rows: u64) -> std::io::Result<PathBuf> {
    let path = folder.join(format!("register-{rows}-e{EDITION}.csv"));
    if !path.exists() {
        fs::create_dir_all(folder)?;
        let unfinished = path.with_extension("part");
        write(&unfinished, rows)?;
        fs::rename(&unfinished, &path)?;
    }
    Ok(path)
}

fn write(path: &Path, rows: u64) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(out, "{}", COLUMNS.join(","))?;
    let mut chance = ChaCha8Rng::seed_from_u64(SEED);
    let mut writer = Writer::default();
    for number in 0..rows {
        let mut row = Row::at(number, &mut chance);
        if number % DEFECT_EVERY == DEFECT_EVERY - 1 {
            row.spoil(number / DEFECT_EVERY);
        }
        out.write_all(writer.line(&row))?;
    }
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_register_is_always_the_same_and_has_its_form() {
        let folder = tempfile::tempdir().unwrap();
        let path = cached(folder.path(), 1_000).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(fs::read_to_string(cached(folder.path(), 1_000).unwrap()).unwrap(), text);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1_001);
        assert!(lines.iter().all(|line| line.split(',').count() == COLUMNS.len()));
        assert!((165..195).contains(&(text.len() / 1_001)), "{} bytes a row", text.len() / 1_001);
        assert!(!text.contains('"'));
    }

    #[test]
    fn no_two_persons_share_a_number() {
        let mut chance = ChaCha8Rng::seed_from_u64(SEED);
        let ids: std::collections::HashSet<_> =
            (0..20_000).map(|number| Row::at(number, &mut chance).citizen_id).collect();
        assert_eq!(ids.len(), 20_000);
    }
}
