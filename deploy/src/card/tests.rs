#![allow(clippy::unwrap_used)]

use pipelines::manifest::{Outcome, RuleCount, StepCount};
use pipelines::problem::Problem;
use pipelines::report::{ColumnProtection, JobReport};

use super::*;
use crate::Language;

fn rule(rule: &str, column: &str, reason: &str, rows: u64) -> RuleCount {
    let text = str::to_owned;
    RuleCount {
        step: "insured".into(),
        rule: text(rule),
        column: text(column),
        reason: text(reason),
        quarantined: true,
        rows,
    }
}

fn library() -> JobReport {
    JobReport {
        job: "library:social_security.insured_person".into(),
        supply: false,
        status: Status::Succeeded,
        steps: vec![
            StepCount {
                step: "insured".into(),
                read: 1_203_441,
                out: 1_198_870,
                quarantined: 4_571,
                ..StepCount::default()
            },
            StepCount { step: "enriched".into(), read: 1_198_870, out: 1_198_870, ..StepCount::default() },
        ],
        rules: vec![
            rule("standard:citizen_id", "citizen_id", "checksum", 3_902),
            rule("range", "contribution_base", "range", 669),
        ],
        quarantined: 4_571,
        outcome: Some(Outcome { version: 7, inserted: 1_198_870, rows_after: 1_198_870, ..Outcome::default() }),
        supplied: 0,
        protections: vec![],
        deletes_left_out: vec![],
        problems: vec![],
        target: "libraries/social_security/insured_person".into(),
        elapsed_ms: 1_200,
    }
}

fn refused() -> JobReport {
    let refusal = catalog::Refusal::NoField {
        grant: "G-2026-0137".into(),
        resource: "3/07/001/0001".into(),
        field: "mobile".into(),
        grade: catalog::Grade::L3,
    };
    let mut problem = Problem::of(&refusal, false);
    problem.params.insert("path".into(), "3/07/001/0001/mobile → insured.mobile".into());
    JobReport {
        job: "supply:scenario:inclusive_finance/contact".into(),
        supply: true,
        status: Status::Withheld,
        steps: vec![],
        rules: vec![],
        quarantined: 0,
        outcome: None,
        problems: vec![problem],
        protections: vec![ColumnProtection {
            column: "mobile".into(),
            grade: catalog::Grade::L3,
            protection: "encrypt".into(),
            demanded_by: "pipeline".into(),
        }],
        ..library()
    }
}

fn report(jobs: Vec<JobReport>) -> RunReport {
    RunReport {
        run: "0193".into(),
        pipeline: "social_security.insured".into(),
        title: "参保人员信息日供".into(),
        business_dates: ("2026-11-20".into(), "2026-11-22".into()),
        interval: (String::new(), String::new()),
        jobs,
        elapsed_ms: 61_234,
    }
}

#[test]
fn a_card_tells_counts_reasons_changes_and_the_next_command() {
    let zh = Messages::new(Language::Zh);
    let card = render(zh, &Titles::default(), &report(vec![library()]));
    for expected in [
        "参保人员信息日供（业务日期2026-11-20至2026-11-22）已完成",
        "读入1,203,441行，入库1,198,870行，隔离4,571行（0.38%）",
        "身份证校验位不符3,902行，contribution_base：超出范围669行；未入库、未供出，原值已加密封存",
        "新增1,198,870，更新0，不变0，删除0",
        "版本7，现有1,198,870行；收支相符，目标表复核一致",
        "sluice quarantine show 0193",
    ] {
        assert!(card.contains(expected), "{expected} not in\n{card}");
    }
    assert_eq!(exit(&report(vec![library()])), Exit::Done);
}

#[test]
fn a_refusal_says_what_is_missing_and_that_masking_does_not_help() {
    let both = report(vec![library(), refused()]);
    let card = render(Messages::new(Language::Zh), &Titles::default(), &both);
    for expected in [
        "未供出任何数据：[K209] 授权G-2026-0137不含“mobile”（三级，来源3/07/001/0001/mobile → insured.mobile）",
        "脱敏不能代替授权",
        "主题库已照常更新",
        "sluice grant list",
    ] {
        assert!(card.contains(expected), "{expected} not in\n{card}");
    }
    assert!(!card.contains("保护："), "protections of what did not leave are no news:\n{card}");
    assert_eq!(exit(&both), Exit::Refused);
    let english = render(Messages::new(Language::En), &Titles::default(), &both);
    assert!(english.contains("masking does not replace authorisation"), "{english}");
    assert!(
        !english.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c) && !"参保人员信息日供".contains(c)),
        "{english}"
    );
}
