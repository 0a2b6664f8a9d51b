//! The other side: DataFusion's `COPY` of the same file into zstd-compressed Parquet, and nothing else.

use std::path::Path;
use std::sync::Arc;

use benches::measure::Moved;
use benches::register::COLUMNS;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::{CsvReadOptions, SessionConfig, SessionContext};

/// Partitions of the plan.
const PARTITIONS: usize = 2;

/// Copies the register into `folder`.
pub(crate) async fn run(file: &Path, folder: &Path) -> Result<Moved, String> {
    let text = |error: datafusion::error::DataFusionError| error.to_string();
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(PARTITIONS));
    let schema = schema();
    let options = CsvReadOptions::new().has_header(true).schema(&schema).newlines_in_values(false);
    context.register_csv("register", &file.to_string_lossy(), options).await.map_err(text)?;
    let sql = format!(
        "COPY (SELECT * FROM register) TO '{}/copy/' STORED AS PARQUET OPTIONS ('format.compression' 'zstd(3)')",
        folder.display()
    );
    let counted = context.sql(&sql).await.map_err(text)?.collect().await.map_err(text)?;
    let counted: u64 = counted
        .iter()
        .filter_map(|batch| batch.column(0).as_any().downcast_ref::<datafusion::arrow::array::UInt64Array>())
        .flat_map(|counts| counts.values().iter().copied())
        .sum();
    Ok(Moved { rows: counted, quarantined: 0 })
}

/// The types a reader would declare: the written dates are three forms, which no CSV reader parses.
fn schema() -> Arc<Schema> {
    let data_type = |name: &str| match name {
        "amount" => DataType::Decimal128(12, 2),
        _ => DataType::Utf8,
    };
    Arc::new(Schema::new(COLUMNS.map(|name| Field::new(name, data_type(name), true)).to_vec()))
}
