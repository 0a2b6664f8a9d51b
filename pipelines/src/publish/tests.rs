//! Small tables for every mode and rule, and the accidents that may happen on the way.
#![allow(clippy::unwrap_used, clippy::panic)]

mod accidents;
mod bench;
mod city;
mod deliveries;
mod history;
mod keyed;
mod model;
mod replacing;
mod versions;
