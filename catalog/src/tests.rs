//! Tests by concern; this file holds what they share.
#![allow(clippy::unwrap_used, clippy::panic)]

mod adopt;
mod audit;
mod decisions;
mod definitions;
mod files;
mod ledger;
mod processes;
mod publish;
mod registry;

use crate::ledger::{Intent, NewIntent, NewOccurrence, Occurrence, Published};
use crate::{Actor, Catalog, Clock, GrantFile};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A clock that moves only when told to.
#[derive(Debug, Clone)]
struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    fn at(text: &str) -> TestClock {
        TestClock(Arc::new(Mutex::new(text.parse().unwrap())))
    }

    fn forward(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A catalog in a folder of its own.
struct World {
    catalog: Catalog,
    clock: TestClock,
    actor: Actor,
    folder: tempfile::TempDir,
}

impl World {
    async fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at("2026-11-20T02:30:00Z");
        let catalog = open(&folder.path().join("catalog.db"), &clock).await;
        World { catalog, clock, actor: Actor::new("city", "ops"), folder }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("catalog.db")
    }

    /// Runs SQL behind the catalog's back.
    async fn tamper(&self, sql: &'static str) {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", self.path().display())).await.unwrap();
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
        pool.close().await;
    }

    async fn occurrence(&self, target: &str, key: &str) -> Occurrence {
        self.catalog.occurrence(&self.actor, &new_occurrence(target, key)).await.unwrap()
    }

    /// Stages and announces one publication under a fresh lease.
    async fn intent(&self, target: &str, key: &str) -> Intent {
        let occurrence = self.occurrence(target, key).await;
        let lease = self.catalog.acquire(&self.actor, target, "w1", TimeDelta::minutes(5)).await.unwrap();
        let new = new_intent(&occurrence, lease.token, key);
        self.catalog.record_intent(&self.actor, &new).await.unwrap()
    }

    async fn publish(&self, target: &str, key: &str) -> Intent {
        let intent = self.intent(target, key).await;
        let published = published(intent.publish_sequence * 10);
        self.catalog.complete(&self.actor, &intent.id, &published).await.unwrap();
        intent
    }
}

async fn open(path: &Path, clock: &TestClock) -> Catalog {
    Catalog::open(path, Arc::new(clock.clone())).await.unwrap()
}

fn new_occurrence(target: &str, key: &str) -> NewOccurrence {
    NewOccurrence {
        pipeline: "population.insured".to_owned(),
        job: format!("library:{target}"),
        target: target.to_owned(),
        key: key.to_owned(),
        biz_date: crate::date::parse("2026-11-19"),
        scheduled_at: None,
        interval_start: None,
        interval_end: None,
        definition_digest: "d".to_owned(),
        policy_digest: "p".to_owned(),
        grants_digest: "g".to_owned(),
    }
}

fn new_intent(occurrence: &Occurrence, lease_token: i64, key: &str) -> NewIntent {
    NewIntent {
        occurrence: occurrence.id.clone(),
        target: occurrence.target.clone(),
        manifest_path: format!("stage/{key}/manifest.json"),
        manifest_digest: format!("manifest of {key}"),
        cursor_after: Some(format!("after {key}")),
        permits: Vec::new(),
        policy_digest: None,
        lease_token,
    }
}

fn published(version: i64) -> Published {
    Published {
        version,
        rows: [("clean".to_owned(), version * 100)].into(),
        balance: json!({ "read": 10, "out": 10 }),
        receipts: vec![json!({ "rows": 10 })],
        lineage: vec![crate::lineage::LineageEdge {
            column: "citizen_id".to_owned(),
            flow: crate::lineage::Flow::Value,
            source: "3/07/001/0001".to_owned(),
            source_column: "citizen_id".to_owned(),
            grade: crate::Grade::L3,
            protection: crate::Protection::Pseudonym,
        }],
    }
}

const GRANT: &str = r#"
[[grant]]
id          = "G-2026-0137"
title       = "普惠金融参保核验"
kind        = "development"
from        = "domain"
to          = "scenario:inclusive_finance"
holder      = "dev-bank"
purpose     = "credit assessment"
agreement   = { id = "A-2026-01", until = "2027-12-31" }
ceiling     = "L3"
valid_from  = 2026-01-01
valid_until = "2026-12-31"
protect     = { citizen_id = "pseudonym" }

[[grant.resources]]
resource   = "3/07/001/0001"
fields     = ["citizen_id", "name"]
row_fields = ["status"]
"#;

fn grants(text: &str) -> Vec<crate::Grant> {
    toml::from_str::<GrantFile>(text).unwrap().grant
}

/// An import of grants under a policy.
fn import<'a>(policy_digest: &'a str, grants: &'a [crate::Grant]) -> crate::store::Import<'a> {
    crate::store::Import { organisations: &[], resources: &[], policy_digest, grants }
}
