//! Suppression: a column of which nothing is left but its type and length.

use arrow::array::{ArrayRef, new_null_array};

/// As many nulls as there are values, of the same type.
pub fn suppress(values: &ArrayRef) -> ArrayRef {
    new_null_array(values.data_type(), values.len())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Array, Decimal128Array};

    use super::*;

    #[test]
    fn nothing_is_left() {
        let column: ArrayRef = Arc::new(Decimal128Array::from(vec![1, 2]));
        let out = suppress(&column);
        assert_eq!((out.len(), out.null_count()), (2, 2));
        assert_eq!(out.data_type(), column.data_type());
    }
}
