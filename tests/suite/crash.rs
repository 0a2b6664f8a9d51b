//! Nothing is lost and nothing doubled: not by SIGKILL at any named point, not by another program's OPTIMIZE, not by a
//! ledger that was restored from an older copy.

mod elsewhere;
mod kill;
pub(crate) mod picture;
pub(crate) mod world;
