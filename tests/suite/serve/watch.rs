//! The watchdog and the sender of notices in a service that runs.

use chrono::{FixedOffset, TimeDelta, Utc};
use serde_json::Value;

use super::process::{Ledger, Serving, until};
use super::project;
use crate::harness::hook::{Hook, ROSTER};
use crate::harness::{Project, ledger};

/// The project with somebody on duty and a watchdog that looks every second.
fn watched() -> Project {
    let project = project();
    project.put("duty.toml", ROSTER);
    project.edit("sluice.toml", "[service]", "[service]\nwatch = \"1s\"");
    project
}

fn serve(project: &Project, hook: &Hook) -> Serving {
    Serving::with(project, &[("SLUICE_SECRET_CHAT_URL", &hook.url)])
}

/// Serves until every schedule has its anchor, then makes it as if nothing had run for ten minutes.
fn outage(project: &Project, hook: &Hook, schedules: usize) {
    let service = serve(project, hook);
    let file = project.path("state/ledger.db");
    let anchors = "SELECT pipeline FROM schedule_anchor";
    until("the first anchors", || (ledger::query(&file, anchors).len() == schedules).then_some(()));
    assert_eq!(service.stop(), Some(0));
    let back = "UPDATE schedule_anchor SET at = strftime('%Y-%m-%dT%H:%M:%f', 'now', '-10 minutes') || '000Z'; \
                DELETE FROM tick; DELETE FROM notice";
    ledger::execute(&file, back);
}

/// The only notice of the message of a number, once it is there.
fn told(hook: &Hook, number: usize) -> Value {
    let message = until("the message", || hook.taken().get(number).cloned());
    assert_eq!(message["notices"].as_array().unwrap().len(), 1, "{message}");
    message["notices"][0].clone()
}

fn metric(service: &Serving, name: &str) -> i64 {
    let text = service.get("/metrics").1;
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_missed_deadline_is_told_once_and_its_recovery_once_also_when_the_service_is_killed_between() {
    let project = watched();
    for name in ["minute", "slow"] {
        std::fs::remove_file(project.path(format!("pipelines/{name}.toml"))).unwrap();
    }
    let text = std::fs::read_to_string(crate::harness::here().join("cases/serve/pipelines/minute.toml")).unwrap();
    let due = (Utc::now() - TimeDelta::minutes(3)).with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap());
    let schedule = format!("cron = \"{}\"\ndeadline = {{ within = \"1m\" }}", due.format("%-M %-H * * *"));
    let text = text.replace("cron = \"* * * * *\"", &schedule).replace("每分钟一次", "每天一次");
    project.put(
        "pipelines/minute.toml",
        text.replace("files = \"stock_*.csv\"", "files = \"stock_*.csv\"\nready = { flag = \"done.txt\" }"),
    );
    let hook = Hook::failing(0);
    outage(&project, &hook, 1);

    let service = serve(&project, &hook);
    let notice = told(&hook, 0);
    let tick = due.format("%Y-%m-%d %H:%M").to_string();
    assert_eq!(
        (&notice["kind"], &notice["why"], &notice["code"]),
        (&"deadline_missed".into(), &"first".into(), &"P801".into())
    );
    assert_eq!(notice["pipeline"]["id"], "serve.minute");
    let yesterday = (due - TimeDelta::days(1)).date_naive().to_string();
    assert_eq!(notice["business_dates"][0], Value::from(yesterday.clone()));
    let said = notice["text"].as_str().unwrap();
    for part in ["每天一次", &tick, &yesterday, "[P801]", "下一步：", "sluice runs why serve.minute"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    let file = project.path("state/ledger.db");
    until("the record of the message", || {
        ledger::query(&file, "SELECT sends FROM notice")[0][0].contains("\"sent\"").then_some(())
    });
    assert_eq!(metric(&service, "sluice_deadline_misses_total"), 1);
    service.signal("KILL");
    drop(service);

    let service = serve(&project, &hook);
    let looked = || metric(&service, "sluice_watchdog_last_look_timestamp_seconds");
    let first = until("a look", || Some(looked()).filter(|at| *at > 0));
    until("more looks", || (looked() > first + 2).then_some(()));
    assert_eq!(hook.taken().len(), 1, "told before, and not again");

    project.put("front/done.txt", "");
    let notice = told(&hook, 1);
    assert_eq!((&notice["why"], &notice["pipeline"]["id"]), (&"recovery".into(), &"serve.minute".into()));
    assert!(notice["text"].as_str().unwrap().contains("恢复正常"), "{notice}");
    until("the count", || (metric(&service, "sluice_notice_messages_total{how=\"sent\"}") == 1).then_some(()));
    assert_eq!(service.stop(), Some(0));
    assert_eq!(hook.taken().len(), 2);
}

#[test]
fn the_watchdog_speaks_up_while_the_scheduler_hangs_and_a_channel_that_fails_is_tried_again() {
    let project = watched();
    let hook = Hook::failing(1);
    outage(&project, &hook, 2);
    let book = Ledger::of(&project);
    let hangs = book.lead();

    let service = serve(&project, &hook);
    let notice = told(&hook, 0);
    assert_eq!((&notice["kind"], &notice["code"]), (&"scheduler_down".into(), &"P805".into()));
    until("the count", || (metric(&service, "sluice_notice_messages_total{how=\"failed\"}") == 1).then_some(()));
    assert_eq!(metric(&service, "sluice_notice_messages_waiting"), 1);
    assert_eq!((metric(&service, "sluice_leading"), metric(&service, "sluice_watching")), (0, 1));
    assert_eq!(service.get("/readyz").0, 200, "a channel that fails does not make it unready");
    assert_eq!(told(&hook, 1)["id"], notice["id"]);
    assert_eq!(hook.taken()[0]["delivery"], hook.taken()[1]["delivery"], "the same message once more");

    book.release(&hangs);
    let recovered = told(&hook, 2);
    assert_eq!((&recovered["why"], &recovered["id"]), (&"recovery".into(), &notice["id"]));
    let other = project.sluice(&["notice", "watch", "--lang", "en"]);
    assert!(other.code == Some(6) && other.err.contains("P502"), "{other:?}");

    project.put("pipelines/slow.toml", "[pipeline]\n");
    let invalid = told(&hook, 3);
    assert_eq!((&invalid["kind"], &invalid["code"]), (&"definition_invalid".into(), &"P818".into()));
    assert_eq!(invalid["parameters"]["file"], "pipelines/slow.toml");
    std::fs::remove_file(project.path("pipelines/slow.toml")).unwrap();
    assert_eq!((&told(&hook, 4)["why"], &told(&hook, 4)["id"]), (&"recovery".into(), &invalid["id"]));
    assert_eq!(service.stop(), Some(0));
}
