//! The schedule's ledger: what a leading scheduler promises, what workers make of it, what people ask for and are told.
//!
//! | to find | look in |
//! |---|---|
//! | who leads | `lead.rs` |
//! | what the leader changes, many changes to a transaction | `apply.rs`; which of them fit: `board.rs` |
//! | what workers do: claim, beat, leave | `claim.rs` |
//! | pauses and requests | `holds.rs`, `requests.rs` |
//! | reading: ticks, changes, commits, the snapshot | `read.rs` |
//! | ticks to rows and back, many at a time | `row.rs`, `table.rs` |
//!
//! What workers do exists twice: as a method of the catalog, and inside an open transaction, where many are grouped.

mod apply;
mod board;
mod claim;
mod holds;
mod lead;
mod read;
mod requests;
mod row;
mod table;

pub use lead::LEAD;
pub(super) use table::Counter;
