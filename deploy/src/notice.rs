//! Notices in words, and on their way out.
//!
//! `pipelines` decides who is told what and when, and carries values; here they become sentences of the message catalogue.

mod dispatch;
mod guard;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use dispatch::{Dispatched, dispatch};
pub(crate) use guard::Guard;
pub(crate) use words::{Words, short, test_text};
