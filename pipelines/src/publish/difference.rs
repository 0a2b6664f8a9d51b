//! What changed between two versions of a table, as two lists of files.
//!
//! Rows of files that are in both versions are not read. A rewrite by another program shows as removed and added files
//! with equal rows, and a row that came and went in between does not show at all: what differs is told by comparing
//! the rows of the two lists.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use connectors::delta::{self, DeltaFile};
use connectors::source::Batches;
use connectors::{Limits, Position, Source};

use super::Error;
use super::codec::position;
use super::files::PARALLEL;
use super::table::{Table, unsigned};

/// The two sides of a difference. A side without files is `None`.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Rows of files in the older version only.
    pub removed: Option<Arc<dyn Source>>,
    /// Rows of files in the newer version only.
    pub added: Option<Arc<dyn Source>>,
    /// Columns of both: `columns`, then those of `key` that are not among them.
    pub schema: SchemaRef,
}

/// The difference from version `from` to version `to`; everything in `to` without `from`.
///
/// # Errors
/// [`Error::Column`] for a column the table does not have; from the storage side, when the log or removed files no
/// longer reach back to `from`.
pub async fn difference(
    table_root: &Path,
    from: Option<i64>,
    to: i64,
    columns: &[String],
    key: &[String],
) -> Result<Difference, Error> {
    let table = Table::open(table_root).await?;
    let newer = table.delta().snapshot(Some(unsigned(to)?)).await?;
    let (removed, added) = match from {
        None => (Vec::new(), newer.files().to_vec()),
        Some(from) => {
            let changes = table.delta().changes(unsigned(from)?, unsigned(to)?).await?;
            (changes.removed, changes.added)
        }
    };
    let wanted: Vec<&String> = columns.iter().chain(key.iter().filter(|name| !columns.contains(name))).collect();
    let fields = wanted.iter().map(|name| Ok(newer.schema().field(position(&newer.schema(), name)?).clone()));
    let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Result<Vec<_>, Error>>()?));
    Ok(Difference {
        removed: side(&table, &newer, &removed, &schema).await?,
        added: side(&table, &newer, &added, &schema).await?,
        schema,
    })
}

async fn side(
    table: &Table,
    snapshot: &delta::Snapshot,
    files: &[DeltaFile],
    schema: &SchemaRef,
) -> Result<Option<Arc<dyn Source>>, Error> {
    if files.is_empty() {
        return Ok(None);
    }
    let source = delta::open_files(table.delta(), snapshot, files, false, &Limits::default(), PARALLEL).await?;
    let all = source.schema();
    let order = schema.fields().iter().map(|field| position(&all, field.name()));
    let columns = order.collect::<Result<Vec<_>, Error>>()?;
    Ok(Some(Arc::new(Columns { source: Arc::new(source), columns, schema: Arc::clone(schema) })))
}

/// Some columns of a source.
#[derive(Debug)]
struct Columns {
    source: Arc<dyn Source>,
    columns: Vec<usize>,
    schema: SchemaRef,
}

impl Source for Columns {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn splits(&self) -> usize {
        self.source.splits()
    }

    fn read(&self, split: usize, projection: Option<&[usize]>) -> Batches {
        let inner: Option<Vec<usize>> = match projection {
            None => Some(self.columns.clone()),
            Some(wanted) => wanted.iter().map(|at| self.columns.get(*at).copied()).collect(),
        };
        // A position that is not there is refused by the source behind, under its own bounds.
        self.source.read(split, Some(&inner.unwrap_or_else(|| vec![usize::MAX])))
    }

    fn position(&self) -> Position {
        self.source.position()
    }
}
