//! What user SQL may be made of. A name is added only when its value flow is its arguments' and nothing else: no clock,
//! no randomness, no configuration, no result that grows without bound.

/// Scalar functions.
pub const SCALAR: &[&str] = &[
    "abs", "ascii", "bit_length", "btrim", "ceil", "char_length", "character_length", "coalesce", "concat",
    "concat_ws", "contains", "date_bin", "date_part", "date_trunc", "ends_with", "exp", "floor", "from_unixtime",
    "greatest", "initcap", "iszero", "least", "left", "length", "ln", "log", "log10", "log2", "lower", "ltrim",
    "make_date", "nanvl", "nullif", "nvl", "nvl2", "octet_length", "position", "power", "regexp_count", "regexp_like",
    "regexp_replace", "replace", "reverse", "right", "round", "rtrim", "signum", "split_part", "sqrt", "starts_with",
    "strpos", "substr", "substr_index", "substring", "to_char", "to_date", "to_timestamp", "to_timestamp_micros",
    "to_timestamp_millis", "to_timestamp_seconds", "translate", "trim", "trunc", "upper",
];

/// Aggregate functions, also as window functions.
pub const AGGREGATE: &[&str] = &[
    "approx_distinct", "avg", "bool_and", "bool_or", "count", "first_value", "last_value", "max", "mean", "median",
    "min", "stddev", "stddev_pop", "stddev_samp", "sum", "var", "var_pop", "var_samp",
];

/// Window functions that are no aggregates.
pub const WINDOW: &[&str] = &[
    "cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile", "percent_rank",
    "rank", "row_number",
];

/// Whether a list holds a name, whatever its case.
pub fn holds(list: &[&str], name: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(name))
}
