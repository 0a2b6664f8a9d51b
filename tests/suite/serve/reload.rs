//! Definitions that change while the service runs.

use catalog::schedule::{Ask, Scope, TickState};
use serde_json::Value;

use super::process::{Ledger, Serving, until};
use super::project;
use crate::harness::ledger;

#[test]
fn definitions_are_replaced_as_a_whole_or_not_at_all() {
    let project = project();
    let service = Serving::start(&project);
    let file = project.path("state/ledger.db");
    let audited = || -> Vec<(bool, Value)> {
        let rows = ledger::query(
            &file,
            "SELECT success, detail FROM audit_entry WHERE kind = 'definitions.reload' ORDER BY seq",
        );
        rows.iter().map(|row| (row[0] == "1", serde_json::from_str(&row[1]).unwrap())).collect()
    };
    let valid = || -> bool {
        let (status, body) = service.get("/readyz");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(status == 200 || body["leader"] == false, "{body}");
        body["definitions_valid"] == true
    };
    assert!(valid());

    let text = std::fs::read_to_string(project.path("pipelines/minute.toml")).unwrap();
    let another = text.replace("minute", "another").replace("cron = \"* * * * *\"", "cron = \"30 2 * * *\"");
    project.put("pipelines/another.toml", &another);
    until("the reload", || (audited().len() == 1).then_some(()));
    let (success, detail) = audited().remove(0);
    assert!(success && detail["added"]["pipelines"][0] == "serve.another", "{detail}");
    let book = Ledger::of(&project);
    book.ask_run("serve.another");
    let done = until("the run", || book.ticks("serve.another").into_iter().find(|tick| tick.state.ended()));
    assert_eq!(done.state, TickState::Succeeded, "{:?}", done.reason);

    project.put(
        "pipelines/another.toml",
        another.replace("reg.another", "reg.other").replace("mode = \"full\"", "mode = \"none\""),
    );
    until("word of the mistake", || (!valid()).then_some(()));
    until("the audit of the mistake", || (audited().len() == 2).then_some(()));
    let (success, detail) = audited().remove(1);
    assert!(!success && detail["files"]["pipelines/another.toml"].is_array(), "{detail}");
    assert!(!detail.to_string().contains("none"), "texts of files do not reach the audit log: {detail}");
    book.ask_run("serve.slow");
    let done = until("the old definitions", || book.ticks("serve.slow").into_iter().find(|tick| tick.state.ended()));
    assert_eq!(done.state, TickState::Succeeded, "{:?}", done.reason);

    std::fs::remove_file(project.path("pipelines/another.toml")).unwrap();
    until("the repair", || valid().then_some(()));
    until("the audit of the repair", || (audited().len() == 3).then_some(()));
    assert_eq!(audited()[2].1["removed"]["pipelines"][0], "serve.another");
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn a_tick_runs_under_the_definition_it_was_promised_with() {
    let project = project();
    let service = Serving::start(&project);
    let book = Ledger::of(&project);
    let what = Scope::Pipeline("serve.slow".into());
    book.ask(&Ask::Pause { what: what.clone(), note: "维护".into() });
    book.ask_run("serve.slow");
    let waiting = until("the tick", || book.ticks("serve.slow").into_iter().next());
    let file = project.path("state/ledger.db");
    let reloads = "SELECT detail FROM audit_entry WHERE kind = 'definitions.reload'";
    project.edit("pipelines/slow.toml", "读得慢", "读得很慢");
    until("the reload", || (ledger::query(&file, reloads).len() == 1).then_some(()));
    assert!(ledger::query(&file, reloads)[0][0].contains("serve.slow"));
    book.ask(&Ask::Resume { what, replay: false });
    let done = until("the end", || book.ticks("serve.slow").into_iter().find(|tick| tick.state.ended()));
    assert_eq!(done.state, TickState::Succeeded, "{:?}", done.reason);
    let ran = ledger::query(&file, "SELECT DISTINCT definition_digest FROM occurrence WHERE pipeline = 'serve.slow'");
    assert_eq!(ran, [[waiting.tick.definition_digest]]);
    let fresh = ledger::query(&file, "SELECT COUNT(*) FROM audit_entry WHERE kind = 'tick.definition'");
    assert_eq!(fresh, [["0"]], "the old definition was there");
    assert_eq!(service.stop(), Some(0));
}

#[test]
fn a_project_that_is_invalid_from_the_beginning_is_not_served() {
    let project = project();
    project.put("pipelines/slow.toml", "[pipeline]\n");
    let ran = project.sluice(&["serve"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    std::fs::remove_file(project.path("pipelines/slow.toml")).unwrap();
    let ran = project.sluice(&["serve", "--listen", &address]);
    assert!(ran.code == Some(1) && ran.err.contains("S150"), "{}", ran.err);
}
