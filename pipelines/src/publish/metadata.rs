//! What every commit of ours says about itself, so that a target can vouch for what it holds.

use chrono::NaiveDate;

use super::Error;
use crate::manifest::{CommitMetadata, Outcome};

/// Occurrence that was published.
pub const OCCURRENCE: &str = "sluice.occurrence";
/// SHA-256 of the manifest that was published, hexadecimal.
pub const MANIFEST: &str = "sluice.manifest";
/// Position up to which the target now stands.
pub const CURSOR: &str = "sluice.cursor";
/// Fencing token of the lease under which it was committed.
pub const TOKEN: &str = "sluice.token";
/// Latest boundary a history without versions was published for, so that later loads of earlier days are told apart.
pub const BOUNDARY: &str = "sluice.boundary";
/// What publishing did, as JSON of [`Outcome`].
pub const OUTCOME: &str = "sluice.outcome";

/// The metadata to commit: the caller's, with the outcome and the latest boundary.
pub(super) fn complete(
    metadata: &CommitMetadata,
    outcome: &Outcome,
    boundary: Option<NaiveDate>,
) -> Result<CommitMetadata, Error> {
    let text = serde_json::to_string(outcome)
        .map_err(|_| Error::Setting { reason: "its outcome cannot be written as JSON" })?;
    let mut metadata = metadata.clone();
    metadata.insert(OUTCOME.to_owned(), text);
    if let Some(boundary) = boundary {
        metadata.insert(BOUNDARY.to_owned(), boundary.to_string());
    }
    Ok(metadata)
}

/// The digest of the manifest, which must be there.
pub(super) fn digest(metadata: &CommitMetadata) -> Result<&str, Error> {
    metadata
        .get(MANIFEST)
        .map(String::as_str)
        .filter(|digest| !digest.is_empty())
        .ok_or(Error::Setting { reason: "its metadata holds no manifest digest" })
}

/// The outcome a commit recorded.
pub(super) fn outcome(metadata: &CommitMetadata) -> Option<Outcome> {
    serde_json::from_str(metadata.get(OUTCOME)?).ok()
}

/// The latest boundary as of a commit, if it recorded one.
pub(super) fn boundary(metadata: &CommitMetadata) -> Option<NaiveDate> {
    metadata.get(BOUNDARY)?.parse().ok()
}
