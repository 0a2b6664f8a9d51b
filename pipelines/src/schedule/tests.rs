//! What the data operations centre relies on, against the ledger's rules in memory.

#![allow(clippy::unwrap_used, clippy::panic)]

mod asking;
mod desk;
mod outage;
mod seeds;
mod sharing;
mod turns;
