//! Runs that fail on the canary's own row: messages and logs tell the place, never the value.

use super::look::Eyes;
use super::{CANARY, HEADER, broken_rows, gbk, row};
use crate::harness::{Project, files_below, ledger};

fn small() -> Project {
    let project = super::project(10);
    std::fs::remove_file(project.path("pipelines/visit.toml")).unwrap();
    project
}

/// Runs it as text and as JSON with every log on, expects the code, and looks at everything but the source and library.
#[track_caller]
fn fails(project: &Project, code: &str) {
    let eyes = Eyes::new();
    for language in ["zh", "en"] {
        for json in [&[][..], &["--json"]] {
            let arguments = [&["run", "hidden.person", "--biz-date", "2026-11-02", "--lang", language], json].concat();
            let mut command = project.command(&arguments);
            let ran = crate::harness::Ran::of(command.env("SLUICE_LOG", "trace"));
            assert_ne!(ran.code, Some(0), "{}", ran.out);
            assert!(ran.out.contains(code), "{code} is not told: {}\n{}", ran.out, ran.err);
            eyes.clean("standard output", ran.out.as_bytes());
            eyes.clean("the log", ran.err.as_bytes());
        }
    }
    let sources = ["front", "clinic"].map(|folder| project.path(folder));
    let others = |file: &std::path::PathBuf| !sources.iter().any(|source| file.starts_with(source));
    for file in files_below(project.root()).iter().filter(|file| others(file)) {
        eyes.clean(&file.display().to_string(), &std::fs::read(file).unwrap());
    }
}

#[test]
fn a_row_that_cannot_be_parsed() {
    for broken in [
        format!("{},too,many\n", row(CANARY).trim_end()),
        row(CANARY).replace("CANARY-", "\"CANARY\"-"),
        row(CANARY).replace("CANARY-", "CANARY\0"),
        row(CANARY).replace("CANARY-", "\"CANARY-never closed"),
    ] {
        let project = small();
        project.put_bytes("front/insured.csv", gbk(&format!("{HEADER}{broken}")));
        fails(&project, "N3");
    }
}

#[test]
fn bytes_that_are_not_in_the_encoding() {
    let project = small();
    let mut bytes = gbk(&format!("{HEADER}{}", row(CANARY)));
    bytes.truncate(bytes.len() - 30);
    bytes.extend(b"\xff\xff,2026-11-01\n");
    project.put_bytes("front/insured.csv", bytes);
    fails(&project, "N301");
}

#[test]
fn sql_that_fails_on_a_value() {
    for (expression, code) in [
        ("CAST(note AS INTEGER) AS place", "P202"),
        ("CAST(left(name, 3) AS DATE) AS place", "P202"),
        ("to_date(note) AS place", "P202"),
        ("1 / (CAST(base AS INTEGER) - 98765) AS place", "P202"),
    ] {
        let project = small();
        project.edit("pipelines/person.toml", "row_number() OVER (ORDER BY note, name, base) AS place", expression);
        fails(&project, code);
    }
}

#[test]
fn a_quality_gate_that_closes() {
    let project = small();
    let text = std::fs::read_to_string(project.path("pipelines/person.toml")).unwrap();
    project.put("pipelines/person.toml", format!("{text}\n[quarantine]\nmax = {{ rows = 3 }}\n"));
    project.put_bytes("front/insured.csv", gbk(&format!("{HEADER}{}{}", row(CANARY), broken_rows())));
    fails(&project, "P301");
}

#[test]
fn a_value_of_another_type_in_a_database() {
    let project = small();
    project.edit("pipelines/person.toml", "connection = \"front\"", "connection = \"clinic\"");
    project.edit("pipelines/person.toml", "files = \"insured.csv\"\nencoding = \"gbk\"", "table = \"insured\"");
    let columns = "citizen_id, name, phone, area_code, base INTEGER, since, card, note, updated_at";
    let sql =
        format!("CREATE TABLE insured ({columns}); INSERT INTO insured (base, note) VALUES ('CANARY', 'CANARY');");
    ledger::execute(&project.path("clinic/clinic.db"), &sql);
    fails(&project, "N703");
}

#[test]
fn a_broken_line_of_json() {
    let project = small();
    project.edit("pipelines/person.toml", "files = \"insured.csv\"\nencoding = \"gbk\"", "files = \"insured.ndjson\"");
    for line in ["{\"citizen_id\": \"CANARY", "{\"citizen_id\": {\"CANARY\": 1}}", "\"CANARY\"", "{\"CANARY\"}"] {
        project.put("front/insured.ndjson", format!("{line}\n"));
        fails(&project, "N4");
    }
}
