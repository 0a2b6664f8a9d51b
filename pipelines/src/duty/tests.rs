#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;
use crate::spec::duty::DutySpec;

const ROSTER: &str = r#"
[duty]
team  = "duty"
quiet = { from = "22:00", to = "07:00" }

[channel.chat]
kind = "dingtalk"
url  = "secret:chat"

[channel.mail]
kind = "email"
host = "mail"
from = "a@b.cn"

[person.zhang]
name  = "张三"
reach = [{ channel = "chat", to = "13800001111" }, { channel = "mail", to = "zhang@example.gov.cn" }]

[person.li]
reach = [{ channel = "chat" }]

[person.wang]
reach = [{ channel = "mail", to = "wang@example.gov.cn" }]

[team.duty]
title    = "值班室"
people   = ["wang"]
channels = ["chat"]
rota = [
  { days = ["weekdays"], from = "08:00", to = "18:00", people = ["zhang"] },
  { days = ["weekdays"], from = "18:00", to = "08:00", people = ["li", "zhang"], rotate = "day", since = "2026-11-23" },
  { days = ["sat", "sun"], people = ["zhang", "li", "wang"], rotate = "week", since = "2026-11-23" },
]
escalate = [{ after = "1h", to = "head" }, { after = "15m", to = "leaders" }]

[team.leaders]
people = ["wang"]

[team.head]
people = ["zhang"]
"#;

pub(crate) fn roster(text: &str) -> Roster {
    let spec: DutySpec = toml::from_str(text).unwrap();
    Roster::of(&spec, Tz::Asia__Shanghai)
}

/// Local time of Shanghai.
fn at(text: &str) -> DateTime<Utc> {
    let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    hours::instant(local, Tz::Asia__Shanghai)
}

#[test]
fn shifts_nights_turns_and_what_lies_between() {
    let roster = roster(ROSTER);
    // 2026-11-23 is a Monday.
    for (time, expected) in [
        ("2026-11-23 07:59", vec!["wang"]), // Sunday's night has no shift: whoever the group names
        ("2026-11-23 08:00", vec!["zhang"]),
        ("2026-11-23 17:59", vec!["zhang"]),
        ("2026-11-23 18:00", vec!["li"]),
        ("2026-11-24 07:59", vec!["li"]), // the night belongs to the day it began on
        ("2026-11-24 18:00", vec!["zhang"]),
        ("2026-11-28 07:59", vec!["li", "zhang"]), // Friday's night and Saturday together
        ("2026-11-28 12:00", vec!["zhang"]),
        ("2026-11-29 23:59", vec!["zhang"]),
        ("2026-12-05 12:00", vec!["li"]),
        ("2026-12-12 12:00", vec!["wang"]),
        ("2026-12-19 12:00", vec!["zhang"]),
        ("2026-11-21 12:00", vec!["wang"]), // before the first turn, counted backwards
    ] {
        assert_eq!(roster.on_duty("duty", at(time)), expected, "{time}");
    }
}

#[test]
fn recipients_are_every_way_to_those_on_duty_and_the_group_itself() {
    let roster = roster(ROSTER);
    let found = roster.recipients("duty", at("2026-11-23 09:00"));
    let names: Vec<(&str, Option<&str>)> =
        found.iter().map(|one| (one.channel.as_str(), one.person.as_deref())).collect();
    assert_eq!(names, [("chat", Some("zhang")), ("mail", Some("zhang")), ("chat", None)]);
    assert_eq!(roster.address("zhang", "mail").unwrap().0, "zhang@example.gov.cn");
    assert_eq!(roster.team(Some("nobody")), Some("duty"));
    let steps: Vec<&str> = roster.steps("duty").iter().map(|step| step.team.as_str()).collect();
    assert_eq!(steps, ["leaders", "head"]);
}

#[test]
fn quiet_hours_end_in_the_morning() {
    let roster = roster(ROSTER);
    assert_eq!(roster.quiet_until(at("2026-11-23 21:59")), None);
    assert_eq!(roster.quiet_until(at("2026-11-23 22:00")), Some(at("2026-11-24 07:00")));
    assert_eq!(roster.quiet_until(at("2026-11-24 06:59")), Some(at("2026-11-24 07:00")));
    assert_eq!(roster.quiet_until(at("2026-11-24 07:00")), None);
}

#[test]
fn quiet_days_that_follow_each_other_are_one_and_endless_quiet_is_none() {
    let weekend = ROSTER.replace(
        "quiet = { from = \"22:00\", to = \"07:00\" }",
        "quiet = { from = \"00:00\", to = \"00:00\", days = [\"weekend\"] }",
    );
    let weekend = roster(&weekend);
    assert_eq!(weekend.quiet_until(at("2026-11-28 10:00")), Some(at("2026-11-30 00:00")));
    let always = roster(&ROSTER.replace("to = \"07:00\" }", "to = \"22:00\" }"));
    assert_eq!(always.quiet_until(at("2026-11-28 10:00")), None);
}

#[test]
fn no_address_is_shown() {
    let shown = format!("{:?}", roster(ROSTER));
    assert!(!shown.contains("13800001111") && !shown.contains("zhang@example"), "{shown}");
}
