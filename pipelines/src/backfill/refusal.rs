//! Why a wish is no backfill.

use serde::Serialize;

use crate::error::Error;

/// Why a wish is no backfill.
#[derive(Debug, Clone, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum Refusal {
    /// The range of a backfill is empty.
    #[error("the backfill's range is empty: from {from} up to, and without, {to}")]
    #[serde(rename = "P821")]
    Range {
        /// First business date.
        from: String,
        /// The date after the last one.
        to: String,
    },
    /// Not a calendar unit.
    #[error("\"{text}\" is not a window; write 1d, 1w or 1mo")]
    #[serde(rename = "P822")]
    Window {
        /// What was written.
        text: String,
    },
    /// Too many intervals for one backfill.
    #[error(
        "the backfill would have {ticks} runs, more than {most}; shorten its range or merge intervals with a window"
    )]
    #[serde(rename = "P823")]
    TooLarge {
        /// Runs it would have.
        ticks: usize,
        /// Most there may be.
        most: usize,
    },
    /// A name that cannot stand within a key.
    #[error("\"{name}\" cannot name a backfill; use letters, digits, dots, hyphens and underscores")]
    #[serde(rename = "P824")]
    Name {
        /// What was written.
        name: String,
    },
    /// A window would merge days of which each has a place of its own.
    #[error(
        "source {source_name} has a place of its own for each day, so that a run over several days would read one of them; leave the window out"
    )]
    #[serde(rename = "P825")]
    LosesDays {
        /// The source.
        source_name: String,
    },
    /// What its definitions say against it: no such pipeline, a year that the calendar does not know.
    #[error("{0}")]
    #[serde(untagged)]
    Definition(Box<Error>),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Definition(Box::new(error))
    }
}
