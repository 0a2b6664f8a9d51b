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
    /// Workers and the port of `sluice serve`.
    #[serde(default)]
    pub service: ServiceSpec,
    /// Pools by name. `default` and `backfill` exist without being named.
    #[serde(default)]
    pub pools: BTreeMap<String, PoolSpec>,
    /// Owner → weight of its share of every pool, 1 by default.
    #[serde(default)]
    pub shares: BTreeMap<String, u32>,
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
    /// The ledger's address, `secret:NAME` of `postgres://user:password@host/database`. A file under `path` when absent.
    pub ledger: Option<String>,
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

/// Workers and the port of `sluice serve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceSpec {
    /// Runs one instance carries out at the same time.
    pub workers: u32,
    /// Address of `/livez`, `/readyz` and `/metrics`; only this machine by default.
    pub listen: String,
    /// How long a run lives without a sign of life before another worker takes it over.
    pub lease: String,
    /// Workers that may die with a tick before it is set aside as failed.
    pub poison_limit: u32,
    /// How often a tick that waits for files looks again.
    pub poll: String,
    /// How long SIGTERM waits for runs before they are stopped.
    pub drain: String,
    /// Lines kept of one run's log, the oldest dropped first.
    pub log_lines: u32,
    /// How long logs are kept: `90d`.
    pub log_keep: String,
    /// How long notices that are over and requests that were answered are kept: `400d`. Ticks and the audit log stay.
    pub keep: String,
    /// How often the watchdog holds the ledger against what was promised.
    pub watch: String,
}

/// Runs that may go on at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolSpec {
    /// Slots, at least 1.
    pub slots: u32,
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
    /// What all runs together may ask of it.
    #[serde(default)]
    pub limits: ConnectionLimits,
}

/// What all runs together may ask of a connection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConnectionLimits {
    /// Scheduled runs that use it at the same time.
    pub runs: Option<u32>,
    /// Rows a second read from it by all of them. Needs `runs`: each run gets its equal part.
    pub rows_per_second: Option<u64>,
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
        Self { path: "state".into(), ledger: None }
    }
}

impl Default for ServiceSpec {
    fn default() -> Self {
        Self {
            workers: 2,
            listen: "127.0.0.1:8710".into(),
            lease: "60s".into(),
            poison_limit: 3,
            poll: "30s".into(),
            drain: "10m".into(),
            log_lines: 20_000,
            log_keep: "90d".into(),
            keep: "400d".into(),
            watch: "30s".into(),
        }
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
