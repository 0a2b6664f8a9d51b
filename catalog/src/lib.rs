//! What exists, who may have it, what happened.
//!
//! The first half of this crate is data and pure decisions: resources and their items, grades, zones, the protection
//! policy, grants. The second half is the record: occurrences, leases, intents, receipts, lineage, keys and the audit
//! log, kept in one database so that an effect and its proof are one transaction.
//!
//! | file | holds |
//! |---|---|
//! | `grade.rs`, `zone.rs` | the two scales everything is decided on: how grave, and where |
//! | `resource.rs` | `catalog/*.toml`: organisations, resources, items |
//! | `policy.rs` | `policy.toml`: grade × zone → protections, as a pure decision |
//! | `grant.rs` | `grants/*.toml`: who may take what, where, how long; why not |
//! | `clock.rs` | the actor of a call, and the time, passed in |
//! | `ledger.rs` | occurrences, runs, attempts, leases, intents, publications |
//! | `schedule.rs` | what a schedule promised and what became of it: ticks, what workers do, what people ask |
//! | `audit.rs`, `merkle.rs` | audit entries, their canonical bytes, the tree that proves them |
//! | `log.rs` | logs of runs |
//! | `notice.rs` | the outbox of notices to people |
//! | `lineage.rs`, `key.rs` | column lineage and receipts; wrapped keys and sealed quarantine |
//! | `store/` | the database of all that: [`Catalog`], one file a concern, `migrations/` |
//! | `date.rs`, `text.rs`, `digest.rs` | dates and string forms of the grammar; canonical JSON and digests |
//! | `error.rs` | every error of this crate with its code |
//!
//! What must never happen here:
//! 1. a refusal that suggests masking in place of authorisation;
//! 2. core or important data allowed across a border, whatever a policy file says;
//! 3. an effect in the ledger without its audit entry in the same transaction;
//! 4. a value of somebody's data in an error, an audit entry or a column of this database.

pub mod audit;
pub mod clock;
pub mod date;
pub mod digest;
pub mod error;
pub mod grade;
pub mod grant;
pub mod key;
pub mod ledger;
pub mod lineage;
pub mod log;
pub mod merkle;
pub mod notice;
pub mod policy;
pub mod resource;
pub mod schedule;
pub mod store;
mod text;
pub mod zone;

pub use clock::{Actor, Clock, SystemClock};
pub use error::{Error, StoreFault};
pub use grade::Grade;
pub use grant::{Grant, GrantFile, Refusal, StoredGrant};
pub use policy::{Decision, Policy, Protection};
pub use resource::{CatalogFile, Item, ItemType, Organisation, Resource};
pub use store::Catalog;
pub use zone::{Border, Zone, ZoneKind};

#[cfg(test)]
mod tests;
