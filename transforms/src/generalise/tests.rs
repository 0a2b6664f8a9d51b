#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow::array::{
    Array, Date32Array, Decimal128Array, Float64Array, Int8Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};

use super::*;

fn check(what: &Generalise, from: impl Array + 'static, to: impl Array + 'static) {
    let out = what.apply(&(Arc::new(from) as ArrayRef)).unwrap();
    assert_eq!(&out, &(Arc::new(to) as ArrayRef));
}

fn number(step: &str) -> Generalise {
    Generalise::Number { step: step.into() }
}

fn decimals(values: Vec<i128>) -> Decimal128Array {
    Decimal128Array::from(values).with_precision_and_scale(5, 2).unwrap()
}

#[test]
fn numbers_go_down_to_a_multiple_and_keep_their_type() {
    check(
        &number("1000"),
        Int64Array::from(vec![Some(12_345), Some(-1), Some(1000), None, Some(0)]),
        Int64Array::from(vec![Some(12_000), Some(-1000), Some(1000), None, Some(0)]),
    );
    check(&number("0.5"), decimals(vec![123, 150, -1]), decimals(vec![100, 150, -50]));
    check(
        &number("0.5"),
        Float64Array::from(vec![Some(1.7), Some(-0.1), Some(f64::INFINITY)]),
        Float64Array::from(vec![Some(1.5), Some(-0.5), None]),
    );
    check(&number("10"), Int32Array::from(vec![Some(19), None]), Int32Array::from(vec![Some(10), None]));
}

#[test]
fn a_multiple_outside_the_type_is_an_error() {
    let cases: [(ArrayRef, &str); 3] = [
        (Arc::new(Int64Array::from(vec![0, i64::MIN])), "1000"),
        (Arc::new(decimals(vec![0, -99_999])), "1"),
        (Arc::new(Int8Array::from(vec![0, -128])), "100"),
    ];
    for (column, step) in cases {
        let expected =
            Error::Overflow { operation: "generalise number", data_type: column.data_type().to_string(), row: 1 };
        assert_eq!(number(step).apply(&column), Err(expected));
    }
}

#[test]
fn steps_have_to_be_values_of_the_type() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    for step in ["0", "-5", "0.5", "x", ""] {
        assert!(matches!(number(step).apply(&column), Err(Error::Parameter { .. })), "{step}");
    }
    let text: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    assert!(matches!(number("1").apply(&text), Err(Error::Unsupported { .. })));
}

#[test]
fn dates_go_to_the_first_day() {
    let year = Generalise::Date { to: Period::Year };
    let month = Generalise::Date { to: Period::Month };
    let days = || Date32Array::from(vec![Some(19_000), None, Some(-1), Some(i32::MAX)]);
    check(&year, days(), Date32Array::from(vec![Some(18_993), None, Some(-365), None]));
    check(&month, days(), Date32Array::from(vec![Some(18_993), None, Some(-31), None]));
    check(
        &month,
        TimestampMicrosecondArray::from(vec![-1, 86_400_000_000 * 40]),
        TimestampMicrosecondArray::from(vec![-86_400_000_000 * 31, 86_400_000_000 * 31]),
    );
}

#[test]
fn areas_lose_their_last_digits_and_what_is_no_area_is_lost() {
    let codes = || {
        StringArray::from(vec![Some("320902"), Some("320902001003"), Some("11010519491231002X"), Some("32090"), None])
    };
    let expected = |first: &'static str, second: &'static str| {
        StringArray::from(vec![Some(first), Some(second), None, None, None])
    };
    check(&Generalise::Area { to: AreaLevel::Province }, codes(), expected("320000", "320000000000"));
    check(&Generalise::Area { to: AreaLevel::City }, codes(), expected("320900", "320900000000"));
    check(&Generalise::Area { to: AreaLevel::County }, codes(), expected("320902", "320902000000"));
}

#[test]
fn caps_pull_extremes_to_the_bound() {
    let cap = |bottom: Option<&str>, top: Option<&str>| Generalise::Cap {
        bottom: bottom.map(Into::into),
        top: top.map(Into::into),
    };
    check(
        &cap(Some("18"), Some("90")),
        Int64Array::from(vec![Some(3), Some(50), Some(104), None]),
        Int64Array::from(vec![Some(18), Some(50), Some(90), None]),
    );
    check(&cap(None, Some("1.5")), decimals(vec![100, 151]), decimals(vec![100, 150]));
    check(&cap(Some("2022-01-08"), None), Date32Array::from(vec![1, 19_001]), Date32Array::from(vec![19_000, 19_001]));
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    assert_eq!(cap(Some("2"), Some("1")).apply(&column), Err(Error::EmptyRange { operation: "cap" }));
}
