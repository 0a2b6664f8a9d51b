//! What Sluice does to values: pure functions over Arrow arrays.
//!
//! Everything here takes arrays, keys, a clock or a seed as arguments and returns arrays and sparse lists of what is
//! wrong. There is no I/O, no async and no query engine, so each function can be tested with literals and can run on
//! any executor.
//!
//! | to find | look in |
//! |---|---|
//! | the standard of one data element: normalise, check, title, source | `standard/<element>.rs`, registered in `standard.rs` |
//! | how standards walk a column without allocating per row | `standard/walk.rs` |
//! | area codes and their validity | `standard/area_codes.csv`, read by `standard/areas.rs` |
//! | what can be wrong with one value | [`fault`] |
//! | normalising text; any column as text | [`text`] |
//! | turning a column into another type | [`cast`](mod@cast), `cast/` |
//! | quality rules that look at one value at a time | `rule/<rule>.rs` |
//! | masks for people, one file | [`mask`] |
//! | keyed pseudonyms | [`pseudonym`]; HMAC-SM3 of many values at once in `pseudonym/lanes.rs` |
//! | encryption of columns | [`seal`]; the bare ciphers in `aead.rs`, SM4 on many blocks at once in `aead/sm4.rs` |
//! | loops compiled for wide registers, the only unsafe code | `vector.rs` |
//! | keys and their wrapping | [`key`] |
//! | coarser values, removed values, fewer rows | [`generalise`], [`suppress`], [`sample`] |
//! | an identity for the content of a row | [`fingerprint`] |
//! | every way a call can fail | [`error`] |
//!
//! What must never happen here:
//!
//! 1. A value, or a part of one, in an error, a `Debug` output or a panic message. Errors carry types, counts and rows.
//! 2. A value passed on because a protection did not know what to do with it: a mask changes every value, a
//!    generalisation that does not recognise a value removes it, and opening a seal fails closed.
//! 3. A nonce used twice under one data key.
//! 4. A silent approximation: a cast that would round, wrap or truncate is a fault.

mod aead;
pub mod cast;
pub mod error;
pub mod fault;
pub mod fingerprint;
pub mod generalise;
pub mod key;
pub mod mask;
pub mod pseudonym;
pub mod rule;
pub mod sample;
pub mod seal;
#[cfg(test)]
mod speed;
pub mod standard;
pub mod suppress;
pub mod text;
mod vector;

pub use error::Error;
pub use fault::{Context, Fault, Reason, Standardised};
