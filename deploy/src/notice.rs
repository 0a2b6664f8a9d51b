//! Notices in words, and on their way out.
//!
//! `pipelines` decides who is told what and when, and carries values; here they become sentences of the message catalogue.

mod dispatch;
mod guard;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use dispatch::{Dispatched, dispatch, waiting};
pub(crate) use guard::{Guard, Looked};
pub(crate) use words::{Words, short, test_text};

/// Target of the lease of whoever watches and sends: one at a time on a ledger, so that nothing is sent twice.
pub(crate) const WATCH: &str = "watch";
