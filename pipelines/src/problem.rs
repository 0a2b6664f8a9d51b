//! One shape for every error that reaches a person: a stable code and the parameters its message is rendered from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What went wrong, ready for the message catalogue. It never holds a personal or secret value: parameters are names,
/// counts, positions and dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable code that can be read out on the telephone: `P301`.
    pub code: String,
    /// Parameters by name.
    pub params: BTreeMap<String, String>,
    /// The English sentence, for logs and where the catalogue has no entry.
    pub message: String,
    /// Whether trying again can help without a change.
    pub retryable: bool,
}

impl Problem {
    /// Takes an error of any crate of the house: its `code` tag and fields by serialisation, its sentence by display.
    pub fn of<E: Serialize + std::fmt::Display>(error: &E, retryable: bool) -> Self {
        let mut params = BTreeMap::new();
        let mut code = String::from("P000");
        if let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(error) {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("code", serde_json::Value::String(found)) => code = found,
                    (_, serde_json::Value::String(text)) => {
                        params.insert(name, text);
                    }
                    (_, serde_json::Value::Null) => {}
                    (_, other) => {
                        params.insert(name, other.to_string());
                    }
                }
            }
        }
        Self { code, params, message: error.to_string(), retryable }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}] {}", self.code, self.message)
    }
}
