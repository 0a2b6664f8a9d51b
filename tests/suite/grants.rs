//! Grants decide what leaves, each supply for itself; deleted rows leave everywhere and are told.

use serde_json::Value;

use crate::harness::sample::citizen_id;
use crate::harness::table::{Row, get};
use crate::harness::{Project, dataset, table};

const PIPELINE: &str = "grants.insured";
const THIRD: &str = "supply:scenario:finance/third";

/// A full load of the people with these numbers.
fn deliver(project: &Project, day: u32, people: impl Iterator<Item = u32>) {
    let mut text = String::from("citizen_id,name,phone,area_code,base,since,card,note,updated_at\n");
    for number in people {
        text += &format!("{},甲{number},,320902,{}.00,,,,2026-11-01 01:00:00\n", citizen_id(number), 3000 + number);
    }
    project.put(format!("front/2026110{day}/insured.csv"), text);
}

fn status(job: &Value) -> &str {
    job["status"].as_str().unwrap()
}

fn operations(rows: &[Row], operation: &str) -> usize {
    rows.iter().filter(|row| get(row, "_operation") == operation).count()
}

#[test]
fn an_expired_grant_holds_up_its_own_supply_only_and_renewed_sends_what_was_missed_once() {
    let project = Project::of(&["base", "grants"]);
    deliver(&project, 1, 0..300);
    let ran = project.run(PIPELINE, "2026-11-01").ends(5);
    assert_eq!(status(&ran.job("library:reg.person")), "succeeded");
    assert_eq!(status(&ran.job("supply:scenario:finance/first")), "succeeded");
    assert_eq!(status(&ran.job("supply:scenario:finance/second")), "succeeded");
    let third = ran.job(THIRD);
    assert_eq!(status(&third), "withheld");
    assert_eq!(third["problems"][0]["code"], "K201", "{third}");
    assert_eq!(third["problems"][0]["params"]["grant"], "G-3");
    assert!(dataset::deliveries(&project.path("supplied/finance/third")).is_empty());

    deliver(&project, 2, 20..310);
    project.run(PIPELINE, "2026-11-02").ends(5);
    assert!(dataset::deliveries(&project.path("supplied/finance/third")).is_empty());

    for (past, renewed) in [("@YESTERDAY@", "@UNTIL@"), ("@LONG_AGO@", "@FROM@")] {
        let filled = Project::empty();
        filled.put("a", past);
        project.edit("grants/g3.toml", &std::fs::read_to_string(filled.path("a")).unwrap(), renewed);
    }
    let ran = project.run(PIPELINE, "2026-11-02").ends(0);
    assert_eq!(status(&ran.job("library:reg.person")), "already_done");
    assert_eq!(status(&ran.job(THIRD)), "succeeded");
    let sent = dataset::delivered(&project, "supplied/finance/third");
    assert_eq!(sent.len(), 1, "what was missed goes out once");
    assert_eq!(operations(&sent[0], "insert"), 290, "the people of the second day, as they are now");
    assert_eq!(sent[0].len(), 290);

    deliver(&project, 3, 20..312);
    project.run(PIPELINE, "2026-11-03").ends(0);
    let sent = dataset::delivered(&project, "supplied/finance/third");
    assert_eq!((sent.len(), sent[1].len(), operations(&sent[1], "insert")), (2, 2, 2));
    let ran = project.run(PIPELINE, "2026-11-03").ends(0);
    assert!(ran.jobs().iter().all(|job| status(job) == "already_done"));
    assert_eq!(dataset::deliveries(&project.path("supplied/finance/third")).len(), 2);
}

#[test]
fn the_card_says_in_chinese_and_english_why_nothing_was_supplied() {
    let project = Project::of(&["base", "grants"]);
    deliver(&project, 1, 0..10);
    let chinese = project.sluice(&["run", PIPELINE, "--biz-date", "2026-11-01"]).ends(5);
    assert!(chinese.out.contains("[K201] 授权G-3已于"), "{}", chinese.out);
    let english = project.sluice(&["run", PIPELINE, "--biz-date", "2026-11-01", "--lang", "en"]).ends(5);
    assert!(english.out.contains("[K201] grant G-3 ended on"), "{}", english.out);
}

#[test]
fn a_hundred_deleted_rows_leave_library_and_supplies_and_the_card_says_so() {
    let project = Project::of(&["base", "grants"]);
    project.put("grants/g3.toml", "");
    let supply = std::fs::read_to_string(project.path("pipelines/insured.toml")).unwrap();
    project.put("pipelines/insured.toml", supply.replace("G-3", "G-2"));
    deliver(&project, 1, 0..1000);
    project.run(PIPELINE, "2026-11-01").ends(0);
    let library = project.path("libraries/reg/person");
    let before = table::delta_rows(&library);
    let second = |project: &Project| dataset::delivered(project, "supplied/finance/second").pop().unwrap();
    let supplied_before = second(&project);

    deliver(&project, 2, (0..1000).filter(|number| number % 10 != 3));
    let told = project.sluice(&["run", PIPELINE, "--biz-date", "2026-11-02"]).ends(0);
    assert!(told.out.contains("删除100\n"), "the card does not tell the deleted rows: {}", told.out);

    let gone: Vec<String> = (0..1000).filter(|number| number % 10 == 3).map(citizen_id).collect();
    let after = table::delta_rows(&library);
    let expected: Vec<Row> =
        before.into_iter().filter(|row| !gone.iter().any(|id| id == get(row, "citizen_id"))).collect();
    assert_eq!(after, expected, "the library loses exactly these");

    let supplied = second(&project);
    assert_eq!(supplied.len(), 900);
    assert!(supplied.iter().all(|row| supplied_before.contains(row)));
    let lost: Vec<&Row> = supplied_before.iter().filter(|row| !supplied.contains(row)).collect();
    assert_eq!(lost.len(), 100);
    let changes = dataset::delivered(&project, "supplied/finance/third").pop().unwrap();
    assert_eq!((changes.len(), operations(&changes, "delete")), (100, 100));
    let ids = |rows: &mut dyn Iterator<Item = &Row>| {
        let mut ids: Vec<String> = rows.map(|row| get(row, "citizen_id").to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&mut changes.iter()), ids(&mut lost.into_iter()), "the changes delete exactly these");
}

#[test]
fn a_raw_library_without_a_grant_is_refused_and_nothing_is_written() {
    let project = Project::of(&["base", "grants"]);
    project.edit("pipelines/insured.toml", "grant = \"G-OP\"\n", "");
    deliver(&project, 1, 0..10);
    let plan = project.sluice(&["plan", PIPELINE, "--biz-date", "2026-11-01", "--json"]).ends(5);
    assert!(plan.codes().contains(&"P401".to_owned()), "{}", plan.out);
    let ran = project.run(PIPELINE, "2026-11-01");
    let library = ran.job("library:reg.person");
    assert_eq!(status(&library), "withheld");
    assert_eq!(library["problems"][0]["code"], "P401");
    assert_ne!(ran.code, Some(0));
    assert_eq!(table::delta_rows(&project.path("libraries/reg/person")), Vec::<Row>::new());
}

#[test]
fn a_grant_for_another_border_or_too_few_fields_carries_nothing() {
    for (from, to, code) in [
        ("grant = \"G-1\"", "grant = \"G-OP\"", "P401"),
        ("grant = \"G-1\"", "grant = \"G-NONE\"", "K200"),
        ("select = [\"citizen_id\", \"name\", \"base\"]", "select = [\"citizen_id\", \"updated_at\"]", "K209"),
    ] {
        let project = Project::of(&["base", "grants"]);
        if to.contains("updated_at") {
            project.edit("pipelines/insured.toml", ", base = { generalise = 1000 } }", " }");
        }
        project.edit("pipelines/insured.toml", from, to);
        deliver(&project, 1, 0..10);
        let ran = project.run(PIPELINE, "2026-11-01");
        if ran.code == Some(3) {
            assert!(ran.codes().iter().any(|found| found.starts_with('P')), "{}", ran.out);
            continue;
        }
        let job = ran.job("supply:scenario:finance/first");
        assert_eq!(status(&job), "withheld", "{to}");
        assert!(job["problems"].as_array().unwrap().iter().any(|problem| problem["code"] == code), "{to}: {job}");
        assert!(table::version(&project.path("supplied/finance/first")).is_none(), "{to}");
    }
}
