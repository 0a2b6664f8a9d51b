//! The commands about the schedule, on a ledger whose ticks are known: what people are told, and what they can ask for
//! while no service runs.

use serde_json::Value;

use crate::harness::{Project, Ran, ledger};

/// A tick of `trial.daily` as it is written into the ledger: local day of November 2025, state, reason, successor's day.
type Tick = (u32, &'static str, &'static str, Option<u32>);

fn key(day: u32) -> String {
    // 02:30 in Shanghai.
    format!("2025-11-{:02}T18:30:00+00:00", day - 1)
}

fn stored(day: u32, hour: u32, minute: u32) -> String {
    format!("2025-11-{day:02}T{hour:02}:{minute:02}:00.000000Z")
}

/// A project whose ledger holds these ticks.
fn project(ticks: &[Tick]) -> Project {
    let project = Project::of(&["base", "schedule"]);
    project.sluice(&["runs", "list"]).ends(0);
    let tenant = "trial";
    let file = project.path("state/ledger.db");
    for (day, state, reason, successor) in ticks {
        let (due, start) = (stored(day - 1, 18, 30), stored(day - 2, 18, 30));
        let ran = matches!(*state, "succeeded" | "failed");
        let at = |minute: u32| if ran { format!("'{}'", stored(day - 1, 18, minute)) } else { "NULL".to_owned() };
        let text = |value: &str| if value.is_empty() { "NULL".to_owned() } else { format!("'{value}'") };
        let successor = successor.map(key).unwrap_or_default();
        ledger::execute(
            &file,
            &format!(
                "INSERT INTO tick (tenant, pipeline, tick_key, cause, scheduled_at, interval_start, interval_end, biz_date, \
                 definition_digest, owner, pool, priority, state, reason, successor, attempt, tries, deaths, token, created_at, \
                 started_at, finished_at, revision) VALUES ('{tenant}', 'trial.daily', '{}', 'schedule', '{due}', '{start}', '{due}', \
                 '2025-11-{:02}', 'd', 'bureau', 'default', 5, '{state}', {}, {}, 1, 0, 0, 1, '{due}', {}, {}, 0)",
                key(*day),
                day - 1,
                text(reason),
                text(&successor),
                at(31),
                at(52),
            ),
        );
    }
    project
}

const DOWN: &str = r#"{"why":"down","since":"2025-11-17T17:12:00Z","until":"2025-11-18T21:40:00Z"}"#;
const FAILED: &str = r#"{"why":"problems","problems":[{"code":"N101","params":{"path":"front/20251119/stock.csv"},"message":"not there","retryable":false}]}"#;

/// Codes of the problems of a command that did not succeed.
fn codes(ran: &Ran) -> Vec<String> {
    let document = ran.json();
    let problems = document["problems"].as_array().cloned().unwrap_or_default();
    problems.iter().map(|problem| problem["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_sheet_of_a_shift_lists_every_promised_tick_once_with_what_covers_it() {
    let project = project(&[
        (18, "superseded", DOWN, Some(19)),
        (19, "succeeded", "", None),
        (20, "failed", FAILED, None),
        (21, "missed", DOWN, None),
    ]);
    let sheet = |day: &str| project.sluice(&["runs", "today", "--date", day, "--json"]).ends(0).json();
    let one = sheet("2025-11-20");
    assert_eq!((one["promised"].as_u64(), one["states"]["failed"].as_u64()), (Some(1), Some(1)));
    let row = &one["rows"][0];
    assert_eq!(row["cover"]["cover"], "gap", "files of each day: no later run makes it good");
    assert_eq!(row["deadline"]["deadline"], "missed");
    assert_eq!(row["because"]["problems"][0]["code"], "N101");
    assert_eq!(one["due"][0]["pipeline"], "trial.daily");

    let good = project.sluice(&["runs", "today", "--date", "2025-11-19", "--lang", "zh"]).ends(0).out;
    assert!(good.contains("承诺1、成功1；无缺口。"), "{good}");
    assert!(good.contains("07:00 守时"), "{good}");
    let bad = project.sluice(&["runs", "today", "--date", "2025-11-21", "--lang", "zh"]).ends(0).out;
    assert!(bad.contains("承诺1、应运行未运行1；缺口1处：trial.daily 2025-11-20；误时限1。"), "{bad}");
    let english = project.sluice(&["runs", "today", "--date", "2025-11-21", "--lang", "en"]).ends(0).out;
    assert!(english.contains("1 promised, 1 missed; 1 gaps: trial.daily 2025-11-20"), "{english}");
    assert_eq!(project.sluice(&["runs", "today", "--at", "25:00", "--json"]).ends(2).codes(), ["S135"]);
}

#[test]
fn why_answers_for_what_ran_and_for_what_did_not() {
    let project =
        project(&[(18, "superseded", DOWN, Some(19)), (19, "succeeded", "", None), (20, "failed", FAILED, None)]);
    let why = |pipeline: &str, time: &str| project.sluice(&["runs", "why", pipeline, time, "--lang", "zh"]).ends(0).out;
    let superseded = why("trial.daily", "2025-11-18T02:30");
    for part in
        ["2025-11-18 02:30", "已并入", "调度服务2025-11-18 01:12至2025-11-19 05:40停机", "2025-11-19 02:30 成功"]
    {
        assert!(superseded.contains(part), "{superseded}");
    }
    let failed = why("trial.daily", "2025-11-19");
    assert!(
        failed.contains("[N101]") && failed.contains("sluice schedule rerun trial.daily 2025-11-20T02:30"),
        "{failed}"
    );
    let beside = why("trial.daily", "2025-11-20T03:00");
    assert!(beside.contains("没有应运行的实例") && beside.contains("2025-11-21 02:30"), "{beside}");
    let never = why("trial.reader", "2025-11-20T04:00");
    assert!(never.contains("调度服务还没有接管过它") && never.contains("sluice serve"), "{never}");
    let asked = why("trial.asked", "2025-11-20");
    assert!(asked.contains("没有调度"), "{asked}");
    let future = why("trial.daily", "2099-01-01T02:30");
    assert!(future.contains("还没到"), "{future}");
    assert_eq!(project.sluice(&["runs", "why", "trial.daily", "昨天", "--json"]).ends(2).codes(), ["P826"]);
    assert_eq!(project.sluice(&["runs", "why", "trial.nothing", "--json"]).ends(2).codes(), ["S103"]);
}

#[test]
fn a_backfill_is_previewed_and_starts_only_after_a_yes() {
    let project =
        project(&[(18, "superseded", DOWN, Some(19)), (19, "succeeded", "", None), (20, "failed", FAILED, None)]);
    let range = ["backfill", "trial.daily", "--from", "2025-11-17", "--to", "2025-11-20"];
    let with = |more: &[&str]| project.sluice(&[&range[..], more].concat());
    let preview = with(&["--dry-run", "--json"]).ends(0).json();
    let slices = preview["slices"].as_array().unwrap();
    let told: Vec<(&str, &str, bool)> = slices
        .iter()
        .map(|slice| (slice["biz_date"].as_str().unwrap(), slice["there"].as_str().unwrap(), slice["runs"] == true))
        .collect();
    assert_eq!(
        told,
        [("2025-11-17", "superseded", true), ("2025-11-18", "succeeded", false), ("2025-11-19", "failed", true)]
    );
    let readers: Vec<&str> =
        preview["downstream"].as_array().unwrap().iter().map(|reader| reader["pipeline"].as_str().unwrap()).collect();
    assert_eq!(readers, ["trial.reader", "trial.asked"]);
    assert_eq!(preview["sources"][0]["memory"], "day");
    assert_eq!(preview["targets"][0]["effect"], "missing");

    let text = with(&["--lang", "zh"]).ends(2);
    assert!(text.out.contains("trial.asked（读reg.reader）只供出，由它下一次运行送出变化，只送一次"), "{}", text.out);
    assert!(text.err.contains("S133"), "{}", text.err);
    let asked = "SELECT ask FROM schedule_request";
    assert!(ledger::query(&project.path("state/ledger.db"), asked).is_empty(), "nothing was asked for");

    let waits = with(&["--yes", "--name", "november", "--downstream", "--json"]).ends(6).json();
    assert_eq!((waits["request"].as_i64(), &waits["answer"]), (Some(1), &Value::Null));
    let request: Value = serde_json::from_str(&ledger::query(&project.path("state/ledger.db"), asked)[0][0]).unwrap();
    let keys: Vec<String> = request["ticks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tick| {
            format!(
                "{} {} {}",
                tick["id"]["pipeline"].as_str().unwrap(),
                tick["biz_date"].as_str().unwrap(),
                tick["cause"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        keys,
        [
            "trial.daily 2025-11-17 backfill",
            "trial.daily 2025-11-19 backfill",
            "trial.reader 2025-11-17 backfill",
            "trial.reader 2025-11-18 backfill",
            "trial.reader 2025-11-19 backfill",
        ]
    );
    assert_eq!(codes(&with(&["--window", "1w", "--dry-run", "--json"]).ends(2)), ["P825"]);
    assert_eq!(codes(&project.sluice(&["backfill", "show", "december", "--json"]).ends(2)), ["S138"]);
}

#[test]
fn a_request_names_its_tick_and_waits_for_the_service() {
    let project = project(&[(19, "succeeded", "", None), (20, "failed", FAILED, None)]);
    let wrong = project.sluice(&["schedule", "rerun", "trial.daily", "2025-11-21T02:31", "--lang", "en"]).ends(2).err;
    assert!(wrong.contains("S130") && wrong.contains("2025-11-20T02:30, 2025-11-19T02:30"), "{wrong}");
    assert_eq!(codes(&project.sluice(&["schedule", "pause", "--json"]).ends(2)), ["S132"]);
    assert_eq!(codes(&project.sluice(&["schedule", "pause", "--pool", "big", "--json"]).ends(2)), ["S134"]);
    let waits =
        project.sluice(&["schedule", "rerun", "trial.daily", "2025-11-19", "--note", "已补文件", "--lang", "zh"]);
    assert!(waits.ends(6).out.contains("请求1已登记"));
    let recorded = ledger::query(&project.path("state/ledger.db"), "SELECT ask, asked_by FROM schedule_request");
    let ask: Value = serde_json::from_str(&recorded[0][0]).unwrap();
    assert_eq!((&ask["ask"], ask["id"]["key"].as_str()), (&"rerun".into(), Some(key(20).as_str())));
    assert_eq!(recorded[0][1], "tester");
    let list = project.sluice(&["schedule", "list", "--lang", "zh"]).ends(0).out;
    for part in ["每天 02:30", "2025-11-20 02:30 失败", "仅手动", "调度服务未在运行"] {
        assert!(list.contains(part), "{part} is not in\n{list}");
    }
}

#[test]
fn a_simulation_replays_exactly_and_breaks_no_promise() {
    let project = Project::of(&["base", "schedule"]);
    let of = |seed: &str, faults: &str, more: &[&str]| {
        let days = ["simulate", "--from", "2025-11-03", "--to", "2025-11-10", "--seed", seed, "--faults", faults];
        project.sluice(&[&days[..], more].concat())
    };
    let calm = of("1", "none", &["--json"]).ends(0).json();
    assert_eq!(calm["ticks"].as_array().unwrap().len(), 14);
    assert_eq!((&calm["breaches"], &calm["deadlines_missed"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    let wild = of("7", "all", &["--json", "--instances", "2"]).ends(0);
    assert_eq!(wild.json()["breaches"], Value::Array(vec![]));
    assert_eq!(wild.out, of("7", "all", &["--json", "--instances", "2"]).ends(0).out);
    let text = of("1", "none", &["--lang", "zh"]).ends(0).out;
    for part in ["2025-11-03 周一", "trial.daily", "时限全部守住", "每个承诺的实例都恰有一个结局", "--seed 1"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(text.lines().count() < 260);
    assert_eq!(
        codes(&project.sluice(&["simulate", "--from", "2025-11-03", "--to", "2025-11-03", "--json"]).ends(2)),
        ["S136"]
    );
}
