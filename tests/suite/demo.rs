//! The demo: made and run within a minute, its planted defects found exactly, its refusal shown, its second run idle.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Project, Ran, files_below, program};

/// The demo as a new user gets it, run once for all tests here.
struct Demo {
    folder: Project,
    ran: Ran,
    took: Duration,
}

fn demo() -> &'static Demo {
    static DEMO: OnceLock<Demo> = OnceLock::new();
    DEMO.get_or_init(|| {
        let folder = Project::empty();
        let started = Instant::now();
        let ran = Ran::of(program::command().arg("demo").arg(folder.path("city")).arg("--json"));
        Demo { folder, ran, took: started.elapsed() }
    })
}

fn in_city(arguments: &[&str]) -> Ran {
    Ran::of(program::command().arg("-C").arg(demo().folder.path("city")).args(arguments))
}

#[test]
fn it_ends_within_a_minute_and_builds_and_supplies_everything() {
    let demo = demo();
    assert!(demo.took < Duration::from_secs(60), "it took {:?}", demo.took);
    let document = demo.ran.json();
    assert_eq!(demo.ran.code, Some(0), "{}", demo.ran.summary());
    let count = |key: &str| document[key].as_u64().unwrap();
    assert!(count("tables") >= 3 && count("datasets") >= 4, "{document}");
    assert_eq!(count("refused"), 1);
    let libraries = std::fs::read_dir(demo.folder.path("city/libraries")).unwrap().count();
    assert!(libraries >= 3, "{libraries} libraries");
    for job in demo.ran.jobs() {
        let steps = job["steps"].as_array().unwrap();
        assert!(steps.iter().all(balances), "{job}");
    }
}

fn balances(step: &Value) -> bool {
    let of = |name: &str| step[name].as_u64().unwrap();
    let gone = ["out", "filtered", "deduplicated", "unmatched", "sampled", "withheld", "quarantined", "grouped"];
    of("read") + of("multiplied") == gone.iter().map(|name| of(name)).sum::<u64>()
}

/// Delivery, resource, item, rule and reason → rows.
type Found = BTreeMap<[String; 5], u64>;

#[test]
fn planted_defects_are_found_exactly_per_rule() {
    let truth = std::fs::read_to_string(demo().folder.path("city/truth.csv")).unwrap();
    let mut planted = Found::new();
    for line in truth.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        *planted.entry([0, 1, 4, 5, 6].map(|at| cells[at].to_owned())).or_default() += 1;
    }
    assert!(planted.len() > 40, "{} kinds", planted.len());
    let found = found();
    let only = |these: &Found, those: &Found| {
        let differing = these.iter().filter(|(key, rows)| those.get(*key) != Some(*rows));
        differing.map(|(key, rows)| format!("{} {rows}", key.join(" "))).collect::<Vec<_>>().join("\n")
    };
    assert!(planted == found, "planted:\n{}\nfound:\n{}", only(&planted, &found), only(&found, &planted));
}

/// Rows that failed a rule of a source, from the reports of the libraries' jobs.
fn found() -> Found {
    let resources = resources();
    let document = demo().ran.json();
    let dates: Vec<&str> = document["business_dates"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let mut found = Found::new();
    for run in document["runs"].as_array().unwrap() {
        let first = run["business_dates"][0].as_str().unwrap();
        let delivery = dates.iter().position(|date| *date == first).unwrap() + 1;
        let jobs = run["jobs"].as_array().unwrap().iter().filter(|job| job["supply"] == false);
        for rule in jobs.flat_map(|job| job["rules"].as_array().unwrap()) {
            let step = (run["pipeline"].to_string(), rule["step"].to_string());
            let resource = resources.get(&step).unwrap_or_else(|| panic!("{step:?} is no source"));
            let text = |name: &str| rule[name].as_str().unwrap().to_owned();
            assert_eq!(rule["quarantined"], true, "{rule}");
            let key = [delivery.to_string(), resource.clone(), text("column"), text("rule"), text("reason")];
            *found.entry(key).or_default() += rule["rows"].as_u64().unwrap();
        }
    }
    found
}

/// Pipeline and source → resource.
fn resources() -> BTreeMap<(String, String), String> {
    let plans = in_city(&["plan", "--json"]).ends(5).json();
    let mut resources = BTreeMap::new();
    for plan in plans["plans"].as_array().unwrap() {
        for source in plan["sources"].as_array().unwrap() {
            let Some(resource) = source["resource"].as_str() else { continue };
            resources.insert((plan["pipeline"].to_string(), source["name"].to_string()), resource.to_owned());
        }
    }
    resources
}

/// What two written forms of one citizen ID share: departments also write it full-width, in lower case, with blanks, or
/// in the old form of 15 digits.
fn normal(raw: &str) -> String {
    let narrow = |letter: char| match letter {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(letter as u32 - 0xFEE0).unwrap(),
        other => other,
    };
    let id = raw.chars().map(narrow).collect::<String>().trim().to_owned();
    if id.len() == 15 { format!("{}19{}", &id[..6], &id[6..]) } else { id.chars().take(17).collect() }
}

#[test]
fn quarantine_holds_the_original_values_of_the_planted_rows() {
    let runs = demo().ran.json();
    let resident = |run: &&Value| run["pipeline"] == "population.resident";
    let run = runs["runs"].as_array().unwrap().iter().find(resident).unwrap()["run"].as_str().unwrap().to_owned();
    let shown = in_city(&["quarantine", "show", &run, "--limit", "1000000", "--json"]).ends(0).json();
    let text = |row: &Value, column: &str| row[column].as_str().unwrap_or_default().to_owned();
    let rows = shown["quarantined"].as_array().unwrap();
    let (repeated, failed): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row["breaches"][0]["rule"] == "unique");
    let mut found: Vec<_> = failed.iter().map(|row| (text(row, "公民身份号码"), text(row, "更新时间"))).collect();
    found.sort();
    let planted = planted_residents(false);
    assert!(found == planted, "{} rows, {} planted", found.len(), planted.len());
    assert_eq!(repeated.len(), planted_residents(true).len());
    let mut ids: BTreeMap<String, u32> = BTreeMap::new();
    for row in repeated {
        *ids.entry(normal(&text(row, "公民身份号码"))).or_default() += 1;
    }
    assert!(ids.values().all(|rows| *rows > 1), "a row that no other repeats");
}

/// ID and instant of the first delivery's planted residents, as the files hold them, sorted: those who are there twice,
/// or those who are wrong by themselves.
fn planted_residents(twice: bool) -> Vec<(String, String)> {
    let city = demo().folder.path("city");
    let truth = std::fs::read_to_string(city.join("truth.csv")).unwrap();
    let date = demo().ran.json()["business_dates"][0].as_str().unwrap().replace('-', "");
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut planted = Vec::new();
    for line in truth.lines().skip(1).filter(|line| line.starts_with("1,1/01/001/0001,")) {
        let cells: Vec<&str> = line.split(',').collect();
        if (cells[5] == "unique") != twice {
            continue;
        }
        let lines = files.entry(cells[2].to_owned()).or_insert_with(|| {
            let bytes = std::fs::read(city.join("exchange/psb").join(&date).join(cells[2])).unwrap();
            encoding_rs::GBK.decode(&bytes).0.lines().map(str::to_owned).collect()
        });
        let row: Vec<&str> = lines[cells[3].parse::<usize>().unwrap()].split(',').collect();
        planted.push((row[0].to_owned(), row[row.len() - 1].to_owned()));
    }
    planted.sort();
    planted
}

#[test]
fn running_the_same_day_again_changes_nothing_and_says_so() {
    let city = demo().folder.path("city");
    let document = demo().ran.json();
    let day = document["business_dates"][1].as_str().unwrap();
    let before = contents(&city);
    let again = in_city(&["run", "--all", "--biz-date", day, "--json"]).ends(5);
    for job in again.jobs() {
        let expected = if job["job"].as_str().unwrap().ends_with("/contact") { "withheld" } else { "already_done" };
        assert_eq!(job["status"], expected, "{job}");
    }
    let told = in_city(&["run", "social_security.insured", "--biz-date", day]).ends(0);
    assert!(told.out.contains("此前已发布，本次没有改变任何数据"), "{}", told.out);
    assert_eq!(contents(&city), before);
}

/// Sizes of everything that was built and supplied.
fn contents(city: &std::path::Path) -> BTreeMap<String, u64> {
    let files = ["libraries", "supplied"].iter().flat_map(|folder| files_below(&city.join(folder)));
    files.map(|file| (file.display().to_string(), file.metadata().unwrap().len())).collect()
}

#[test]
fn the_refusal_says_why_and_what_would_do() {
    for (language, expected) in [("zh", "脱敏不能代替授权"), ("en", "masking does not replace authorisation")] {
        let document = demo().ran.json();
        let day = document["business_dates"][1].as_str().unwrap();
        let told = in_city(&["run", "refused.contact", "--biz-date", day, "--lang", language]).ends(5);
        assert!(told.out.contains("G-FIN-03") && told.out.contains("[K209]"), "{}", told.out);
        assert!(told.out.contains(expected), "{}", told.out);
    }
}

#[test]
fn the_same_seed_gives_the_same_project_and_another_seed_another() {
    let folder = Project::empty();
    let make = |name: &str, seed: &str| {
        let path = folder.path(name);
        let mut command = program::command();
        command.arg("demo").arg(&path).args(["--generate-only", "--rows", "3000", "--seed", seed]);
        Ran::of(&mut command).ends(0);
        let files = files_below(&path).into_iter().filter(|file| !file.starts_with(path.join("state")));
        let named = |file: std::path::PathBuf| {
            let bytes = std::fs::read(&file).unwrap();
            (file.strip_prefix(&path).unwrap().to_owned(), bytes)
        };
        files.map(named).collect::<BTreeMap<_, _>>()
    };
    let (one, two, other) = (make("one", "7"), make("two", "7"), make("other", "8"));
    assert!(one == two, "the same seed gave another project");
    assert!(one != other && one.keys().eq(other.keys()));
}

#[test]
fn it_does_not_overwrite_what_is_not_a_demo() {
    let folder = Project::empty();
    folder.put("mine/notes.txt", "mine");
    let ran = Ran::of(program::command().arg("demo").arg(folder.path("mine")).args(["--rows", "2000"])).ends(2);
    assert!(ran.err.contains("[S107]"), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(folder.path("mine/notes.txt")).unwrap(), "mine");
}
