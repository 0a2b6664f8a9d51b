//! Behaviour that users rely on, across kinds.
#![allow(clippy::unwrap_used, clippy::panic)]

mod conformance;
mod csv;
mod delta;
mod excel;
mod files;
mod hostile;
mod ndjson;
mod parquet;
mod sqlite;
mod support;
mod write;
