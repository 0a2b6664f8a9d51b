//! Who may still commit. A worker that stood still for longer than its lease learns here that another one has taken its
//! target over. Should it stand still again between this look and its commit, the commit is refused by the target: it is
//! on the snapshot it was computed from, and a delivery's record is put only if absent.

use std::fmt::Debug;

use async_trait::async_trait;

use super::Error;

/// Tells whether the right to write a target still holds.
#[async_trait]
pub trait Fence: Debug + Send + Sync {
    /// Passes while nobody has taken the target over.
    ///
    /// # Errors
    /// [`Error::Superseded`] when somebody has, [`Error::Unknown`] when that cannot be found out.
    async fn check(&self, target: &str) -> Result<(), Error>;
}

/// For targets that only this process can write.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unfenced;

#[async_trait]
impl Fence for Unfenced {
    async fn check(&self, _: &str) -> Result<(), Error> {
        Ok(())
    }
}
