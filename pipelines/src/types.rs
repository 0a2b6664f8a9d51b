//! Item types of the catalogue and Arrow types.

use std::sync::Arc;

use catalog::resource::ItemType;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::error::Error;
use crate::relation::GovernColumn;

/// The Arrow type of an item type. Timestamps are microseconds without a zone, the local time of the project.
pub fn arrow(data_type: ItemType) -> DataType {
    match data_type {
        ItemType::Text => DataType::Utf8,
        ItemType::Integer => DataType::Int64,
        ItemType::Decimal { precision, scale } => DataType::Decimal128(precision, scale.cast_signed()),
        ItemType::Float => DataType::Float64,
        ItemType::Boolean => DataType::Boolean,
        ItemType::Date => DataType::Date32,
        ItemType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        ItemType::Binary => DataType::Binary,
    }
}

/// The item type that holds an Arrow type without loss, if there is one.
pub fn item(data_type: &DataType) -> Option<ItemType> {
    Some(match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ItemType::Text,
        integer if integer.is_integer() => ItemType::Integer,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => ItemType::Float,
        DataType::Boolean => ItemType::Boolean,
        DataType::Date32 => ItemType::Date,
        DataType::Timestamp(_, None) => ItemType::Timestamp,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => ItemType::Binary,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => {
            ItemType::Decimal { precision: *precision, scale: u8::try_from(*scale).ok()? }
        }
        _ => return None,
    })
}

/// Columns as an Arrow schema; any value may be missing.
pub fn schema(columns: &[(String, ItemType)]) -> SchemaRef {
    let fields: Vec<Field> =
        columns.iter().map(|(name, data_type)| Field::new(name, arrow(*data_type), true)).collect();
    Arc::new(Schema::new(fields))
}

/// An Arrow schema as columns of item types.
pub fn columns(step: &str, schema: &Schema) -> Result<Vec<(String, ItemType)>, Error> {
    schema
        .fields()
        .iter()
        .map(|field| {
            let data_type = item(field.data_type()).ok_or_else(|| Error::BadType {
                step: step.into(),
                column: field.name().clone(),
                kind: field.data_type().to_string(),
            })?;
            Ok((field.name().clone(), data_type))
        })
        .collect()
}

/// The type a governed column ends in.
pub fn governed(step: &str, column: &GovernColumn) -> Result<ItemType, Error> {
    if let Some(data_type) = column.data_type {
        return Ok(data_type);
    }
    let standard = column.standard.as_ref().and_then(|rule| transforms::standard::find(&rule.standard));
    standard.and_then(|standard| item(&standard.output())).ok_or_else(|| Error::BadType {
        step: step.into(),
        column: column.name.clone(),
        kind: "unknown".into(),
    })
}
