//! Columns whose values hardly ever repeat, as far as the first rows of a file tell: a dictionary of them would be built,
//! outgrow its page and be given up in every row group, which costs more than all other encoding.

use std::collections::HashSet;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Schema};

/// Fewest values that say anything.
const ENOUGH: usize = 4_096;

/// Names of the columns of `first` that a dictionary is useless for: of at least 4,096 values 95 in 100 differ. Drawn
/// from a set of values, 8,192 of them do so when the set has more than 80,000, which is about what a dictionary page of
/// 1 MiB holds.
pub(super) fn hardly_repeated(schema: &Schema, first: &RecordBatch) -> Vec<String> {
    let columns = schema.fields().iter().zip(first.columns());
    columns.filter(|(_, values)| differ(values)).map(|(field, _)| field.name().clone()).collect()
}

fn differ(values: &dyn Array) -> bool {
    let present = values.len() - values.null_count();
    if present < ENOUGH {
        return false;
    }
    let distinct = match values.data_type() {
        DataType::Utf8 => distinct(values.as_string::<i32>().iter().flatten().map(str::as_bytes)),
        DataType::Binary => distinct(values.as_binary::<i32>().iter().flatten()),
        other => {
            let Some(width) = other.primitive_width() else { return false };
            let data = values.to_data();
            let bytes = &data.buffers()[0].as_slice()[data.offset() * width..];
            let stored = bytes.chunks_exact(width).take(values.len()).enumerate();
            distinct(stored.filter(|(row, _)| values.is_valid(*row)).map(|(_, value)| value))
        }
    };
    distinct * 100 >= present * 95
}

fn distinct<'a>(values: impl Iterator<Item = &'a [u8]>) -> usize {
    values.collect::<HashSet<_>>().len()
}
