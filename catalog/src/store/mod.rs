//! The database of the catalog: SQLite now, in SQL that PostgreSQL takes too (`$1` placeholders, TEXT and BIGINT).
//!
//! Every change is one `BEGIN IMMEDIATE` transaction with its audit entry inside, through one writer connection.
//! Reads go through a second connection and see the last committed state.

mod adopt;
mod audit;
mod definitions;
mod fault;
mod intents;
mod keys;
mod leases;
mod migrate;
mod occurrences;
mod open;
mod proofs;
mod publish;
mod row;
mod runs;
mod tx;

#[cfg(test)]
pub(crate) use open::check_version;

pub use definitions::{Import, Imported};

use crate::Clock;
use crate::merkle::AuditHash;
use sqlx::sqlite::SqlitePool;
use std::sync::Arc;

/// The catalog: cheap to clone, safe to share between tasks; several processes may open one file.
#[derive(Debug, Clone)]
pub struct Catalog {
    writer: SqlitePool,
    reader: SqlitePool,
    clock: Arc<dyn Clock>,
    hash: AuditHash,
}
