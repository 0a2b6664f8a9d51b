//! How grave the harm would be: the grades of GB/T 43697-2024.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A grade of GB/T 43697-2024: four levels of general data, then important and core data; later is graver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Grade {
    /// General data, level 1: disclosure harms nobody.
    L1,
    /// General data, level 2: general harm to a person or an organisation.
    L2,
    /// General data, level 3: serious harm.
    L3,
    /// General data, level 4: particularly serious harm.
    L4,
    /// Important data 重要数据: never leaves the platform.
    #[serde(rename = "important")]
    Important,
    /// Core data 核心数据: never leaves the platform.
    #[serde(rename = "core")]
    Core,
}

impl Grade {
    /// All grades, least grave first.
    pub const ALL: [Grade; 6] = [Grade::L1, Grade::L2, Grade::L3, Grade::L4, Grade::Important, Grade::Core];

    /// Whether data of this grade may leave the platform at all.
    #[must_use]
    pub fn leaves_platform(self) -> bool {
        !matches!(self, Grade::Important | Grade::Core)
    }

    /// The form used in files and messages: `L1` … `L4`, `important`, `core`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::L1 => "L1",
            Grade::L2 => "L2",
            Grade::L3 => "L3",
            Grade::L4 => "L4",
            Grade::Important => "important",
            Grade::Core => "core",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::str::FromStr for Grade {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Grade::ALL
            .into_iter()
            .find(|grade| grade.as_str() == text)
            .ok_or_else(|| crate::Error::BadGrade { text: text.chars().take(64).collect() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn graver_is_greater_and_text_matches_serde() {
        assert!(Grade::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        for grade in Grade::ALL {
            assert_eq!(serde_json::to_value(grade).unwrap(), grade.as_str());
            assert_eq!(grade.as_str().parse::<Grade>().unwrap(), grade);
        }
        assert!(Grade::L4.leaves_platform() && !Grade::Important.leaves_platform() && !Grade::Core.leaves_platform());
    }
}
