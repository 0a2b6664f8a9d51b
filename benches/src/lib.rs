//! Benchmarks: how fast rows flow, beside DataFusion doing the least that could be called the same; how fast the ledger
//! records what happens, beside what the disk can do; how late the service begins what is due.
//!
//! | to find | look in |
//! |---|---|
//! | the made-up register that is read | [`register`] |
//! | child processes, their time and peak memory | [`measure`] |
//! | what the disk can do | [`disk`] |
//! | the benchmarks themselves | `benches/register/`, `benches/ledger/`, `benches/service/` |
//! | how to run it, what its numbers mean | `README.md` |
//!
//! What must never happen here:
//!
//! 1. Two sides of a comparison read different bytes, or write with different compression.
//! 2. A number is printed for a run that did not deliver every row.
//! 3. A value in the register belongs to a person: numbers come from ranges that are not issued.

pub mod disk;
pub mod measure;
pub mod register;
