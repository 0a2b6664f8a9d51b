//! Logs of runs: bounded, searched, pruned.

use super::World;
use crate::log::{LogLevel, LogLine, LogRange, NumberedLine};
use chrono::TimeDelta;

impl World {
    async fn write_log(&self, run: &str, texts: &[&str], keep: u32) {
        let line = |text: &&str| LogLine {
            at: crate::Clock::now(&self.clock),
            level: LogLevel::Info,
            target: "library:a".to_owned(),
            text: (*text).to_owned(),
        };
        let lines: Vec<LogLine> = texts.iter().map(line).collect();
        self.catalog.log(&self.actor, run, &lines, keep).await.unwrap();
    }

    async fn read_log(&self, from: Option<i64>, count: u32, contains: &str) -> Vec<NumberedLine> {
        let range = LogRange { from, count, contains: contains.to_owned() };
        self.catalog.logs(&self.actor, "r1", &range).await.unwrap()
    }
}

fn numbers(lines: &[NumberedLine]) -> Vec<i64> {
    lines.iter().map(|line| line.no).collect()
}

#[tokio::test]
async fn a_run_keeps_its_newest_lines() {
    let world = World::new().await;
    world.write_log("r1", &["1", "2", "3"], 5).await;
    world.write_log("r2", &["other"], 5).await;
    world.write_log("r1", &["4", "5", "6", "7"], 5).await;
    let lines = world.read_log(Some(1), 99, "").await;
    assert_eq!(numbers(&lines), [3, 4, 5, 6, 7]);
    assert_eq!((lines[0].line.text.as_str(), lines[0].line.target.as_str()), ("3", "library:a"));
    assert_eq!(numbers(&world.read_log(None, 2, "").await), [6, 7], "the last ones, in order");
    assert_eq!(numbers(&world.read_log(Some(4), 2, "").await), [4, 5]);
    world.write_log("r1", &["8"; 20], 5).await;
    assert_eq!(numbers(&world.read_log(Some(1), 99, "").await), [23, 24, 25, 26, 27]);
    world.write_log("r1", &[], 5).await;
    let other = world.catalog.logs(&world.actor, "r2", &LogRange { count: 9, ..LogRange::default() }).await.unwrap();
    assert_eq!(numbers(&other), [1]);
}

#[tokio::test]
async fn lines_are_found_by_any_part_of_them() {
    let world = World::new().await;
    let texts = ["Staged 100% of rows", "staged 1000 rows", "隔离4,571行（上限2%）", "it's _OK!", r"a\b"];
    world.write_log("r1", &texts, 100).await;
    for (contains, expected) in [
        ("STAGED", vec![1, 2]),
        ("100%", vec![1]),
        ("0 r", vec![2]),
        ("隔离", vec![3]),
        ("_ok!", vec![4]),
        ("'", vec![4]),
        (r"\", vec![5]),
        ("%", vec![1, 3]),
        ("_", vec![4]),
        ("none", vec![]),
    ] {
        assert_eq!(numbers(&world.read_log(Some(1), 99, contains).await), expected, "{contains}");
    }
    assert_eq!(numbers(&world.read_log(None, 1, "staged").await), [2]);
}

#[tokio::test]
async fn a_line_has_an_end() {
    let world = World::new().await;
    let long = "行".repeat(5_000);
    world.write_log("r1", &[&long, "a\0b"], 100).await;
    let lines = world.read_log(Some(1), 9, "").await;
    let cut = &lines[0].line.text;
    assert!(cut.len() <= 4096 && cut.len() > 4090 && cut.ends_with("行…"), "{}", cut.len());
    assert_eq!(lines[1].line.text, "ab");
}

#[tokio::test]
async fn old_lines_are_dropped() {
    let world = World::new().await;
    world.write_log("r1", &["old", "old too"], 100).await;
    world.clock.forward(TimeDelta::days(1));
    world.write_log("r1", &["new"], 100).await;
    let before = crate::Clock::now(&world.clock) - TimeDelta::hours(1);
    assert_eq!(world.catalog.prune_logs(&world.actor, before).await.unwrap(), 2);
    assert_eq!(numbers(&world.read_log(Some(1), 9, "").await), [3]);
}
