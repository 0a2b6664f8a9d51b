//! Moves bytes in and out: files, tables and databases become Arrow batches, and batches become files and commits.
//! Knows no policy, no grades and no plans.
//!
//! | file | what is in it |
//! |---|---|
//! | `kind.rs` | the list of kinds, [`Request`] and [`open`] |
//! | `source.rs` | [`Source`], which every kind offers |
//! | `limits.rs` | [`Limits`], every bound |
//! | `store.rs`, `store/` | stores, checked paths, durable writes, transfers |
//! | `files.rs` | patterns to files |
//! | `input.rs`, `input/` | bytes of a file: pieces, decompression |
//! | `text.rs`, `text/` | encodings, windows of text, text columns |
//! | `csv.rs`, `csv/` | CSV and TSV |
//! | `ndjson.rs`, `ndjson/` | JSON lines |
//! | `excel.rs`, `excel/` | Excel sheets |
//! | `sqlite.rs`, `sqlite/` | SQLite tables |
//! | `parquet.rs`, `parquet/` | Parquet, also from given lists of files |
//! | `delta.rs`, `delta/` | Delta tables: snapshots, commits, changes, and as a source |
//! | `write.rs`, `write/` | Parquet and CSV files out |
//! | `notice.rs`, `notice/` | notices to people: webhook, DingTalk, WeCom, Feishu, mail |
//! | `ready.rs` | whether a file drop is complete |
//! | `error.rs` | [`Error`], all codes |
//!
//! What must never happen:
//! 1. A value of a row appears in an error, a log line or a position.
//! 2. A truncated, corrupt or changed input is read as if it were whole.
//! 3. A write is reported done before file and directory are on disk.
//! 4. A path leads out of its root.

pub mod csv;
pub mod delta;
mod error;
pub mod excel;
pub mod files;
pub mod input;
pub mod kind;
mod limits;
pub mod ndjson;
pub mod notice;
pub mod parquet;
pub mod ready;
pub mod source;
pub mod sqlite;
pub mod store;
#[cfg(test)]
mod tests;
mod text;
pub mod write;

pub use error::Error;
pub use kind::{Context, Format, Request, open};
pub use limits::Limits;
pub use source::{Position, Source};
pub use text::Encoding;
