//! What users of the `sluice` program rely on, shown with the program itself: every test starts it as a shell would, in
//! a project folder of its own, and looks at what it printed, how it ended and what lies on the disk afterwards.
//!
//! | to find | look in |
//! |---|---|
//! | starting the program, projects, reading tables and the ledger | `harness/` |
//! | SIGKILL at every point; foreign OPTIMIZE; restored ledger | `crash.rs` |
//! | SIGKILL of services at random, again and again | `chaos.rs` |
//! | no graded value where it does not belong | `canary.rs` |
//! | hostile input | `hostile.rs` |
//! | mistakes in definitions | `definitions.rs` |
//! | expired, missing and renewed grants; deleted rows | `grants.rs` |
//! | lineage, grades and refusals | `lineage.rs` |
//! | backfills; gates that two people let a job pass | `orders.rs` |
//! | the service: times, reload, drain, workers that stand still | `serve.rs` |
//! | systemd unit and Helm chart | `install.rs` |
//! | the demo against its truth file | `demo.rs` |
//! | deltalake, DuckDB and Polars | `interop.rs` |
//! | notices and the duty roster | `notice.rs` |
//! | a ledger on PostgreSQL | `server.rs` |
//! | what people ask of the schedule and are told about it | `schedule.rs` |
//! | rules of the house | `house.rs` |
//!
//! Projects and expectations lie in `../cases`, programs of other libraries in `../python`.
#![allow(clippy::unwrap_used, clippy::panic)]

mod calendar;
mod canary;
mod chaos;
mod crash;
mod definitions;
mod demo;
mod grants;
mod harness;
mod hostile;
mod house;
mod install;
mod interop;
mod lineage;
mod notice;
mod orders;
mod schedule;
mod serve;
mod server;
