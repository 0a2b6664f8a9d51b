//! Records of wrapped keys (GB/T 39786: kind, length, owner, start and end of every key), and of sealed quarantine.
//!
//! The catalog never sees a key: what it keeps is wrapped by a root key that lives elsewhere.

use chrono::{DateTime, Utc};
use std::fmt;

/// A key to be registered.
#[derive(Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Key id, for example `pseudonym/inclusive_finance/1`.
    pub id: String,
    /// One key, one use: `grant`, `pseudonym`, `column`, `quarantine`, `data`.
    pub kind: String,
    /// Length of the key in bits.
    pub length_bits: u32,
    /// Whose key: a grant, a scenario, a zone.
    pub owner: String,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
    /// From when it may be used.
    pub starts_at: DateTime<Utc>,
    /// Until when it may be used to protect; `None` without end.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A registered key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Key id.
    pub id: String,
    /// Use.
    pub kind: String,
    /// Length in bits.
    pub length_bits: u32,
    /// Whose key.
    pub owner: String,
    /// The wrapped key; empty once destroyed.
    pub wrapped: Vec<u8>,
    /// From when, RFC 3339 UTC.
    pub starts_at: String,
    /// Until when.
    pub ends_at: Option<String>,
    /// When it was destroyed.
    pub destroyed_at: Option<String>,
}

impl fmt::Debug for NewKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "NewKey({}, {}, {} bits)", self.id, self.kind, self.length_bits)
    }
}

impl fmt::Debug for KeyRecord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "KeyRecord({}, {}, {} bits)", self.id, self.kind, self.length_bits)
    }
}

/// A sealed file of quarantined rows.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct QuarantineFile {
    /// Path of the sealed file.
    pub path: String,
    /// Rows in it.
    pub rows: i64,
    /// Id of the key that seals it.
    pub key_id: String,
}

/// A sealed file as recorded.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecordedQuarantine {
    /// Occurrence whose rows they are.
    pub occurrence: String,
    /// The file.
    pub file: QuarantineFile,
    /// When it was recorded, RFC 3339 UTC.
    pub recorded_at: String,
}
