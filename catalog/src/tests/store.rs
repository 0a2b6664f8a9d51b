//! What the tests of the store share: a world of a catalog, a clock and an actor, on the database that this module's
//! name says.

mod adopt;
mod audit;
mod definitions;
pub(super) mod group;
mod ledger;
mod logs;
mod notices;
mod processes;
mod publish;
mod registry;
mod schedule;

use super::postgres::server;
use super::{GRANT, grants};
use crate::ledger::{Intent, NewIntent, NewOccurrence, Occurrence, Published};
use crate::{Actor, Catalog, Clock};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::Connection;
use std::sync::{Arc, Mutex};

/// A clock that moves only when told to.
#[derive(Debug, Clone)]
pub(super) struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    pub(super) fn at(text: &str) -> TestClock {
        TestClock(Arc::new(Mutex::new(text.parse().unwrap())))
    }

    pub(super) fn forward(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// Whether this is the suite's run on PostgreSQL.
fn on_server() -> bool {
    module_path!().contains("::on_postgresql")
}

/// A catalog in a folder or schema of its own.
pub(super) struct World {
    pub(super) catalog: Catalog,
    pub(super) clock: TestClock,
    pub(super) actor: Actor,
    pub(super) folder: tempfile::TempDir,
    pub(super) address: String,
}

impl World {
    pub(super) async fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = TestClock::at("2026-11-20T02:30:00Z");
        let address = place(&folder, "catalog.db");
        let catalog = open(&address, &clock).await;
        World { catalog, clock, actor: Actor::new("city", "ops"), folder, address }
    }

    /// Runs SQL behind the catalog's back.
    pub(super) async fn tamper(&self, sql: &'static str) {
        let address = if on_server() { self.address.clone() } else { format!("sqlite://{}", self.address) };
        let mut connection = sqlx::AnyConnection::connect(&address).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Another place where no catalog is yet.
    fn elsewhere(&self, name: &str) -> String {
        place(&self.folder, name)
    }

    /// Copies the closed catalog as it is, as a backup would, and returns the copy's place.
    fn backup(&self) -> String {
        let copy = self.elsewhere("copy.db");
        if on_server() {
            let (from, to) = (schema(&self.address), schema(&copy));
            server().sql(&format!(
                "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = '{from}' LOOP \
                 EXECUTE format('CREATE TABLE {to}.%1$I (LIKE {from}.%1$I INCLUDING ALL)', t); \
                 EXECUTE format('INSERT INTO {to}.%1$I SELECT * FROM {from}.%1$I', t); END LOOP; END $$"
            ));
        } else {
            std::fs::copy(&self.address, &copy).unwrap();
        }
        copy
    }

    pub(super) async fn occurrence(&self, target: &str, key: &str) -> Occurrence {
        self.catalog.occurrence(&self.actor, &new_occurrence(target, key)).await.unwrap()
    }

    /// Stages and announces one publication under a fresh lease.
    pub(super) async fn intent(&self, target: &str, key: &str) -> Intent {
        let occurrence = self.occurrence(target, key).await;
        let lease = self.catalog.acquire(&self.actor, target, "w1", TimeDelta::minutes(5)).await.unwrap();
        let new = new_intent(&occurrence, lease.token, key);
        self.catalog.record_intent(&self.actor, &new).await.unwrap()
    }

    pub(super) async fn publish(&self, target: &str, key: &str) -> Intent {
        let intent = self.intent(target, key).await;
        let published = published(intent.publish_sequence * 10);
        self.catalog.complete(&self.actor, &intent.id, &published).await.unwrap();
        intent
    }
}

/// A new file of the folder, or a new schema.
fn place(folder: &tempfile::TempDir, name: &str) -> String {
    if on_server() { server().schema() } else { folder.path().join(name).to_str().unwrap().to_owned() }
}

/// Name of the schema in an address.
fn schema(address: &str) -> &str {
    address.rsplit_once("%3D").unwrap().1
}

async fn open(address: &str, clock: &TestClock) -> Catalog {
    Catalog::connect(address, Arc::new(clock.clone())).await.unwrap()
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

/// An import of grants under a policy.
fn import<'a>(policy_digest: &'a str, grants: &'a [crate::Grant]) -> crate::store::Import<'a> {
    crate::store::Import { organisations: &[], resources: &[], policy_digest, grants }
}
