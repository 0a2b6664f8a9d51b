//! Making an empty table.

use std::collections::HashMap;

use arrow::datatypes::SchemaRef;
use deltalake_core::errors::DeltaTableError;
use deltalake_core::kernel::StructType;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::CommitProperties;
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::SaveMode;

use super::{DeltaTable, failure, log_store};
use crate::Error;
use crate::store::Store;

/// Fewest days of log: supplies take the difference between versions, also long after.
const LOG_DAYS: u32 = 200;

/// What a new table is like.
#[derive(Debug, Clone)]
pub struct NewTable {
    /// Columns, partition columns included.
    pub schema: SchemaRef,
    /// Names of the partition columns.
    pub partition_columns: Vec<String>,
    /// Columns whose minimum and maximum may stand in the log; statistics are data. None means none.
    pub statistics: Vec<String>,
    /// Days that the log is kept; never less than 200.
    pub log_days: u32,
    /// Days that removed files are kept from a vacuum by another program.
    pub file_days: u32,
}

impl NewTable {
    /// A table without partitions and statistics, log kept for 400 days, removed files for 200.
    #[must_use]
    pub fn new(schema: SchemaRef) -> Self {
        Self { schema, partition_columns: Vec::new(), statistics: Vec::new(), log_days: 400, file_days: 200 }
    }

    fn properties(&self) -> HashMap<String, Option<String>> {
        let days = |days: u32| Some(format!("interval {days} days"));
        let mut properties = HashMap::from([
            ("delta.logRetentionDuration".to_owned(), days(self.log_days.max(LOG_DAYS))),
            ("delta.deletedFileRetentionDuration".to_owned(), days(self.file_days)),
        ]);
        if self.statistics.is_empty() {
            properties.insert("delta.dataSkippingNumIndexedCols".to_owned(), Some("0".to_owned()));
        } else {
            let quoted: Vec<String> =
                self.statistics.iter().map(|name| format!("`{}`", name.replace('`', "``"))).collect();
            properties.insert("delta.dataSkippingStatsColumns".to_owned(), Some(quoted.join(",")));
        }
        properties
    }
}

impl DeltaTable {
    /// Creates an empty table at version 0. Call it under a lease of the target: two creators at once are told apart
    /// ([`Error::TableExists`]), but only one of them made the table.
    ///
    /// # Errors
    /// [`Error::TableExists`]; [`Error::Delta`] for a type that Delta does not have.
    pub async fn create(store: &Store, path: &str, new: &NewTable) -> Result<Self, Error> {
        let unfit = || Error::Delta { path: path.to_owned(), reason: "a column has a type that Delta does not have" };
        let columns: StructType = new.schema.as_ref().try_into_kernel().map_err(|_| unfit())?;
        let log = log_store(store, path)?;
        if Self::exists(store, path).await? {
            return Err(Error::TableExists { path: path.to_owned() });
        }
        let created = CreateBuilder::new()
            .with_log_store(log)
            .with_columns(columns.fields().cloned())
            .with_partition_columns(new.partition_columns.clone())
            .with_configuration(new.properties())
            .with_save_mode(SaveMode::ErrorIfExists)
            .with_commit_properties(CommitProperties::default().with_max_retries(0))
            .await;
        match created {
            Ok(_) => Self::open(store, path).await,
            Err(DeltaTableError::VersionAlreadyExists(_) | DeltaTableError::Transaction { .. }) => {
                Err(Error::TableExists { path: path.to_owned() })
            }
            Err(error) => Err(failure(path, &error)),
        }
    }
}
