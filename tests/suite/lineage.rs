//! Lineage, grades and refusals from end to end: `cases/lineage/*.md` hold a project, what is tried in it, and what
//! `sluice plan` answers.

use serde_json::Value;

use crate::harness::{Project, Ran, case, files_below, here};

#[test]
fn every_case_plans_or_is_refused_as_it_says() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for path in files_below(&here().join("cases/lineage")) {
        let blocks = case::blocks(&path);
        for line in blocks["cases"].lines() {
            let (try_this, expected) = line.rsplit_once(" => ").unwrap();
            let project = Project::of(&["base"]);
            for (name, text) in blocks.iter().filter(|(name, _)| name.ends_with(".toml")) {
                project.put(name, text.replace("@CASE@", &filled(text, try_this)));
            }
            project.put("front/insured.csv", "");
            let ran = project.sluice(&["plan", "--biz-date", "2026-11-01", "--json"]);
            if let Err(why) = agrees(&ran, expected) {
                wrong.push(format!("{}: {line}\n    {why}", path.file_name().unwrap().display()));
            }
            tried += 1;
        }
    }
    assert!(tried > 70, "only {tried} cases");
    assert!(wrong.is_empty(), "{} of {tried} cases:\n{}", wrong.len(), wrong.join("\n"));
}

/// What stands for `@CASE@`: lines where the case gives keys, text as it is inside a string.
fn filled(template: &str, try_this: &str) -> String {
    if template.contains("\n@CASE@") { try_this.replace("; ", "\n") } else { try_this.to_owned() }
}

fn agrees(ran: &Ran, expected: &str) -> Result<(), String> {
    let mut words = expected.split(' ');
    let code = words.next().unwrap();
    let facts: Vec<(&str, &str)> = words.map(|word| word.split_once('=').unwrap()).collect();
    if code == "ok" {
        return planned(ran, &facts);
    }
    let problems = problems(&ran.json());
    let fits = |problem: &&Value| {
        problem["code"].as_str().unwrap().starts_with(code)
            && facts.iter().all(|(name, value)| says(problem, name, value))
    };
    let refused =
        matches!((ran.code, code.as_bytes()[0], code), (Some(3), b'P', "P" | "P130" | "P203" | "P204" | "P205"))
            || ran.code == Some(5);
    if refused && problems.iter().any(|problem| fits(&problem)) {
        return Ok(());
    }
    let found: Vec<String> =
        problems.iter().map(|problem| format!("{} {}", problem["code"], problem["params"])).collect();
    Err(format!("exit {:?}, found {found:?}", ran.code))
}

fn says(problem: &Value, name: &str, value: &str) -> bool {
    let Some(text) = problem["params"][name].as_str() else { return false };
    if name == "path" { text.contains(value) } else { text == value }
}

/// Everything in the document that has a code and parameters.
fn problems(document: &Value) -> Vec<Value> {
    match document {
        Value::Object(fields) if fields.contains_key("code") && fields.contains_key("params") => vec![document.clone()],
        Value::Object(fields) => fields.values().flat_map(problems).collect(),
        Value::Array(all) => all.iter().flat_map(problems).collect(),
        _ => Vec::new(),
    }
}

fn planned(ran: &Ran, facts: &[(&str, &str)]) -> Result<(), String> {
    if ran.code != Some(0) {
        return Err(format!("exit {:?}: {:?}", ran.code, problems(&ran.json())));
    }
    let document = ran.json();
    let jobs = document["plans"][0]["jobs"].as_array().unwrap();
    let job = jobs.iter().find(|job| job["target"].as_str().unwrap().starts_with("supply:")).unwrap();
    let column = &job["columns"][0];
    for (name, value) in facts {
        let holds = match *name {
            "path" => column["paths"].as_array().unwrap().iter().any(|path| path.as_str().unwrap().contains(value)),
            "rows" => job["rows"].as_array().unwrap().iter().any(|row| row["column"] == *value),
            "protection" => column["protection"].to_string().contains(value),
            _ => column[*name] == *value,
        };
        if !holds {
            return Err(format!("{name} is not {value}: {column} rows {}", job["rows"]));
        }
    }
    Ok(())
}
