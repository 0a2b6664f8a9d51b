#![allow(clippy::unwrap_used)]

use arrow::array::{
    BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, TimestampMillisecondArray,
    TimestampNanosecondArray, UInt64Array,
};
use chrono::NaiveDate;

use super::*;

const MICROS: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn context() -> Context {
    Context { today: NaiveDate::from_ymd_opt(2026, 11, 22).unwrap() }
}

fn from_text(values: Vec<&str>, to: &DataType) -> Standardised {
    let column: ArrayRef = Arc::new(StringArray::from(values));
    cast(&column, to, &context()).unwrap()
}

fn reasons(out: &Standardised) -> Vec<(u32, &'static str)> {
    out.faults.iter().map(|fault| (fault.row, fault.reason.as_str())).collect()
}

fn typed(values: impl Array + 'static, to: &DataType) -> Standardised {
    let column: ArrayRef = Arc::new(values);
    cast(&column, to, &context()).unwrap()
}

#[test]
fn integers_are_exact_or_faults() {
    let out = from_text(
        vec!["42", " -7 ", "＋１２", "9223372036854775808", "1.5", "2.00", "x", "", "-", "1e3"],
        &DataType::Int64,
    );
    let expected = Int64Array::from(vec![Some(42), Some(-7), Some(12), None, None, Some(2), None, None, None, None]);
    assert_eq!(out.values.as_primitive::<Int64Type>(), &expected);
    assert_eq!(reasons(&out), [(3, "range"), (4, "scale"), (6, "type"), (8, "type"), (9, "type")]);
    assert_eq!(from_text(vec!["-9223372036854775808"], &DataType::Int64).faults, []);
}

#[test]
fn decimals_are_never_rounded() {
    let out = from_text(
        vec!["1.23", "1.230", "1.234", "-0.05", "99999.99", "100000", ".5", "1.", ".", "1,000", "5"],
        &DataType::Decimal128(7, 2),
    );
    let expected = Decimal128Array::from(vec![
        Some(123),
        Some(123),
        None,
        Some(-5),
        Some(9_999_999),
        None,
        Some(50),
        Some(100),
        None,
        None,
        Some(500),
    ])
    .with_precision_and_scale(7, 2)
    .unwrap();
    assert_eq!(out.values.as_primitive::<Decimal128Type>(), &expected);
    assert_eq!(reasons(&out), [(2, "scale"), (5, "range"), (8, "type"), (9, "type")]);
    let huge = "9".repeat(60);
    assert_eq!(reasons(&from_text(vec![&huge], &DataType::Decimal128(38, 0))), [(0, "range")]);
}

#[test]
fn floats_are_finite() {
    let out = from_text(vec!["1e3", "-0.5", "inf", "NaN", "1e999", "1_0"], &DataType::Float64);
    assert_eq!(
        out.values.as_primitive::<Float64Type>(),
        &Float64Array::from(vec![Some(1000.0), Some(-0.5), None, None, None, None])
    );
    assert_eq!(reasons(&out), [(2, "type"), (3, "type"), (4, "range"), (5, "type")]);
}

#[test]
fn dates_have_the_forms_of_the_standard() {
    let out = from_text(
        vec!["20220108", "2022-01-08", "2022/1/8", "２０２２年１月８日", "2022-1-8", "2022-02-30"],
        &DataType::Date32,
    );
    assert_eq!(
        out.values.as_primitive::<Date32Type>(),
        &Date32Array::from(vec![Some(19_000), Some(19_000), Some(19_000), Some(19_000), None, None])
    );
    assert_eq!(reasons(&out), [(4, "type"), (5, "no-such-date")]);
}

#[test]
fn timestamps_take_a_space_or_t_and_a_fraction() {
    let out = from_text(
        vec![
            "1970-01-02 00:00:01",
            "1970-01-02T00:00:01.5",
            "19700102",
            "19700102000001",
            "1970/1/2 00:01",
            "1970-01-02 00:00:01.0000000",
            "1970-01-02 00:00:01.0000001",
            "1970-01-02 24:00:00",
            "1970-01-02 00:00:01Z",
            "1970-01-02T",
            "1970-02-30 00:00:00",
            "1969-12-31 23:59:59.999999",
        ],
        &MICROS,
    );
    let day = 86_400_000_000;
    let expected = [
        Some(day + 1_000_000),
        Some(day + 1_500_000),
        Some(day),
        Some(day + 1_000_000),
        Some(day + 60_000_000),
        Some(day + 1_000_000),
        None,
        None,
        None,
        None,
        None,
        Some(-1),
    ];
    let column = out.values.as_primitive::<TimestampMicrosecondType>();
    assert_eq!(column.iter().collect::<Vec<_>>(), expected);
    assert_eq!(reasons(&out), [(6, "scale"), (7, "range"), (8, "type"), (9, "type"), (10, "no-such-date")]);
}

#[test]
fn booleans_know_chinese() {
    let out = from_text(vec!["是", "否", "TRUE", "f", "１", "0", "2"], &DataType::Boolean);
    let expected = vec![Some(true), Some(false), Some(true), Some(false), Some(true), Some(false), None];
    assert_eq!(out.values.as_boolean(), &BooleanArray::from(expected));
    assert_eq!(reasons(&out), [(6, "type")]);
}

#[test]
fn typed_columns_convert_where_nothing_is_lost() {
    let out = typed(UInt64Array::from(vec![Some(1), Some(u64::MAX), None]), &DataType::Int64);
    assert_eq!(out.values.as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(1), None, None]));
    assert_eq!(reasons(&out), [(1, "range")]);

    let out = typed(Int64Array::from(vec![12, 1000]), &DataType::Decimal128(4, 2));
    assert_eq!(out.values.as_primitive::<Decimal128Type>().value(0), 1200);
    assert_eq!(reasons(&out), [(1, "range")]);

    let out = typed(Float64Array::from(vec![3.0, 0.5, f64::NAN]), &DataType::Int64);
    assert_eq!(reasons(&out), [(1, "scale"), (2, "type")]);

    let out = typed(Int64Array::from(vec![1 << 53, (1 << 53) + 1]), &DataType::Float64);
    assert_eq!(out.values.as_primitive::<Float64Type>().value(0), 9_007_199_254_740_992.0);
    assert_eq!(reasons(&out), [(1, "scale")]);

    let out = typed(TimestampMillisecondArray::from(vec![86_400_000, 86_400_001]), &DataType::Date32);
    assert_eq!(out.values.as_primitive::<Date32Type>().value(0), 1);
    assert_eq!(reasons(&out), [(1, "scale")]);

    let out = typed(TimestampNanosecondArray::from(vec![1_000, 1]), &MICROS);
    assert_eq!(out.values.as_primitive::<TimestampMicrosecondType>().value(0), 1);
    assert_eq!(reasons(&out), [(1, "scale")]);

    let out = typed(Date32Array::from(vec![1]), &MICROS);
    assert_eq!(out.values.as_primitive::<TimestampMicrosecondType>().value(0), 86_400_000_000);

    let amount = Decimal128Array::from(vec![1_500, 1_555]).with_precision_and_scale(9, 3).unwrap();
    let out = typed(amount, &DataType::Decimal128(6, 1));
    assert_eq!(out.values.as_primitive::<Decimal128Type>().value(0), 15);
    assert_eq!(reasons(&out), [(1, "scale")]);
}

#[test]
fn a_zone_is_not_guessed_away() {
    let column: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![0]).with_timezone("+08:00"));
    assert!(matches!(cast(&column, &MICROS, &context()), Err(Error::Unsupported { .. })));
    assert!(matches!(cast(&column, &DataType::Int8, &context()), Err(Error::Unsupported { .. })));
}

#[test]
fn text_and_bytes() {
    let out = from_text(vec![" 甲 "], &DataType::Binary);
    assert_eq!(out.values.as_binary::<i32>().value(0), " 甲 ".as_bytes());
    let out = typed(Int64Array::from(vec![5]), &DataType::Utf8);
    assert_eq!(out.values.as_string::<i32>().value(0), "5");
}
