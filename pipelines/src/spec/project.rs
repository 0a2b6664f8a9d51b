//! `sluice.toml` and `connections.toml`: where state lives, which keys protect, what can be reached.

use std::collections::BTreeMap;

use catalog::zone::Zone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `sluice.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectSpec {
    /// Who and what this project is.
    pub project: ProjectHead,
    /// Where the ledger, stages and quarantine live.
    #[serde(default)]
    pub state: StateSpec,
    /// Keys and algorithms.
    #[serde(default)]
    pub keys: KeysSpec,
    /// Where library tables live.
    #[serde(default)]
    pub libraries: LibrariesSpec,
    /// Bounds of a run.
    #[serde(default)]
    pub limits: LimitsSpec,
}

/// Who and what a project is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectHead {
    /// Stable id, lower case letters, digits, underscores and hyphens.
    pub id: String,
    /// Title people read.
    pub title: String,
    /// IANA time zone of schedules and business dates.
    #[serde(default = "default_timezone")]
    pub timezone: String,
}

/// Where the ledger, stages and quarantine live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StateSpec {
    /// Folder, relative to the project.
    pub path: String,
}

/// Keys and algorithms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeysSpec {
    /// The root key: `secret:NAME`, 64 hexadecimal digits. Made on first use under the state folder when absent.
    pub root: Option<String>,
    /// Encryption of supplied columns, quarantine and stages.
    pub cipher: CipherName,
    /// Keyed pseudonyms.
    pub pseudonym: PseudonymName,
}

/// Authenticated encryption algorithms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CipherName {
    /// SM4 in Galois/Counter mode, RFC 8998.
    #[default]
    #[serde(rename = "sm4-gcm")]
    Sm4Gcm,
    /// AES-256 in Galois/Counter mode.
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

/// Keyed pseudonym algorithms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PseudonymName {
    /// HMAC with SM3, GB/T 32905.
    #[default]
    #[serde(rename = "hmac-sm3")]
    HmacSm3,
    /// HMAC with SHA-256.
    #[serde(rename = "hmac-sha-256")]
    HmacSha256,
}

/// Where library tables live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LibrariesSpec {
    /// Folder, relative to the project.
    pub path: String,
    /// Zone of tables that name none.
    pub zone: Zone,
}

/// Bounds of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsSpec {
    /// Memory of sorts, joins and aggregates, in MiB; beyond it they spill, encrypted.
    pub memory_mib: u64,
    /// Parts a job is split into; the number of cores by default.
    pub partitions: Option<usize>,
    /// Disk that spills may take, in MiB.
    pub spill_mib: u64,
    /// Longest record of a text file, in MiB.
    pub record_mib: u64,
    /// Most columns a source may have.
    pub columns: usize,
}

/// `connections.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionsSpec {
    /// Name → connection.
    #[serde(default)]
    pub connection: BTreeMap<String, ConnectionSpec>,
}

/// One place that can be reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSpec {
    /// What kind of place.
    pub kind: ConnectionKind,
    /// Zone it belongs to.
    pub zone: Zone,
    /// Folder (`files`), database file (`sqlite`); relative to the project, or `secret:NAME`.
    pub path: String,
}

/// Kinds of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionKind {
    /// A folder of files and Delta tables.
    Files,
    /// An SQLite database file.
    Sqlite,
}

fn default_timezone() -> String {
    "Asia/Shanghai".into()
}

impl Default for StateSpec {
    fn default() -> Self {
        Self { path: "state".into() }
    }
}

impl Default for LibrariesSpec {
    fn default() -> Self {
        Self { path: "libraries".into(), zone: Zone::Domain }
    }
}

impl Default for LimitsSpec {
    fn default() -> Self {
        Self { memory_mib: 512, partitions: None, spill_mib: 20 * 1024, record_mib: 16, columns: 4096 }
    }
}
