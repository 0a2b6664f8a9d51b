//! `sluice serve`: scheduler, workers and a small HTTP port in one process; several of them share a ledger.
//!
//! | to find | look in |
//! |---|---|
//! | the parts and how they end | `serve/service.rs` |
//! | who leads, and the scheduler's loop around the pure `step` | `serve/leader.rs`, `serve/term.rs` |
//! | taking ticks and running them | `serve/worker.rs`, `serve/attempt.rs`, `serve/control.rs` |
//! | signs of life | `serve/pulse.rs` |
//! | what a tick's work is: the engine, or nothing for a bench | `serve/execute.rs`, `serve/run.rs` |
//! | the watchdog and the sender of notices | `serve/watch.rs` |
//! | logs of runs; dropping what is old | `serve/record.rs`, `serve/tidy.rs` |
//! | definitions of now and of before; files that change | `serve/definitions.rs`, `serve/reload.rs`, `serve/stamp.rs` |
//! | `/livez`, `/readyz`, `/metrics` | `serve/port.rs`, `serve/metrics.rs` |
//! | systemd | `serve/systemd.rs` |
//!
//! One task leads among all processes on a ledger, one watches, not always in the same process; every process works. They talk through the ledger alone, so that any
//! of them can die at any moment: what it held runs out and is given to another.
//!
//! What must never happen: a tick's state kept anywhere but in the ledger; a run whose worker lost its tick published as
//! if it had not.

mod attempt;
mod control;
mod definitions;
mod execute;
mod hub;
mod leader;
mod metrics;
mod port;
mod pulse;
mod record;
pub(crate) mod reload;
mod run;
mod service;
mod settings;
mod stamp;
mod systemd;
mod term;
mod tidy;
mod watch;
mod worker;

pub use control::Control;
pub use definitions::Definitions;
pub use execute::{Execute, Outcome};
pub use metrics::Metrics;
pub use service::{Parts, Service};
pub use settings::Settings;

pub(crate) use port::Port;
pub(crate) use run::Runs;
pub(crate) use stamp::Stamp;
pub(crate) use systemd::Systemd;
