#![allow(clippy::unwrap_used)]

use arrow::array::{
    Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, StringArray, TimestampMillisecondArray,
    UInt64Array,
};

use super::*;

fn texts(values: Vec<Option<&str>>) -> ArrayRef {
    Arc::new(StringArray::from(values))
}

fn range(min: Option<&str>, max: Option<&str>) -> Rule {
    Rule::Range { min: min.map(Into::into), max: max.map(Into::into) }
}

#[test]
fn only_not_null_minds_missing_values() {
    let column = texts(vec![None, Some("a"), None]);
    assert_eq!(Rule::NotNull.failing(&column).unwrap(), [0, 2]);
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![None, Some(5)]));
    assert_eq!(range(Some("9"), None).failing(&numbers).unwrap(), [1]);
    let accepted = Rule::Accepted { values: vec!["b".into()] };
    assert_eq!(accepted.failing(&column).unwrap(), [1]);
    assert_eq!(Rule::Length { min: Some(2), max: None }.failing(&column).unwrap(), [1]);
    assert_eq!(Rule::Pattern { regex: "b".into() }.failing(&column).unwrap(), [1]);
}

#[test]
fn accepted_values_are_compared_in_the_columns_type() {
    let amount = Decimal128Array::from(vec![150, 151]).with_precision_and_scale(9, 2).unwrap();
    let rule = Rule::Accepted { values: vec!["1.5".into(), "2".into()] };
    assert_eq!(rule.failing(&(Arc::new(amount) as ArrayRef)).unwrap(), [1]);
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![19_000, 19_001]));
    let rule = Rule::Accepted { values: vec!["2022年1月8日".into()] };
    assert_eq!(rule.failing(&dates).unwrap(), [1]);
    let small: ArrayRef = Arc::new(Int32Array::from(vec![1, 3]));
    let rule = Rule::Accepted { values: vec!["01".into()] };
    assert_eq!(rule.failing(&small).unwrap(), [1]);
    let rule = Rule::Accepted { values: vec!["x".into()] };
    assert_eq!(
        rule.failing(&small),
        Err(Error::Parameter { operation: "accepted", parameter: "values", data_type: "Int32".into() })
    );
}

#[test]
fn ranges_are_exact_and_include_their_bounds() {
    let amount = Decimal128Array::from(vec![
        99_999_999_999_999_999_999_999_999_998i128,
        99_999_999_999_999_999_999_999_999_999,
        100_000_000_000_000_000_000_000_000_000,
    ])
    .with_precision_and_scale(38, 2)
    .unwrap();
    let rule = range(Some("999999999999999999999999999.99"), Some("999999999999999999999999999.99"));
    assert_eq!(rule.failing(&(Arc::new(amount) as ArrayRef)).unwrap(), [0, 2]);

    let dates: ArrayRef = Arc::new(Date32Array::from(vec![18_999, 19_000, 19_001]));
    assert_eq!(range(Some("20220108"), Some("2022-01-08")).failing(&dates).unwrap(), [0, 2]);

    let times: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![0, 1, 2]));
    let rule = range(None, Some("1970-01-01 00:00:00.001"));
    assert_eq!(rule.failing(&times).unwrap(), [2]);

    let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.5, f64::NAN, 2.0]));
    assert_eq!(range(Some("0"), Some("1")).failing(&floats).unwrap(), [1, 2]);
    assert_eq!(range(None, None).failing(&floats).unwrap(), [1]);

    let large: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX, 1]));
    assert_eq!(range(None, Some("18446744073709551614")).failing(&large).unwrap(), [0]);
}

#[test]
fn a_range_that_cannot_be_meant_is_refused() {
    assert_eq!(
        range(Some("2"), Some("1")).bind(&DataType::Int64).err(),
        Some(Error::EmptyRange { operation: "range" })
    );
    assert!(matches!(range(Some("1.5"), None).bind(&DataType::Int64), Err(Error::Parameter { .. })));
    assert!(matches!(range(Some("1"), None).bind(&DataType::Utf8), Err(Error::Unsupported { .. })));
}

#[test]
fn length_counts_characters() {
    let column = texts(vec![Some("张三"), Some("欧阳修"), Some("abcd"), Some(""), Some("𠮷𠮷")]);
    let rule = Rule::Length { min: Some(2), max: Some(3) };
    assert_eq!(rule.failing(&column).unwrap(), [2, 3]);
}

#[test]
fn patterns_match_the_whole_value() {
    let rule = Rule::Pattern { regex: "a|ab".into() };
    let column = texts(vec![Some("a"), Some("ab"), Some("abc"), Some("xa"), Some("a\n"), Some("")]);
    assert_eq!(rule.failing(&column).unwrap(), [2, 3, 4, 5]);
}

#[test]
fn hostile_patterns_are_refused() {
    for regex in ["(", "a)|(b", "(?:a{1000}){1000}", &"a".repeat(5000), r"\p{L}{1000}", "(?x) a # b"] {
        let rule = Rule::Pattern { regex: regex.into() };
        assert_eq!(rule.bind(&DataType::Utf8).err(), Some(Error::Pattern), "{regex:.20}");
    }
}

#[test]
fn a_bound_rule_keeps_to_its_type() {
    let bound = range(Some("1"), None).bind(&DataType::Int64).unwrap();
    assert_eq!(bound.id(), "range");
    assert!(matches!(bound.failing(&texts(vec![])), Err(Error::Unsupported { .. })));
}
