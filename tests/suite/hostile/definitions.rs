//! Hostile definitions: everything is refused at its place, in little time and memory.

use super::bounded;
use crate::harness::Project;

fn project() -> Project {
    Project::of(&["base", "hostile"])
}

#[test]
fn exploding_toml() {
    let keys: String = (0..60_000).map(|key| format!("k{key} = 1\n")).collect();
    let dotted = format!("{}x = 1", "a.".repeat(100_000));
    for (what, text) in [
        ("nested arrays", format!("x = {}", "[".repeat(100_000))),
        ("nested tables", format!("x = {}", "{ a = ".repeat(100_000))),
        ("a giant array", format!("x = [{}]", "1,".repeat(400_000))),
        ("many keys", keys),
        ("a dotted key", dotted),
        ("a giant header", format!("[{}]\n", vec!["a"; 100_000].join("."))),
        ("a file beyond the bound", "# x\n".repeat(1_000_000)),
        ("no text", String::from_utf8_lossy(&[0; 1000]).into_owned()),
    ] {
        let project = project();
        project.put("pipelines/hostile.toml", text);
        let ran = bounded(&project, &["check", "--json"]);
        assert_eq!(ran.code, Some(3), "{what}: {}", ran.err);
        assert!(!ran.json()["diagnostics"].as_array().unwrap().is_empty(), "{what}");
        assert_eq!(bounded(&project, &["run", "--all"]).code, Some(3), "{what}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    let project = project();
    project.put_bytes("pipelines/hostile.toml", [0xff, 0xfe, 0x00, 0x41]);
    bounded(&project, &["check"]).ends(3);
}

#[test]
fn paths_that_leave_their_folder() {
    for path in ["../x.csv", "a/../../x.csv", "/etc/passwd", "a/%2e%2e/x.csv", "..\\\\x.csv", "file:///etc/passwd"] {
        let project = project();
        project.edit("pipelines/goods.toml", "in/data.csv", path);
        let ran = bounded(&project, &["check", "--json"]);
        assert_eq!(ran.code, Some(3), "{path} passed");
        assert!(ran.codes().contains(&"P123".to_owned()), "{path}: {}", ran.out);
    }
    for (file, from, to) in [
        ("connections.toml", "path = \"front\"", "path = \"../front\""),
        ("connections.toml", "path = \"front\"", "path = \"secret:../../etc/passwd\""),
        ("sluice.toml", "[limits]", "[state]\npath = \"../state\"\n\n[limits]"),
        ("sluice.toml", "[limits]", "[libraries]\npath = \"/tmp/x\"\n\n[limits]"),
        ("pipelines/goods.toml", "dataset = \"goods\"", "dataset = \"../goods\""),
        ("pipelines/goods.toml", "table = \"reg.goods\"", "table = \"../reg.goods\""),
    ] {
        let project = project();
        project.edit(file, from, to);
        bounded(&project, &["check"]).ends(3);
    }
}

#[test]
fn a_link_that_leaves_the_connection_is_not_followed() {
    let project = project();
    let outside = Project::empty();
    outside.put("data.csv", "area_code,goods,amount\n320902,秘,1\n");
    std::fs::create_dir_all(project.path("front")).unwrap();
    std::os::unix::fs::symlink(outside.root(), project.path("front/in")).unwrap();
    let ran = bounded(&project, &["run", super::PIPELINE, "--biz-date", "2026-11-01", "--json"]);
    assert_ne!(ran.code, Some(0), "a link out of the connection was read: {}", ran.out);
    assert_eq!(super::published(&project).1.len(), 0);
}

#[test]
fn sql_that_explodes() {
    for (what, sql) in [
        ("a long sum", format!("SELECT goods FROM stock WHERE {} > 0", vec!["1"; 20_000].join("+"))),
        (
            "deep parentheses",
            format!("SELECT goods FROM stock WHERE {}1{} = 1", "(".repeat(20_000), ")".repeat(20_000)),
        ),
        ("deep subqueries", format!("SELECT goods FROM {}stock{}", "(SELECT * FROM ".repeat(500), ") a".repeat(500))),
        ("many columns", format!("SELECT {} FROM stock", vec!["goods"; 20_000].join(", "))),
    ] {
        let project = project();
        project.edit("pipelines/goods.toml", "from = \"stock\"\nmode", "from = \"t\"\nmode");
        let text = std::fs::read_to_string(project.path("pipelines/goods.toml")).unwrap();
        project.put("pipelines/goods.toml", format!("{text}\n[[transform]]\nname = \"t\"\nsql = \"{sql}\"\n"));
        let ran = bounded(&project, &["plan", super::PIPELINE, "--biz-date", "2026-11-01", "--json"]);
        assert_eq!(ran.code, Some(3), "{what}: {} {}", ran.out, ran.err);
    }
}
