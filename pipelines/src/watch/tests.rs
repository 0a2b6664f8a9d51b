#![allow(clippy::unwrap_used, clippy::panic)]
//! A watchdog on a virtual clock: what it raises and what recovers.

use std::collections::BTreeMap;
use std::path::Path;

use catalog::schedule::{Cause as TickCause, NewTick, TickId, TickState};
use serde_json::{Value, json};

use super::*;
use crate::notice::Kind;
use crate::project::Project;

const PIPELINE: &str = r#"
[schedule]
cron     = "30 2 * * *"
deadline = { by = "07:00", warn = "30m", notify = "duty", steps = { start = "03:00", stage = "05:00" } }

"#;

const ROSTER: &str = r#"
[channel.chat]
kind = "webhook"
url  = "secret:chat"

[team.duty]
channels = ["chat"]
"#;

/// A project with one scheduled pipeline, and what the ledger would say.
struct World {
    _dir: tempfile::TempDir,
    watched: Vec<Watched>,
    project: Project,
    ticks: Vec<Tick>,
    anchors: Vec<Anchor>,
    published: BTreeMap<String, DateTime<Utc>>,
    raised: BTreeMap<String, bool>,
    last: DateTime<Utc>,
    since: DateTime<Utc>,
}

const ID: &str = "social_security.insured";

impl World {
    fn new(change: impl Fn(String) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        crate::project::init(dir.path(), "2026-11-20".parse().unwrap()).unwrap();
        std::fs::write(dir.path().join("duty.toml"), ROSTER).unwrap();
        let file = dir.path().join("pipelines/insured.toml");
        let text = without_schedule(&std::fs::read_to_string(&file).unwrap());
        let text = change(text.replacen("[[source]]", &format!("{PIPELINE}[[source]]"), 1));
        std::fs::write(&file, text).unwrap();
        let project = load(dir.path());
        let since = at("23 12:00");
        Self {
            watched: Watched::of(&project),
            _dir: dir,
            project,
            ticks: Vec::new(),
            anchors: vec![Anchor { pipeline: ID.into(), schedule: "s".into(), at: since }],
            published: BTreeMap::new(),
            raised: BTreeMap::new(),
            last: since,
            since,
        }
    }

    /// Looks at an instant; what is raised counts as raised, what recovers as over.
    fn look(&mut self, time: &str) -> Vec<String> {
        let now = at(time);
        let facts = Facts {
            now,
            since: self.since,
            last: self.last,
            zone: Tz::Asia__Shanghai,
            ticks: &self.ticks,
            anchors: &self.anchors,
            published: &self.published,
            grants: &self.project.grants,
            today: now.with_timezone(&Tz::Asia__Shanghai).date_naive(),
            definitions: None,
            raised: &self.raised,
        };
        let changes = super::look(&self.watched, &facts);
        self.last = now;
        let mut said = Vec::new();
        for change in changes {
            match change {
                Change::Raise(notice) => {
                    said.push(format!("{} {}", notice.key().replace(&format!(":{ID}:"), " "), notice.cause.code));
                    self.raised.extend(notice.replaces.iter().map(|key| (key.clone(), false)));
                    self.raised.insert(notice.key(), true);
                }
                Change::Recover { key, .. } => {
                    said.push(format!("right {}", key.replace(&format!(":{ID}:"), " ")));
                    self.raised.insert(key, false);
                }
            }
        }
        said
    }

    /// The scheduler promised everything up to an instant, and this tick.
    fn promise(&mut self, time: &str) -> &mut Tick {
        let scheduled = at(time);
        self.anchors[0].at = scheduled;
        self.ticks.push(tick(scheduled));
        self.ticks.last_mut().unwrap()
    }

    fn tick(&mut self) -> &mut Tick {
        self.ticks.last_mut().unwrap()
    }

    fn end(&mut self, state: TickState, time: &str, reason: Value) {
        let tick = self.tick();
        tick.state = state;
        tick.finished_at = Some(at(time));
        tick.reason = Some(reason);
    }

    /// Days that went as they should, each run taking an hour.
    fn history(&mut self, days: std::ops::Range<u32>) {
        for day in days {
            let tick = self.promise(&format!("{day} 02:30"));
            tick.started_at = Some(at(&format!("{day} 02:31")));
            self.end(TickState::Succeeded, &format!("{day} 03:31"), Value::Null);
        }
    }
}

fn load(dir: &Path) -> Project {
    Project::load_at(dir, at("23 12:00")).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn without_schedule(text: &str) -> String {
    let Some(start) = text.find("[schedule]") else { return text.to_owned() };
    let end = text[start..].find("\n[[").map_or(text.len(), |end| start + end + 1);
    format!("{}{}", &text[..start], &text[end..])
}

/// Local time of Shanghai in November 2026.
fn at(time: &str) -> DateTime<Utc> {
    let naive = chrono::NaiveDateTime::parse_from_str(&format!("2026-11-{time}"), "%Y-%m-%d %H:%M").unwrap();
    naive.and_utc() - TimeDelta::hours(8)
}

fn tick(scheduled: DateTime<Utc>) -> Tick {
    let new = NewTick {
        id: TickId { pipeline: ID.into(), key: scheduled.to_rfc3339() },
        cause: TickCause::Schedule,
        scheduled_at: scheduled,
        interval_start: scheduled - TimeDelta::days(1),
        interval_end: scheduled,
        biz_date: "2026-11-23".parse().unwrap(),
        definition_digest: String::new(),
        owner: String::new(),
        pool: "default".into(),
        priority: 5,
    };
    Tick::promised(new, TickState::Queued, None, None, scheduled)
}

const NIGHT: &str = "2026-11-23T18:30:00+00:00";

#[test]
fn a_night_that_goes_well_is_quiet() {
    let mut world = World::new(|text| text);
    assert_eq!(world.look("24 02:00"), [""; 0]);
    world.promise("24 02:30").started_at = Some(at("24 02:31"));
    world.tick().state = TickState::Running;
    assert_eq!(world.look("24 03:10"), [""; 0]);
    world.tick().phase = Some("publish".into());
    assert_eq!(world.look("24 05:10"), [""; 0]);
    world.end(TickState::Succeeded, "24 05:20", Value::Null);
    assert_eq!(world.look("24 08:00"), [""; 0]);
}

#[test]
fn every_step_is_missed_once_told_ahead_and_recovers() {
    let mut world = World::new(|text| text);
    world.promise("24 02:30");
    assert_eq!(world.look("24 02:45"), [format!("deadline_at_risk {NIGHT}:start P803")]);
    assert_eq!(world.look("24 02:50"), [""; 0]);
    assert_eq!(world.look("24 03:00"), [format!("deadline_missed {NIGHT}:start P801")]);
    world.tick().state = TickState::Running;
    world.tick().started_at = Some(at("24 03:20"));
    assert_eq!(world.look("24 03:21"), [format!("right deadline_missed {NIGHT}:start")]);
    assert_eq!(world.look("24 05:00"), [format!("deadline_missed {NIGHT}:stage P801")]);
    assert_eq!(world.look("24 06:29"), [""; 0]);
    assert_eq!(world.look("24 06:30"), [format!("deadline_at_risk {NIGHT}:end P803")]);
    assert_eq!(world.look("24 07:00"), [format!("deadline_missed {NIGHT}:end P801")]);
    world.end(TickState::Succeeded, "24 07:40", Value::Null);
    let expected = [format!("right deadline_missed {NIGHT}:stage"), format!("right deadline_missed {NIGHT}:end")];
    assert_eq!(world.look("24 07:41"), expected);
    assert_eq!(world.look("24 07:42"), [""; 0]);
}

#[test]
fn a_deadline_that_passed_unwatched_is_told_and_recovers_at_the_next_look() {
    let mut world = World::new(|text| text);
    world.promise("24 02:30").started_at = Some(at("24 02:31"));
    world.end(TickState::Succeeded, "24 08:00", Value::Null);
    assert_eq!(world.look("24 09:00"), [format!("deadline_missed {NIGHT}:end P804")]);
    assert_eq!(world.look("24 09:01"), [format!("right deadline_missed {NIGHT}:end")]);
    assert_eq!(world.look("24 09:02"), [""; 0]);
}

#[test]
fn the_usual_length_of_a_run_tells_ahead_of_time() {
    let mut world = World::new(|text| text.replace("warn = \"30m\", ", ""));
    world.history(20..23);
    world.promise("24 02:30").started_at = Some(at("24 02:31"));
    world.tick().state = TickState::Queued;
    assert_eq!(world.look("24 05:59"), [format!("deadline_missed {NIGHT}:stage P801")]);
    assert_eq!(world.look("24 06:01"), [format!("deadline_at_risk {NIGHT}:end P802")]);
    let mut world = World::new(|text| text.replace("warn = \"30m\", ", ""));
    world.history(20..22);
    world.promise("24 02:30").started_at = Some(at("24 02:31"));
    world.tick().phase = Some("publish".into());
    assert_eq!(world.look("24 06:59"), [""; 0], "two runs foretell nothing");
}

#[test]
fn a_scheduler_that_is_down_is_told_once_and_the_deadlines_of_its_ticks_too() {
    let mut world = World::new(|text| text);
    assert_eq!(world.look("24 02:32"), [""; 0]);
    let expected = ["scheduler_down:-:-:- P805".to_owned(), format!("deadline_at_risk {NIGHT}:start P803")];
    assert_eq!(world.look("24 02:33"), expected);
    assert_eq!(world.look("24 02:40"), [""; 0]);
    assert_eq!(world.look("24 03:00"), [format!("deadline_missed {NIGHT}:start P801")]);
    world.promise("24 02:30").started_at = Some(at("24 03:10"));
    let expected = ["right scheduler_down:-:-:-".to_owned(), format!("right deadline_missed {NIGHT}:start")];
    assert_eq!(world.look("24 03:11"), expected);
}

#[test]
fn a_tick_that_the_scheduler_lost_is_found() {
    let mut world = World::new(|text| text);
    world.look("24 02:00");
    world.anchors[0].at = at("24 02:30");
    let said = world.look("24 02:40");
    assert_eq!(said, [format!("scheduler_down {NIGHT}:lost P806")]);
    assert_eq!(world.look("24 02:50"), [""; 0]);
}

#[test]
fn whoever_makes_a_tick_up_meets_its_deadline_or_not() {
    let mut world = World::new(|text| text);
    world.promise("24 02:30").state = TickState::Superseded;
    let key = at("24 04:30").to_rfc3339();
    world.tick().successor = Some(key);
    world.tick().finished_at = Some(at("24 04:30"));
    let mut later = tick(at("24 04:30"));
    later.tick.cause = TickCause::Manual;
    later.state = TickState::Succeeded;
    (later.started_at, later.finished_at) = (Some(at("24 02:50")), Some(at("24 05:30")));
    world.ticks.push(later);
    assert_eq!(world.look("24 08:00"), [""; 0]);
}

#[test]
fn what_a_person_skipped_has_no_deadline_and_what_was_skipped_otherwise_has() {
    let mut world = World::new(|text| text);
    world.promise("24 02:30");
    world.end(TickState::Skipped, "24 02:31", json!({ "why": "stopped", "by": "zhang", "note": "" }));
    assert_eq!(world.look("24 08:00"), [""; 0]);
    let mut world = World::new(|text| text);
    world.promise("24 02:30");
    world.end(TickState::Skipped, "24 02:31", json!({ "why": "paused" }));
    assert_eq!(world.look("24 08:00").len(), 3);
}

#[test]
fn bad_ends_are_told_by_their_kind_and_recover_when_tried_again() {
    let problem = |code: &str| json!({ "code": code, "params": {"grant": "G-1"}, "message": "", "retryable": false });
    let cases = [
        (TickState::Failed, json!({ "why": "problems", "problems": [problem("N102")] }), "run_failed", "N102"),
        (TickState::Failed, json!({ "why": "problems", "problems": [problem("P301")] }), "quality_gate", "P301"),
        (TickState::Failed, json!({ "why": "poison", "deaths": 3 }), "poison", "P814"),
        (TickState::Failed, json!({ "why": "timeout", "seconds": 60 }), "run_failed", "P815"),
        (TickState::Withheld, json!({ "why": "problems", "problems": [problem("K201")] }), "withheld", "K201"),
        (TickState::Withheld, json!({ "why": "problems", "problems": [problem("K209")] }), "gate_leak", "K209"),
        (TickState::Failed, Value::Null, "run_failed", "P816"),
    ];
    for (state, reason, kind, code) in cases {
        let mut world = World::new(|text| text.replace("deadline = ", "# deadline = "));
        world.promise("24 02:30").started_at = Some(at("24 02:31"));
        world.tick().attempt = 1;
        world.end(state, "24 03:00", reason);
        assert_eq!(world.look("24 03:01"), [format!("{kind} {NIGHT}:- {code}")]);
        assert_eq!(world.look("24 03:02"), [""; 0]);
        world.tick().attempt = 2;
        world.end(TickState::Succeeded, "24 04:00", Value::Null);
        assert_eq!(world.look("24 04:01"), [format!("right {kind} {NIGHT}:-")]);
    }
}

#[test]
fn libraries_and_supplies_that_grow_old_are_told_and_recover() {
    let mut world = World::new(|text| {
        let text = text.replace("deadline = ", "# deadline = ");
        let text = text.replacen("[[library]]", "[[library]]\nfreshness = \"26h\"", 1);
        text.replacen("[[supply]]", "[[supply]]\nfreshness = \"26h\"", 1)
    });
    let target = "library:social_security.insured_person".to_owned();
    world.published.insert(target.clone(), at("23 03:00"));
    assert_eq!(world.look("24 02:30"), [""; 0]);
    world.promise("24 02:30");
    let stale = "stale_library social_security.insured_person".replacen(' ', " -:", 1);
    assert_eq!(world.look("24 05:01"), [format!("{stale} P807")]);
    let said = world.look("24 14:01");
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("late_for_grant -:supply:") && said[0].ends_with("P810"), "{said:?}");
    world.published.insert(target, at("24 14:30"));
    assert_eq!(world.look("24 14:31"), [format!("right {stale}")]);
}

#[test]
fn grants_and_calendars_are_told_of_before_they_end() {
    let mut world = World::new(|text| text.replace("deadline = ", "calendar = \"workday\"\n# deadline = "));
    let grant = world.watched[0].grants[0].clone();
    let position = world.project.grants.iter().position(|one| one.id == grant).unwrap();
    world.history(24..30);
    let known = world.watched[0].calendar.as_ref().unwrap().knows(2027);
    assert_eq!(world.look("28 12:00"), [""; 0]);
    world.project.grants[position].valid_until = "2026-12-10".parse().unwrap();
    assert_eq!(world.look("29 12:00"), [format!("grant_expiring:-:-:{grant} P811")]);
    world.project.grants[position].valid_until = "2027-12-10".parse().unwrap();
    assert_eq!(world.look("29 12:01"), [format!("right grant_expiring:-:-:{grant}")]);
    assert!(!known, "when 2027 is shipped, look at another year here");
    world.last = at("30 12:00") + TimeDelta::days(3);
    world.since = world.last;
    world.anchors.clear();
    let now = world.last;
    let facts = Facts {
        now,
        since: now,
        last: now,
        zone: Tz::Asia__Shanghai,
        ticks: &[],
        anchors: &[],
        published: &world.published,
        grants: &[],
        today: "2026-12-03".parse().unwrap(),
        definitions: None,
        raised: &world.raised,
    };
    let changes = super::look(&world.watched, &facts);
    let kinds: Vec<Kind> = changes
        .iter()
        .map(|change| match change {
            Change::Raise(notice) => notice.kind,
            Change::Recover { .. } => panic!("nothing recovers here"),
        })
        .collect();
    assert_eq!(kinds, [Kind::CalendarUnpublished]);
}
