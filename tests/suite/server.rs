//! A project whose ledger is on a PostgreSQL server does what it does with a file, and never shows the address.

use crate::harness::postgres::server;
use crate::harness::sample::citizen_id;
use crate::harness::{Project, Ran};

const PIPELINE: &str = "grants.insured";
const PASSWORD: &str = "hunter2-canary";

fn project() -> Project {
    let project = Project::of(&["base", "grants"]);
    let mut text = String::from("citizen_id,name,phone,area_code,base,since,card,note,updated_at\n");
    for number in 0..50 {
        text += &format!("{},甲{number},,320902,{}.00,,,,2026-11-01 01:00:00\n", citizen_id(number), 3000 + number);
    }
    project.put("front/20261101/insured.csv", text);
    project.edit("sluice.toml", "[limits]", "[state]\nledger = \"secret:ledger\"\n\n[limits]");
    project
}

fn sluice(project: &Project, address: &str, arguments: &[&str]) -> Ran {
    let ran = Ran::of(project.command(arguments).env("SLUICE_SECRET_LEDGER", address).env("SLUICE_LOG", "info"));
    assert!(!ran.out.contains(PASSWORD) && !ran.err.contains(PASSWORD), "{}\n{}", ran.out, ran.err);
    ran
}

#[test]
fn a_ledger_on_a_server_does_what_one_in_a_file_does() {
    let project = project();
    let address = format!("{}&password={PASSWORD}", server().schema());
    let run = ["run", PIPELINE, "--biz-date", "2026-11-01", "--json"];
    let first = sluice(&project, &address, &run).ends(5);
    assert_eq!(first.job("library:reg.person")["status"], "succeeded");
    assert_eq!(first.job("supply:scenario:finance/third")["status"], "withheld");
    let again = sluice(&project, &address, &run).ends(5);
    assert_eq!(again.job("library:reg.person")["status"], "already_done");
    assert_eq!(again.job("supply:scenario:finance/first")["status"], "already_done");
    sluice(&project, &address, &["audit", "verify"]).ends(0);
    sluice(&project, &address, &["runs", "list"]).ends(0);
    assert!(!project.path("state/ledger.db").exists(), "there is no second ledger");
    // Another machine on the same ledger: a copy of the project is told that it is done.
    let other = sluice(&project.copy(), &address, &run).ends(5);
    assert_eq!(other.job("library:reg.person")["status"], "already_done");
}

#[test]
fn a_server_that_cannot_be_reached_is_named_by_its_kind_alone() {
    let project = project();
    let nowhere = format!("postgres:///ledger?host=/nowhere&user=sluice&password={PASSWORD}");
    let ran = sluice(&project, &nowhere, &["runs", "list"]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.err.contains("[K301]") && ran.err.contains("连不上数据库"), "{}\n{}", ran.out, ran.err);
    let wrong = sluice(&project, &format!("mysql://sluice:{PASSWORD}@db/ledger"), &["runs", "list"]);
    assert!(wrong.err.contains("[K316]"), "{}\n{}", wrong.out, wrong.err);
}
