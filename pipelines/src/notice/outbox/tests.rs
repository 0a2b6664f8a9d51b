#![allow(clippy::unwrap_used, clippy::panic)]
//! Notices on a virtual clock: who was told what, when.

use catalog::notice::{Acknowledgement, NewNotice, Recovery};
use chrono_tz::Tz;

use super::*;
use crate::notice::parcel::{Parcel, parcels};
use crate::spec::duty::DutySpec;

const ROSTER: &str = r#"
[duty]
team   = "duty"
remind = "4h"
quiet  = { from = "22:00", to = "07:00" }

[channel.chat]
kind = "dingtalk"
url  = "secret:chat"

[channel.mail]
kind = "email"
host = "mail"
from = "a@b.cn"

[person.zhang]
reach = [{ channel = "chat", to = "1" }, { channel = "mail", to = "zhang@b.cn" }]

[person.li]
reach = [{ channel = "mail", to = "li@b.cn" }]

[team.duty]
people   = ["zhang"]
channels = ["chat"]
escalate = [{ after = "15m", to = "leaders" }]

[team.leaders]
people = ["li"]
"#;

/// A notice on its way through the days.
struct World {
    roster: Roster,
    notice: StoredNotice,
    now: DateTime<Utc>,
    log: Vec<String>,
}

impl World {
    fn begin(severity: Severity, time: &str) -> Self {
        let spec: DutySpec = toml::from_str(ROSTER).unwrap();
        let now = local(time);
        let notice = NewNotice {
            key: "k".into(),
            kind: "run_failed".into(),
            severity,
            pipeline: None,
            tick: None,
            replaces: None,
            body: serde_json::Value::Null,
        };
        let notice = StoredNotice {
            id: "n".into(),
            notice,
            state: NoticeState::Open,
            count: 1,
            created_at: now,
            last_at: now,
            acknowledged: None,
            recovery: None,
            sends: Vec::new(),
            next_at: Some(now),
            revision: 0,
        };
        Self { roster: Roster::of(&spec, Tz::Asia__Shanghai), notice, now, log: Vec::new() }
    }

    /// Lets time pass until an instant; `take` says how each message fares.
    fn until(&mut self, time: &str, take: impl Fn(&Parcel) -> Outcome) {
        let end = local(time);
        for _ in 0..10_000 {
            let Some(next) = self.notice.next_at.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            look(&mut self.notice, &self.roster, self.now);
            for parcel in parcels(std::slice::from_ref(&self.notice), &self.roster, self.now) {
                let outcome = take(&parcel);
                if outcome == Outcome::Sent {
                    self.log.push(self.line(&parcel));
                }
                for item in &parcel.items {
                    settle(&mut self.notice, &item.places, &outcome, self.now);
                }
            }
            look(&mut self.notice, &self.roster, self.now);
        }
        self.now = end;
    }

    fn line(&self, parcel: &Parcel) -> String {
        let clock = self.now.with_timezone(&Tz::Asia__Shanghai).format("%d %H:%M");
        let why = serde_json::to_value(parcel.items[0].why).unwrap();
        format!("{clock} {} {:?} {}", parcel.channel, parcel.people, why.as_str().unwrap())
    }

    fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    fn acknowledge(&mut self) {
        self.notice.state = NoticeState::Acknowledged;
        self.notice.acknowledged = Some(Acknowledgement { by: "zhang".into(), note: None, at: self.now });
        self.notice.next_at = Some(self.now);
    }

    fn recover(&mut self) {
        self.notice.state = NoticeState::Recovered;
        self.notice.recovery = Some(Recovery { body: serde_json::Value::Null, at: self.now });
        self.notice.next_at = Some(self.now);
    }
}

fn local(time: &str) -> DateTime<Utc> {
    let naive = chrono::NaiveDateTime::parse_from_str(&format!("2026-11-{time}"), "%Y-%m-%d %H:%M").unwrap();
    naive.and_utc() - TimeDelta::hours(8)
}

fn sent(_: &Parcel) -> Outcome {
    Outcome::Sent
}

fn busy(_: &Parcel) -> Outcome {
    Outcome::Failed { code: "N952".into(), retryable: true }
}

#[test]
fn an_urgent_notice_goes_out_at_night_climbs_and_is_said_again() {
    let mut world = World::begin(Severity::Urgent, "23 23:00");
    world.until("24 03:30", sent);
    let expected = [
        "23 23:00 chat [\"zhang\"] first",
        "23 23:00 mail [\"zhang\"] first",
        "23 23:15 mail [\"li\"] escalation",
        "24 03:00 chat [\"zhang\"] reminder",
        "24 03:00 mail [\"li\"] reminder",
        "24 03:00 mail [\"zhang\"] reminder",
    ];
    assert_eq!(world.said(), expected);
}

#[test]
fn another_notice_waits_for_the_morning_with_all_that_follows() {
    let mut world = World::begin(Severity::Warning, "23 23:00");
    world.until("24 07:30", sent);
    let expected =
        ["24 07:00 chat [\"zhang\"] first", "24 07:00 mail [\"zhang\"] first", "24 07:15 mail [\"li\"] escalation"];
    assert_eq!(world.said(), expected);
}

#[test]
fn nobody_hears_of_trouble_that_passed_before_they_were_told() {
    let mut world = World::begin(Severity::Warning, "23 23:00");
    world.until("24 02:00", sent);
    world.recover();
    world.until("25 12:00", sent);
    assert_eq!(world.said(), [""; 0]);
    assert_eq!(world.notice.next_at, None);
}

#[test]
fn acknowledged_it_climbs_no_further_and_is_not_said_again() {
    let mut world = World::begin(Severity::Urgent, "23 10:00");
    world.until("23 10:10", sent);
    world.acknowledge();
    world.until("25 10:00", sent);
    assert_eq!(world.said().len(), 2);
    world.recover();
    world.until("26 10:00", sent);
    assert_eq!(world.said(), ["25 10:00 chat [] recovery", "25 10:00 mail [\"zhang\"] recovery"]);
    assert_eq!(world.notice.next_at, None);
}

#[test]
fn a_recovery_reaches_exactly_those_whom_the_trouble_reached() {
    let mut world = World::begin(Severity::Urgent, "23 10:00");
    world.until("23 10:20", |parcel| if parcel.people == ["li"] { busy(parcel) } else { sent(parcel) });
    world.recover();
    world.until("23 12:00", sent);
    let recoveries: Vec<String> = world.said().into_iter().filter(|line| line.ends_with("recovery")).collect();
    assert_eq!(recoveries, ["23 10:20 chat [] recovery", "23 10:20 mail [\"zhang\"] recovery"]);
}

#[test]
fn what_does_not_get_through_is_tried_again_ever_more_slowly_and_then_given_up() {
    let mut world = World::begin(Severity::Urgent, "23 10:00");
    world.roster = {
        let spec: DutySpec = toml::from_str(&ROSTER.replace("remind = \"4h\"", "remind = \"never\"")).unwrap();
        Roster::of(&spec, Tz::Asia__Shanghai)
    };
    let tries = std::cell::RefCell::new(0);
    world.until("25 10:00", |parcel| {
        *tries.borrow_mut() += u32::from(parcel.people == ["zhang"] && parcel.channel == "mail");
        busy(parcel)
    });
    assert_eq!(*tries.borrow(), MOST_ATTEMPTS);
    assert!(world.notice.sends.iter().all(|send| send.state == SendState::Failed && send.error.is_some()));
    assert_eq!(world.notice.next_at, None);
    let pauses: Vec<i64> = (1..10).map(|attempt| pause(attempt).num_seconds()).collect();
    assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 960, 1_800, 1_800]);
    assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
}

#[test]
fn where_nobody_can_be_reached_the_next_step_does_not_wait() {
    let mut world = World::begin(Severity::Urgent, "23 10:00");
    let refused = |parcel: &Parcel| match parcel.people.first().map(String::as_str) {
        Some("li") => Outcome::Sent,
        _ => Outcome::Failed { code: "N954".into(), retryable: false },
    };
    world.until("23 10:01", refused);
    assert_eq!(world.said(), ["23 10:00 mail [\"li\"] escalation"]);
}

#[test]
fn reminders_end() {
    let mut world = World::begin(Severity::Urgent, "01 10:00");
    world.until("30 10:00", sent);
    let rounds = world.notice.sends.iter().map(|send| send.round).max().unwrap();
    assert_eq!(rounds, MOST_REMINDERS);
    assert_eq!(world.notice.next_at, None);
}

#[test]
fn a_clock_that_jumps_ahead_makes_one_reminder_and_no_storm() {
    let mut world = World::begin(Severity::Urgent, "23 10:00");
    world.until("23 10:30", sent);
    world.said();
    world.now = local("24 10:30");
    look(&mut world.notice, &world.roster, world.now);
    let waiting = world.notice.sends.iter().filter(|send| send.state == SendState::Waiting).count();
    assert_eq!(waiting, 4, "one reminder to each of four ways");
}

#[test]
fn a_hundred_notices_at_once_are_a_handful_of_messages() {
    let world = World::begin(Severity::Urgent, "23 10:00");
    let mut many: Vec<StoredNotice> =
        (0..100).map(|at| StoredNotice { id: format!("n{at:03}"), ..world.notice.clone() }).collect();
    many.iter_mut().for_each(|notice| look(notice, &world.roster, world.now));
    let parcels = parcels(&many, &world.roster, world.now);
    assert_eq!(parcels.len(), 10, "five messages of twenty to the group, five to one person's mail");
    assert!(parcels.iter().all(|parcel| parcel.items.len() == 20));
    let again = super::super::parcel::parcels(&many, &world.roster, world.now);
    assert_eq!(parcels, again, "a message that is tried again has the same id");
}
