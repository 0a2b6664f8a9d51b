//! What only a catalog on a server promises: its address stays secret, its clock counts, a broken connection heals.

use super::on_postgresql::group::with_ready;
use super::on_postgresql::{TestClock, World};
use super::postgres::server;
use crate::schedule::{Left, TickState};
use crate::store::{Place, check_server_version};
use crate::{Catalog, Clock, Error, StoreFault, SystemClock};
use chrono::TimeDelta;
use std::sync::Arc;

#[test]
fn an_address_is_checked_and_never_shown() {
    for good in [
        "postgres://sluice:hunter2@db.city.local:5432/ledger?options=-csearch_path%3Dsluice",
        "postgresql://%2Frun%2Fpostgresql/ledger?options[search_path]=a&sslmode=disable",
        "postgres:///ledger?host=/run/postgresql&user=sluice&password=hunter2",
    ] {
        let place = Place::parse(good).unwrap();
        assert_eq!(format!("{place:?}"), "Server(postgres://…)");
    }
    for bad in [
        "mysql://sluice:hunter2@db/ledger",
        "postgres://sluice:hunter2@db:port/ledger",
        "postgres://sluice@db/ledger?pasword=hunter2",
        "postgres://sluice@db/ledger#hunter2",
    ] {
        let refused = Place::parse(bad).unwrap_err();
        assert_eq!(refused, Error::BadPlace);
        assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    }
    assert_eq!(Place::parse("state/ledger.db").unwrap(), Place::File("state/ledger.db".into()));
}

#[test]
fn an_old_server_is_refused() {
    check_server_version(130_000).unwrap();
    check_server_version(180_001).unwrap();
    assert_eq!(check_server_version(120_022).unwrap_err(), Error::ServerTooOld { found: "12.22".to_owned() });
}

#[tokio::test]
async fn an_address_that_leads_nowhere_says_so_at_once() {
    let refused = |address: String| async move { Catalog::connect(&address, Arc::new(SystemClock)).await.unwrap_err() };
    let access = Error::Store { fault: StoreFault::Access };
    assert_eq!(refused(server().address("no_such_schema")).await, access);
    let nobody = server().address("public").replace("user=sluice", "user=nobody_known");
    assert_eq!(refused(nobody).await, access);
    let lost = refused("postgres:///postgres?host=/nowhere".to_owned()).await;
    assert_eq!(lost, Error::Store { fault: StoreFault::Lost });
    assert!(lost.retryable());
}

#[tokio::test]
async fn the_servers_clock_counts_where_time_is_real() {
    let world = World::new().await;
    let catalog = Catalog::connect(&world.address, Arc::new(SystemClock)).await.unwrap();
    let lease = catalog.acquire(&world.actor, "a", "w1", TimeDelta::zero()).await.unwrap();
    let server: chrono::DateTime<chrono::Utc> = server()
        .sql("SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
        .parse()
        .unwrap();
    let at: chrono::DateTime<chrono::Utc> = lease.expires_at.parse().unwrap();
    assert!(at <= server && server - at < TimeDelta::seconds(30));
    let tested = world.catalog.acquire(&world.actor, "b", "w1", TimeDelta::zero()).await.unwrap();
    assert_eq!(tested.expires_at, "2026-11-20T02:30:00.000000Z");
    // A machine whose clock is a day ahead cannot take a lease over before its time on the server.
    let ahead = AheadClock(TestClock::at("2036-01-01T00:00:00Z"));
    let other = Catalog::connect(&world.address, Arc::new(ahead)).await.unwrap();
    catalog.acquire(&world.actor, "c", "w1", TimeDelta::minutes(5)).await.unwrap();
    let held = other.acquire(&world.actor, "c", "w2", TimeDelta::minutes(5)).await;
    assert!(matches!(held, Err(Error::LeaseHeld { .. })));
}

/// The real clock of a machine that is wrong.
#[derive(Debug)]
struct AheadClock(TestClock);

impl Clock for AheadClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.0.now()
    }

    fn real(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn after_the_server_ended_its_connections_the_catalog_goes_on() {
    let world = World::new().await;
    world.publish("a", "1").await;
    let schema = world.address.rsplit_once("%3D").unwrap().1;
    let ended = server().sql(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{schema}'"
    ));
    assert!(ended.parse::<u32>().unwrap() >= 2, "the writer and a reader");
    // A connection that was used a moment ago is not tried first.
    tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    world.publish("a", "2").await;
    assert_eq!(world.catalog.receipts(&world.actor, Some("a"), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn of_a_group_only_the_request_that_the_server_refuses_fails() {
    let world = World::new().await;
    let (group, _lead) = with_ready(&world, 20).await;
    let ticks = group.claim("w", 20, TimeDelta::minutes(5)).await.unwrap();
    let left = Left::Ended { state: TickState::Succeeded, reason: None, successor: None };
    let answers = futures::future::join_all(ticks.iter().enumerate().map(|(at, tick)| {
        let (group, left) = (&group, &left);
        // PostgreSQL takes no zero byte in a text.
        let run = if at == 7 { "run\0" } else { "run" };
        async move { group.leave(&tick.tick.id, tick.token, left, Some(run)).await }
    }));
    let failed: Vec<bool> = answers.await.iter().map(Result::is_err).collect();
    assert_eq!(failed.iter().position(|failed| *failed), Some(7));
    assert_eq!(failed.iter().filter(|failed| **failed).count(), 1);
}

#[tokio::test]
async fn a_server_on_the_network_is_spoken_to_over_tls_and_its_certificate_is_checked() {
    let local = server().schema();
    let of = |name: &str| local.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)).unwrap().to_owned();
    let (folder, port) = (of("host="), of("port="));
    let schema = local.rsplit_once("%3D").unwrap().1;
    let address = |certificate: &str| {
        format!(
            "postgres://sluice@127.0.0.1:{port}/postgres?sslmode=verify-full&sslrootcert={certificate}\
             &application_name=tls-{schema}&options=-csearch_path%3D{schema}"
        )
    };
    let clock = || Arc::new(TestClock::at("2026-11-20T02:30:00Z"));
    let _catalog = Catalog::connect(&address(&format!("{folder}/server.crt")), clock()).await.unwrap();
    let encrypted = format!(
        "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
         WHERE application_name = 'tls-{schema}'"
    );
    assert_eq!(server().sql(&encrypted), "t");
    let elsewhere = tempfile::tempdir().unwrap();
    let other = elsewhere.path().join("other.crt");
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x"])
        .args(["-keyout", "/dev/null", "-out"])
        .arg(&other)
        .output()
        .unwrap();
    assert!(made.status.success());
    assert!(Catalog::connect(&address(other.to_str().unwrap()), clock()).await.is_err(), "another one's certificate");
}
