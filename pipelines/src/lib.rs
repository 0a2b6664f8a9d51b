//! From TOML to proof: definitions are parsed, planned, passed through the gate and run.
//!
//! | to find | look in |
//! |---|---|
//! | the grammar, every mistake at its line | [`spec`], [`project`] |
//! | which days work; when a pipeline is due, and what a tick covers | [`calendar`], [`when`], [`occurrence`] |
//! | what a run will do, as a frozen value | [`plan`] |
//! | relations and their phases | [`relation`] |
//! | lineage and grades from a query plan | [`flow`] |
//! | what may leave | [`gate`] |
//! | rows in motion: sources, governing, staging | [`read`], [`govern`], [`stage`], [`stream`] |
//! | stage → audit → intent → publish | [`run`], [`quality`], [`publish`] |
//! | keys; opening what they sealed | [`vault`], [`unseal`] |
//! | sessions, memory, encrypted temporary files | [`work`], [`spool`] |
//! | what is run again; the sheet of a shift; why something did not run; deadlines | [`backfill`], [`handover`], [`why`], [`deadline`] |
//! | what people are told | [`report`], [`problem`], [`error`] |
//! | who is told, what and when; what was promised and is not there | [`duty`], [`notice`], [`watch`] |
//! | the one entrance | [`engine`] |
//!
//! What must never happen here:
//!
//! 1. A row reaches another zone except through an [`gate::Authorized`] job; nothing else can make one.
//! 2. A value of a row in an error, a plan or a report: errors of libraries are reduced to their kind first.
//! 3. A target written twice for one occurrence, or a cursor moved without its data.
//! 4. A protection chosen by SQL: protections are no functions, they are applied after the last query.

pub mod backfill;
pub mod calendar;
pub mod crash;
pub mod deadline;
pub mod duty;
pub mod engine;
pub mod error;
pub mod flow;
pub mod gate;
pub mod govern;
pub mod handover;
pub mod lease;
pub mod manifest;
pub mod notice;
pub mod occurrence;
pub mod pace;
pub mod plan;
pub mod problem;
pub mod project;
pub mod protect;
pub mod publish;
pub mod quality;
pub mod read;
pub mod relation;
pub mod report;
pub mod run;
#[cfg(test)]
mod sample;
pub mod schedule;
pub mod spec;
pub mod spool;
pub mod stage;
pub mod stream;
pub mod types;
pub mod unseal;
pub mod vault;
pub mod watch;
pub mod when;
pub mod why;
pub mod work;

pub use error::Error;
