#![allow(clippy::unwrap_used, clippy::panic)]
//! From the outbox to a channel of this process, in words.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use catalog::notice::SendState;
use catalog::{Actor, Catalog, SystemClock};
use chrono::{TimeDelta, Utc};
use pipelines::notice::courier::Courier;
use pipelines::notice::{Kind, Named, Next, Notice, TickRef};
use pipelines::problem::Problem;
use pipelines::project::Project;
use pipelines::watch::Cause;
use serde_json::Value;
use zeroize::Zeroizing;

use super::*;

const ROSTER: &str = r#"
[duty]
language = "LANGUAGE"

[channel.hook]
kind     = "webhook"
url      = "secret:hook"
internal = true

[person.zhang]
name  = "张三"
reach = [{ channel = "hook" }]

[team.duty]
people = ["zhang"]
"#;

struct Secret(String);

impl pipelines::vault::Secrets for Secret {
    fn secret(&self, _: &str) -> Option<Zeroizing<String>> {
        Some(Zeroizing::new(self.0.clone()))
    }
}

type Received = Arc<Mutex<Vec<Value>>>;

/// A webhook that answers with a status and remembers.
async fn hook(status: u16) -> (String, Received) {
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let status = StatusCode::from_u16(status).unwrap();
    let take = move |State(received): State<Received>, body: Bytes| async move {
        received.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        status
    };
    let app = Router::new().fallback(take).with_state(received.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, received)
}

struct World {
    _dir: tempfile::TempDir,
    project: Project,
    catalog: Catalog,
    actor: Actor,
    courier: Courier,
}

impl World {
    async fn new(url: &str, language: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        pipelines::project::init(dir.path(), Utc::now().date_naive()).unwrap();
        std::fs::write(dir.path().join("duty.toml"), ROSTER.replace("LANGUAGE", language)).unwrap();
        let project = Project::load(dir.path()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let catalog = Catalog::open(&dir.path().join("ledger.sqlite"), Arc::new(SystemClock)).await.unwrap();
        let courier = Courier::new(Arc::new(Secret(url.to_owned())));
        Self { _dir: dir, project, catalog, actor: Actor::new("default", "tester"), courier }
    }

    async fn dispatch(&self) -> Dispatched {
        let now = Utc::now() + TimeDelta::seconds(1);
        let stop = tokio_util::sync::CancellationToken::new();
        dispatch(&self.catalog, &self.actor, &self.project, &self.courier, (now, &stop)).await.unwrap()
    }
}

fn missed() -> Notice {
    let cause = Cause::Missed { step: "the data", by: "2026-11-24 07:00".into(), status: "running" };
    Notice {
        kind: Kind::DeadlineMissed,
        about: Some("end".into()),
        pipeline: Some(Named { id: "social_security.insured".into(), title: "参保人员信息日供".into() }),
        tick: Some(TickRef { key: "2026-11-23T18:30:00+00:00".into(), at: "2026-11-23T18:30:00Z".parse().unwrap() }),
        dates: Some(("2026-11-20".parse().unwrap(), "2026-11-22".parse().unwrap())),
        cause: Problem::of(&cause, false),
        next: Next::Why,
        team: None,
        replaces: None,
    }
}

#[tokio::test]
async fn a_notice_names_pipeline_tick_business_date_cause_and_next_step() {
    let expected = [
        (
            "zh",
            "【数闸】时限已误：参保人员信息日供",
            "管道：参保人员信息日供（social_security.insured）\n应运行时刻：2026-11-24 02:30\n\
             业务日期：2026-11-20至2026-11-22\n原因：[P801] 出数时限2026-11-24 07:00已过，目前运行中\n\
             下一步：查原因：sluice runs why social_security.insured 2026-11-23T18:30:00+00:00\n",
        ),
        (
            "en",
            "[Sluice] deadline missed: 参保人员信息日供",
            "Pipeline: 参保人员信息日供 (social_security.insured)\nDue: 2026-11-24 02:30\n\
             Business date: 2026-11-20 to 2026-11-22\n\
             Cause: [P801] the data was due by 2026-11-24 07:00, and it is running\n\
             Next: see why: sluice runs why social_security.insured 2026-11-23T18:30:00+00:00\n",
        ),
    ];
    for (language, title, text) in expected {
        let (url, received) = hook(200).await;
        let world = World::new(&url, language).await;
        world.catalog.raise(&world.actor, &[missed().to_outbox()]).await.unwrap();
        assert_eq!(world.dispatch().await, Dispatched { sent: 1, failed: 0, more: false });
        let document = received.lock().unwrap()[0].clone();
        let one = &document["notices"][0];
        assert_eq!(
            format!("{}{}", if language == "zh" { "【数闸】" } else { "[Sluice] " }, one["title"].as_str().unwrap()),
            title
        );
        let said = one["text"].as_str().unwrap();
        assert!(said.starts_with(text) && said.contains("sluice notice ack "), "{said}");
        assert_eq!(document["schema"], "sluice.notice/1");
        assert_eq!(document["people"][0], "张三");
        assert_eq!(one["business_dates"], serde_json::json!(["2026-11-20", "2026-11-22"]));
        assert_eq!((&one["code"], &one["why"]), (&Value::from("P801"), &Value::from("first")));
    }
}

#[tokio::test]
async fn the_same_thing_goes_out_once_and_its_recovery_once() {
    let (url, received) = hook(200).await;
    let world = World::new(&url, "zh").await;
    for _ in 0..3 {
        world.catalog.raise(&world.actor, &[missed().to_outbox()]).await.unwrap();
        world.dispatch().await;
    }
    assert_eq!(received.lock().unwrap().len(), 1);
    let mut right = missed();
    right.cause = Problem::of(&Cause::RightAgain { at: "2026-11-24 08:10".into() }, false);
    right.next = Next::Nothing;
    world.catalog.recover(&world.actor, &[(right.key(), right.body())]).await.unwrap();
    world.dispatch().await;
    world.dispatch().await;
    let told = received.lock().unwrap().clone();
    assert_eq!(told.len(), 2);
    let text = told[1]["notices"][0]["text"].as_str().unwrap();
    assert!(text.contains("2026-11-24 08:10起已恢复正常") && !text.contains("ack"), "{text}");
}

#[tokio::test]
async fn what_does_not_get_through_stays_in_the_outbox() {
    let (url, received) = hook(503).await;
    let world = World::new(&url, "zh").await;
    world.catalog.raise(&world.actor, &[missed().to_outbox()]).await.unwrap();
    assert_eq!(world.dispatch().await.failed, 1);
    let stored = world.catalog.notices(&world.actor, true, 10).await.unwrap().remove(0);
    let send = &stored.sends[0];
    assert_eq!((send.state, send.attempts, send.error.as_deref()), (SendState::Waiting, 1, Some("N953")));
    assert!(stored.next_at.unwrap() > Utc::now());
    assert_eq!(world.dispatch().await, Dispatched::default(), "not before its pause is over");
    assert_eq!(received.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn many_at_once_are_one_message() {
    let (url, received) = hook(200).await;
    let world = World::new(&url, "zh").await;
    let many: Vec<_> = (0..12).map(|at| Notice { about: Some(format!("step{at}")), ..missed() }.to_outbox()).collect();
    world.catalog.raise(&world.actor, &many).await.unwrap();
    assert_eq!(world.dispatch().await.sent, 1);
    assert_eq!(received.lock().unwrap()[0]["notices"].as_array().unwrap().len(), 12);
}
