//! The database of the catalog: an SQLite file, or a schema of a PostgreSQL server that several machines share.
//!
//! One set of migrations and one set of statements serve both (`$1` placeholders, TEXT and BIGINT); what differs is in
//! `dialect.rs`. Every change is one write transaction with its audit entry inside, and there is one writer at a time:
//! `BEGIN IMMEDIATE` sees to it on SQLite, a lock of the schema on PostgreSQL. Reads see the last committed state.

mod adopt;
mod audit;
mod batch;
mod definitions;
mod dialect;
mod fault;
mod file;
mod group;
mod intents;
mod keys;
mod leases;
mod logs;
mod migrate;
mod notices;
mod occurrences;
mod open;
mod place;
mod proofs;
mod publish;
mod row;
mod runs;
mod schedule;
mod server;
mod tx;

#[cfg(test)]
pub(crate) use {file::check_version as check_file_version, server::check_version as check_server_version};

pub use definitions::{Import, Imported};
pub use group::{Group, Written};
pub use place::{Place, ServerUrl};
pub use schedule::LEAD;

use crate::Clock;
use crate::ledger::Lease;
use crate::merkle::AuditHash;
use dialect::Dialect;
use sqlx::AnyPool;
use std::sync::Arc;

/// The catalog: cheap to clone, safe to share between tasks; several processes may open one place.
#[derive(Debug, Clone)]
pub struct Catalog {
    writer: AnyPool,
    reader: AnyPool,
    dialect: Dialect,
    clock: Arc<dyn Clock>,
    hash: AuditHash,
    /// The lease that must be current for anything to be written; see `under`.
    fence: Option<Arc<Lease>>,
}
