//! Sessions that queries run in: bounded memory, encrypted spills, few partitions, and nothing a query could reach but
//! what was registered for it.

use std::path::Path;
use std::sync::Arc;

use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::Error;
use crate::spec::project::LimitsSpec;
use crate::spool::Spools;

/// Rows in a batch.
pub const BATCH_ROWS: usize = 8192;

/// What all sessions of a process share: one memory pool and one folder of encrypted temporary files.
#[derive(Debug, Clone)]
pub struct Work {
    runtime: Arc<RuntimeEnv>,
    spools: Arc<Spools>,
    partitions: usize,
}

impl Work {
    /// Bounds as the project sets them; temporary files go to `folder`.
    pub fn new(limits: &LimitsSpec, folder: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|error| Error::state("create", folder, &error))?;
        let spools = Arc::new(Spools::new(folder.to_owned(), limits.spill_mib.saturating_mul(1 << 20)));
        let memory = usize::try_from(limits.memory_mib.saturating_mul(1 << 20)).unwrap_or(usize::MAX);
        let top = std::num::NonZeroUsize::new(3).unwrap_or(std::num::NonZeroUsize::MIN);
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(TrackConsumersPool::new(FairSpillPool::new(memory), top)))
            .with_disk_manager_builder(
                DiskManagerBuilder::default().with_temp_file_factory(Arc::<Spools>::clone(&spools)),
            )
            .build_arc()
            .map_err(|_| Error::Engine { step: String::new(), kind: "runtime".into() })?;
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Ok(Self { runtime, spools, partitions: limits.partitions.unwrap_or(cores).clamp(1, 64) })
    }

    /// Parts a job is split into.
    pub fn partitions(&self) -> usize {
        self.partitions
    }

    /// Encrypted temporary files.
    pub fn spools(&self) -> &Spools {
        &self.spools
    }

    /// A new session with no table in it. Large joins sort and spill instead of hashing, since a hash join cannot.
    pub fn session(&self, hash_joins: bool) -> SessionContext {
        let mut config = SessionConfig::new()
            .with_target_partitions(self.partitions)
            .with_batch_size(BATCH_ROWS)
            .with_information_schema(false)
            .with_create_default_catalog_and_schema(true);
        let options = config.options_mut();
        options.optimizer.prefer_hash_join = hash_joins;
        options.execution.collect_statistics = false;
        options.sql_parser.enable_ident_normalization = true;
        SessionContext::new_with_config_rt(config, Arc::clone(&self.runtime))
    }
}
