//! Area codes to a wider area.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::datatypes::DataType;

use super::AreaLevel;
use crate::error::Error;

const ZEROS: &str = "000000000000";

pub(super) fn apply(values: &ArrayRef, to: AreaLevel) -> Result<ArrayRef, Error> {
    let DataType::Utf8 = values.data_type() else {
        return Err(Error::unsupported("generalise area", values.data_type()));
    };
    let kept = match to {
        AreaLevel::Province => 2,
        AreaLevel::City => 4,
        AreaLevel::County => 6,
    };
    let column = values.as_string::<i32>();
    let mut out = StringBuilder::with_capacity(column.len(), column.value_data().len());
    let mut scratch = String::new();
    for value in column {
        match value {
            Some(code) if is_area_code(code) => {
                scratch.clear();
                scratch.push_str(&code[..kept]);
                scratch.push_str(&ZEROS[..code.len() - kept]);
                out.append_value(&scratch);
            }
            _ => out.append_null(),
        }
    }
    Ok(Arc::new(out.finish()))
}

/// A county (6 digits), a township (9) or a village (12).
fn is_area_code(text: &str) -> bool {
    matches!(text.len(), 6 | 9 | 12) && text.bytes().all(|byte| byte.is_ascii_digit())
}
