//! Every standard against its case file: `cases/<id>.csv` with input, verdict and the text that is kept.
//!
//! The files were made once with independent implementations (python-stdnum for the check characters of citizen
//! numbers, credit codes and Luhn; the calendar of Python); `\u{…}` stands for a character that is hard to see. The
//! verdict is `ok`, `missing`, `warn:<reason>` or `fail:<reason>`.

#![allow(clippy::unwrap_used)]

use arrow::array::{Array, AsArray, Date32Array};
use chrono::NaiveDate;

use super::*;

const CASES: &[(&str, &str)] = &[
    ("citizen_id", include_str!("cases/citizen_id.csv")),
    ("credit_code", include_str!("cases/credit_code.csv")),
    ("organisation_code", include_str!("cases/organisation_code.csv")),
    ("bank_card", include_str!("cases/bank_card.csv")),
    ("mobile", include_str!("cases/mobile.csv")),
    ("date", include_str!("cases/date.csv")),
    ("area_code", include_str!("cases/area_code.csv")),
    ("sex", include_str!("cases/sex.csv")),
    ("ethnic_group", include_str!("cases/ethnic_group.csv")),
];

fn context() -> Context {
    Context { today: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap() }
}

struct Case {
    input: String,
    verdict: String,
    kept: String,
}

fn cases(csv: &str) -> Vec<Case> {
    csv.lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split(',').map(unescape);
            let mut next = || fields.next().unwrap();
            Case { input: next(), verdict: next(), kept: next() }
        })
        .collect()
}

fn unescape(field: &str) -> String {
    let mut out = String::new();
    let mut rest = field;
    while let Some((before, after)) = rest.split_once("\\u{") {
        let (code, after) = after.split_once('}').unwrap();
        out.push_str(before);
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        rest = after;
    }
    out + rest
}

/// The verdict and kept text of every row, in the notation of the case files.
fn found(out: &Standardised) -> Vec<(String, String)> {
    let note = |list: &[Fault], row: usize, kind: &str| {
        list.iter().find(|fault| fault.row as usize == row).map(|fault| format!("{kind}:{}", fault.reason))
    };
    let kept = crate::text::as_text(&out.values).unwrap();
    (0..kept.len())
        .map(|row| {
            let verdict = note(&out.faults, row, "fail").or_else(|| note(&out.warnings, row, "warn"));
            let otherwise = if kept.is_null(row) { "missing" } else { "ok" };
            let text = if kept.is_null(row) { "" } else { kept.value(row) };
            (verdict.unwrap_or_else(|| otherwise.to_string()), text.to_string())
        })
        .collect()
}

#[test]
fn every_case_has_its_verdict() {
    for (id, csv) in CASES {
        let cases = cases(csv);
        let inputs = StringArray::from_iter_values(cases.iter().map(|case| &case.input));
        let out = find(id).unwrap().apply(&inputs, &context());
        for (case, (verdict, kept)) in cases.iter().zip(found(&out)) {
            assert_eq!(
                (verdict.as_str(), kept.as_str()),
                (case.verdict.as_str(), case.kept.as_str()),
                "{id} {:?}",
                case.input
            );
        }
    }
}

/// Each case alone takes the path where nothing before it was rewritten.
#[test]
fn a_verdict_does_not_depend_on_the_neighbours() {
    for (id, csv) in CASES {
        for case in cases(csv) {
            let alone = StringArray::from(vec![case.input.as_str()]);
            let out = find(id).unwrap().apply(&alone, &context());
            assert_eq!(found(&out), [(case.verdict, case.kept)], "{id} {:?}", case.input);
        }
    }
}

#[test]
fn every_standard_has_cases_that_pass_and_cases_that_fail() {
    let listed: Vec<_> = all().iter().map(|standard| standard.id()).collect();
    let tested: Vec<_> = CASES.iter().map(|(id, _)| *id).collect();
    assert_eq!(listed, tested);
    for (id, csv) in CASES {
        let verdicts: Vec<_> = cases(csv).into_iter().map(|case| case.verdict).collect();
        assert!(verdicts.iter().any(|verdict| verdict == "ok"), "{id}");
        assert!(verdicts.iter().any(|verdict| verdict == "missing"), "{id}");
        assert!(verdicts.iter().any(|verdict| verdict.starts_with("fail")), "{id}");
    }
    assert!(find("no_such_standard").is_none());
}

#[test]
fn normal_columns_are_returned_without_copying() {
    for (id, csv) in CASES {
        let standard = find(id).unwrap();
        if standard.output() != DataType::Utf8 {
            continue;
        }
        let cases = cases(csv);
        let normal = cases.iter().filter(|case| case.input == case.kept && !case.kept.is_empty());
        let mut values: Vec<_> = normal.map(|case| Some(case.input.as_str())).collect();
        values.insert(1, None);
        let column = StringArray::from(values);
        let out = standard.apply(&column, &context());
        let out = out.values.as_string::<i32>();
        assert_eq!(out, &column, "{id}");
        assert_eq!(out.values().as_ptr(), column.values().as_ptr(), "{id}");
    }
}

#[test]
fn slices_count_rows_from_their_own_start() {
    let column = StringArray::from(vec![Some("x"), None, Some(" 1 "), Some("7"), None, Some("2")]);
    let out = find("sex").unwrap().apply(&column.slice(1, 4), &context());
    assert_eq!(out.values.as_string::<i32>(), &StringArray::from(vec![None, Some("1"), Some("7"), None]));
    assert_eq!(out.faults, [Fault { row: 2, reason: Reason::UnknownCode }]);
}

#[test]
fn dates_are_days_and_faulty_ones_are_null() {
    let column = StringArray::from(vec![Some("2022-01-08"), None, Some("20220230"), Some(" "), Some("19700101")]);
    let out = find("date").unwrap().apply(&column, &context());
    assert_eq!(
        out.values.as_primitive::<arrow::datatypes::Date32Type>(),
        &Date32Array::from(vec![Some(19_000), None, None, None, Some(0)])
    );
    assert_eq!(out.faults, [Fault { row: 2, reason: Reason::NoSuchDate }]);
}

#[test]
fn the_future_begins_tomorrow() {
    let born_today = StringArray::from(vec!["320902202611220010", "320902202611230013"]);
    let out = find("citizen_id").unwrap().apply(&born_today, &context());
    let reasons: Vec<_> = out.faults.iter().map(|fault| (fault.row, fault.reason)).collect();
    assert!(reasons.contains(&(1, Reason::Future)));
    assert!(!reasons.contains(&(0, Reason::Future)));
}

#[test]
fn texts_of_any_kind_never_stop_a_standard() {
    let long = "9".repeat(10_000);
    let odd = [
        "\0",
        "ſ",
        "İ",
        "ß",
        "１",
        "年",
        "2020年月日",
        "2020/",
        "/",
        "年1月1日",
        "+86",
        "86-",
        "\u{fffd}",
        "💳",
        "X",
        "-",
        &long,
    ];
    let column = StringArray::from_iter_values(odd);
    for standard in all() {
        let out = standard.apply(&column, &context());
        assert_eq!(out.values.len(), odd.len());
        assert!(out.faults.is_sorted_by_key(|fault| fault.row));
    }
}
