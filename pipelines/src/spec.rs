//! TOML → spec, every mistake at its line.
//!
//! A file becomes a tree with spans (`tree.rs`), the tree is held against the JSON Schema of its struct (`walk.rs`), and
//! only then does serde read it; so unknown keys, wrong types and missing keys of a whole project are found in one go. What
//! the files say to each other is checked by [`crate::project`].
//!
//! | to find | look in |
//! |---|---|
//! | the grammar of a pipeline | [`pipeline`] |
//! | the grammar of `sluice.toml` and `connections.toml` | [`project`] |
//! | every mistake and its code | [`mistake`]; small parsers bring their own |
//! | the grammar of `duty.toml` | [`duty`] |
//! | a mistake at its place, all of them, as text and as JSON | [`diagnostic`], `render.rs` |
//! | cron lines, durations, templates, shares, names and paths | [`cron`], [`duration`], [`template`], [`share`], [`forms`] |
//! | SQL before planning | [`sql`] |
//! | secrets that must not be here | [`secret`] |
//! | JSON Schemas | [`schemas`] |
//!
//! Must never happen: a crash or a hang on any file; a secret on the screen; a mistake that hides another one.

pub mod calendar;
pub mod clock;
pub mod cron;
pub mod diagnostic;
pub mod duration;
pub mod duty;
pub mod forms;
pub mod mistake;
pub mod nearest;
pub mod pipeline;
pub mod project;
mod render;
pub mod schemas;
pub mod secret;
mod shape;
pub mod share;
pub mod source_file;
pub mod sql;
pub mod template;
mod tree;
mod walk;

pub use tree::SpanMap;
pub(crate) use tree::{Kind, Node, child, parse as parse_tree};
pub(crate) use walk::walk;
