//! Larger tables: correct in bounded memory, spilling.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::city::{City, merge, schema};
use crate::publish::{Deletes, publish};

const ROWS: i64 = 200_000;

fn numbers(from: i64, to: i64, version: i64) -> RecordBatch {
    let ids: StringArray = (from..to).map(|id| Some(format!("{:018}", id * 7919 % 1_000_003))).collect();
    let values: StringArray = (from..to).map(|id| Some(format!("value {}", id % 1000))).collect();
    let at: Int64Array = (from..to).map(|id| Some(if id % 2 == 0 { version } else { 1 })).collect();
    RecordBatch::try_new(schema(), vec![Arc::new(ids), Arc::new(values), Arc::new(at)]).unwrap()
}

/// A session that must spill.
fn tight() -> SessionContext {
    let runtime =
        RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(24 << 20))).build_arc().unwrap();
    let mut config = SessionConfig::new().with_target_partitions(2);
    config.options_mut().execution.sort_spill_reservation_bytes = 1 << 20;
    SessionContext::new_with_config_rt(config, runtime)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_thousand_rows_meet_as_many_in_little_memory() {
    let mut city = City::new(merge(true, Deletes::ByAbsence)).await;
    let first = city.publish_batches(&[numbers(0, ROWS, 1)]).await.unwrap();
    assert_eq!((first.inserted, first.rows_after), (200_000, 200_000));
    let files = city.stage(&[numbers(50_000, 150_000, 2), numbers(150_000, 250_000, 2)]).await;
    let mut publication = city.publication(files);
    publication.session = tight();
    let outcome = publish(&publication).await.unwrap();
    assert_eq!((outcome.updated, outcome.unchanged), (75_000, 75_000));
    assert_eq!((outcome.inserted, outcome.deleted, outcome.rows_after), (50_000, 50_000, 200_000));
    let rows = city.rows().await;
    assert_eq!(rows.len(), 200_000);
    assert!(rows.windows(2).all(|pair| pair[0].get(..18) != pair[1].get(..18)), "a key occurs twice");
}
