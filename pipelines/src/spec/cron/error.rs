//! Why a line is not a cron line.

use serde::Serialize;

/// Why a line is not a five-field cron line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize)]
#[serde(tag = "code")]
pub enum CronError {
    /// Too few or too many fields.
    #[error(
        "a cron line has five fields (minute, hour, day, month, weekday), this one has {found}; seconds and years are not known"
    )]
    #[serde(rename = "P140")]
    FieldCount {
        /// Fields found.
        found: usize,
        /// The line that was probably meant.
        #[serde(skip)]
        converted: Option<String>,
    },
    /// `@daily` and its like.
    #[error("“{alias}” is not supported; write the five fields")]
    #[serde(rename = "P141")]
    Alias {
        /// The alias, cut.
        alias: String,
        /// The same in five fields.
        #[serde(skip)]
        converted: Option<String>,
    },
    /// L, W, # or ? of Quartz.
    #[error("“{letter}” in the {field} field is Quartz, not POSIX cron")]
    #[serde(rename = "P142")]
    Quartz {
        /// The letter.
        letter: char,
        /// Name of the field.
        field: &'static str,
        /// The line without it, where it means the same.
        #[serde(skip)]
        converted: Option<String>,
    },
    /// A range of numbers that runs backwards.
    #[error("the range {range} in the {field} field runs backwards")]
    #[serde(rename = "P143")]
    Reversed {
        /// The range.
        range: String,
        /// Name of the field.
        field: &'static str,
        /// The line with the range split in two.
        #[serde(skip)]
        converted: Option<String>,
    },
    /// A number outside its field.
    #[error("{value} is outside the {field} field, which goes from {lowest} to {highest}")]
    #[serde(rename = "P144")]
    Value {
        /// The value.
        value: String,
        /// Name of the field.
        field: &'static str,
        /// Lowest value.
        lowest: u32,
        /// Highest value.
        highest: u32,
    },
    /// Something else that is no field.
    #[error("“{text}” in the {field} field is not a number, a range, a list, * or one of them with a step")]
    #[serde(rename = "P145")]
    Syntax {
        /// The text, cut.
        text: String,
        /// Name of the field.
        field: &'static str,
    },
    /// A date that does not exist.
    #[error("this line never fires: none of its months has such a day")]
    #[serde(rename = "P146")]
    Never,
    /// A step that cannot be meant.
    #[error(
        "the step of {text} in the {field} field does not fit: it goes on a range or *, from 1 to the size of the range"
    )]
    #[serde(rename = "P147")]
    Step {
        /// The element, cut.
        text: String,
        /// Name of the field.
        field: &'static str,
        /// The line with a range in place of the number.
        #[serde(skip)]
        converted: Option<String>,
    },
}

impl CronError {
    /// The same schedule as a line that is accepted, where the line can be converted.
    pub fn converted(&self) -> Option<&str> {
        match self {
            Self::FieldCount { converted, .. }
            | Self::Alias { converted, .. }
            | Self::Quartz { converted, .. }
            | Self::Reversed { converted, .. }
            | Self::Step { converted, .. } => converted.as_deref(),
            Self::Value { .. } | Self::Syntax { .. } | Self::Never => None,
        }
    }

    /// Takes a conversion only if it parses.
    pub(super) fn offer(self, line: String) -> Self {
        let offer = super::Cron::parse(&line).ok().map(|_| line);
        match self {
            Self::FieldCount { found, .. } => Self::FieldCount { found, converted: offer },
            Self::Alias { alias, .. } => Self::Alias { alias, converted: offer },
            Self::Quartz { letter, field, .. } => Self::Quartz { letter, field, converted: offer },
            Self::Reversed { range, field, .. } => Self::Reversed { range, field, converted: offer },
            Self::Step { text, field, .. } => Self::Step { text, field, converted: offer },
            other => other,
        }
    }
}
