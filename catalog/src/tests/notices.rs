//! The outbox of notices.

use super::World;
use crate::notice::{NewNotice, NoticeState, Recipient, Send, SendState, Severity, StoredNotice, Why};
use crate::{Actor, Error};
use chrono::TimeDelta;
use serde_json::json;

fn notice(key: &str, severity: Severity) -> NewNotice {
    NewNotice {
        key: key.to_owned(),
        kind: "deadline_missed".to_owned(),
        severity,
        pipeline: Some("a".to_owned()),
        tick: Some("01".to_owned()),
        replaces: None,
        body: json!({ "code": "P801", "by": "07:00" }),
    }
}

fn send(world: &World) -> Send {
    let now = crate::Clock::now(&world.clock);
    Send {
        to: Recipient { channel: "duty".to_owned(), person: Some("li".to_owned()) },
        why: Why::First,
        step: 0,
        round: 0,
        state: SendState::Sent,
        attempts: 1,
        next_at: now,
        sent_at: Some(now),
        error: None,
    }
}

impl World {
    async fn raise(&self, key: &str) -> StoredNotice {
        self.catalog.raise(&self.actor, &[notice(key, Severity::Warning)]).await.unwrap().remove(0)
    }

    async fn due(&self) -> Vec<String> {
        let now = crate::Clock::now(&self.clock);
        let due = self.catalog.notices_due(&self.actor, now, 99).await.unwrap();
        due.into_iter().map(|stored| stored.notice.key).collect()
    }
}

#[tokio::test]
async fn the_same_thing_again_is_counted_until_it_is_over() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let first = world.raise("k").await;
    assert_eq!((first.state, first.count, &first.notice), (NoticeState::Open, 1, &notice("k", Severity::Warning)));
    assert_eq!((first.next_at, first.sends.len()), (Some(first.created_at), 0));
    world.clock.forward(TimeDelta::minutes(1));
    let again = catalog.raise(actor, &[notice("k", Severity::Urgent), notice("k", Severity::Urgent)]).await.unwrap();
    let expected = StoredNotice { count: 3, last_at: first.last_at + TimeDelta::minutes(1), ..first.clone() };
    assert_eq!(again, [expected.clone(), expected.clone()], "as it was, but counted");
    assert_eq!(catalog.notices(actor, true, 99).await.unwrap(), [expected]);

    assert_eq!(catalog.recover(actor, &[("none".to_owned(), json!({}))]).await.unwrap(), []);
    let over = catalog.recover(actor, &[("k".to_owned(), json!({ "late": "12m" }))]).await.unwrap().remove(0);
    assert_eq!((over.state, over.next_at), (NoticeState::Recovered, Some(over.last_at)));
    assert_eq!(over.recovery.as_ref().unwrap().body, json!({ "late": "12m" }));
    assert_eq!(catalog.notice(actor, &over.id).await.unwrap(), over);
    assert_eq!(catalog.recover(actor, &[("k".to_owned(), json!({}))]).await.unwrap(), [], "once");
    let anew = world.raise("k").await;
    assert_eq!((anew.count, anew.state), (1, NoticeState::Open));
    assert_ne!(anew.id, over.id);
    assert_eq!(catalog.notices(actor, true, 99).await.unwrap(), std::slice::from_ref(&anew));
    assert_eq!(catalog.notices(actor, false, 99).await.unwrap().len(), 2);
    let kinds: Vec<String> =
        catalog.audit_entries(actor, 0, 99).await.unwrap().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["notice.raise", "notice.recover", "notice.raise"]);
}

#[tokio::test]
async fn what_is_due_comes_by_gravity_and_age() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    for (key, severity) in
        [("i", Severity::Info), ("u1", Severity::Urgent), ("w", Severity::Warning), ("u2", Severity::Urgent)]
    {
        catalog.raise(actor, &[notice(key, severity)]).await.unwrap();
        world.clock.forward(TimeDelta::seconds(1));
    }
    assert_eq!(world.due().await, ["u1", "u2", "w", "i"]);
    let mut records = catalog.notices(actor, true, 99).await.unwrap();
    let later = crate::Clock::now(&world.clock) + TimeDelta::minutes(5);
    for record in &mut records {
        record.next_at = (record.notice.key != "i").then_some(later);
    }
    assert_eq!(catalog.save(actor, &records).await.unwrap(), [true; 4]);
    assert_eq!(world.due().await, [] as [&str; 0]);
    world.clock.forward(TimeDelta::minutes(5));
    assert_eq!(world.due().await, ["u1", "u2", "w"]);
}

#[tokio::test]
async fn saving_never_overwrites_a_person() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let mut record = world.raise("k").await;
    record.sends.push(send(&world));
    world.raise("k").await;
    assert_eq!(
        catalog.save(actor, std::slice::from_ref(&record)).await.unwrap(),
        [true],
        "counting does not disturb it"
    );
    let stored = catalog.notice(actor, &record.id).await.unwrap();
    assert_eq!((stored.count, &stored.sends, stored.revision), (2, &record.sends, record.revision + 1));
    assert_eq!(catalog.save(actor, std::slice::from_ref(&record)).await.unwrap(), [false], "it has changed since");

    let li = Actor::new("city", "li");
    let taken = catalog.acknowledge(&li, &record.id, Some("在查")).await.unwrap();
    let by = taken.acknowledged.clone().unwrap();
    assert_eq!((taken.state, by.by.as_str(), by.note.as_deref()), (NoticeState::Acknowledged, "li", Some("在查")));
    assert_eq!(catalog.save(actor, &[stored]).await.unwrap(), [false]);
    assert_eq!(catalog.acknowledge(actor, &record.id, None).await.unwrap(), taken, "the first one has it");
    assert_eq!(world.raise("k").await.count, 3);
    let closed = catalog.close_notice(actor, &record.id, None).await.unwrap();
    assert_eq!((closed.state, closed.next_at), (NoticeState::Closed, None));
    assert_eq!(catalog.acknowledge(actor, &record.id, None).await.unwrap(), closed);
    assert_eq!(catalog.close_notice(actor, &record.id, None).await.unwrap(), closed);
    assert!(matches!(catalog.close_notice(actor, "none", None).await, Err(Error::NotFound { .. })));
    let kinds: Vec<String> =
        catalog.audit_entries(actor, 0, 99).await.unwrap().into_iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, ["notice.raise", "notice.acknowledge", "notice.close"]);
}

#[tokio::test]
async fn a_notice_is_found_by_a_beginning_that_is_its_own() {
    let world = World::new().await;
    let (one, two) = (world.raise("k1").await, world.raise("k2").await);
    let world = &world;
    let find = |text: String| async move { world.catalog.notice(&world.actor, &text).await };
    let length = one.id.bytes().zip(two.id.bytes()).take_while(|(one, two)| one == two).count();
    assert_eq!(find(one.id[..=length].to_owned()).await.unwrap(), one);
    for text in [one.id[..length].to_owned(), String::new(), "none".to_owned(), format!("{}0", one.id)] {
        assert!(matches!(find(text).await, Err(Error::NotFound { .. })));
    }
}

#[tokio::test]
async fn what_takes_anothers_place_closes_it_without_a_word() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let risk = world.raise("risk").await;
    let missed = NewNotice { replaces: Some("risk".to_owned()), ..notice("missed", Severity::Urgent) };
    let raised = catalog.raise(actor, &[missed.clone(), missed]).await.unwrap();
    assert_eq!(raised[0].notice.key, "missed");
    let closed = catalog.notice(actor, &risk.id).await.unwrap();
    assert_eq!((closed.state, closed.next_at), (NoticeState::Closed, None));
    assert_eq!(world.due().await, ["missed"]);
    assert_eq!(catalog.recover(actor, &[("risk".to_owned(), json!({}))]).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_over_is_dropped_when_it_is_old_and_nothing_else() {
    let world = World::new().await;
    let (catalog, actor) = (&world.catalog, &world.actor);
    let (closed, _open) = (world.raise("closed").await, world.raise("open").await);
    world.raise("right").await;
    catalog.close_notice(actor, &closed.id, None).await.unwrap();
    catalog.recover(actor, &[("right".to_owned(), json!({}))]).await.unwrap();
    world.clock.forward(TimeDelta::days(1));
    let later = world.raise("later").await;
    catalog.close_notice(actor, &later.id, None).await.unwrap();
    assert_eq!(catalog.prune_notices(actor, later.created_at).await.unwrap(), 1);
    let mut left: Vec<String> =
        catalog.notices(actor, false, 99).await.unwrap().into_iter().map(|stored| stored.notice.key).collect();
    left.sort();
    assert_eq!(left, ["later", "open", "right"], "that it is right again is still to be told");
}
