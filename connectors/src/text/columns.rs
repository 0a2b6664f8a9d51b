//! Text columns under construction: values appended in place, no allocation per row or field.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{Schema, SchemaRef};

use crate::Limits;

/// The wanted columns of a batch of text. An empty value is missing.
pub(crate) struct TextColumns {
    schema: SchemaRef,
    /// For each column of the source, its position here.
    slots: Vec<Option<usize>>,
    columns: Vec<Column>,
    batch_rows: usize,
    batch_bytes: usize,
    rows: usize,
    bytes: usize,
}

#[derive(Clone)]
struct Column {
    values: Vec<u8>,
    ends: Vec<i32>,
}

impl TextColumns {
    /// `wanted` are distinct positions in `schema`.
    pub(crate) fn new(schema: &Schema, wanted: &[usize], limits: &Limits) -> Self {
        let mut slots = vec![None; schema.fields().len()];
        for (slot, &position) in wanted.iter().enumerate() {
            slots[position] = Some(slot);
        }
        let fields: Vec<_> = wanted.iter().map(|&position| schema.fields()[position].clone()).collect();
        Self {
            schema: Arc::new(Schema::new(fields)),
            slots,
            columns: vec![Column { values: Vec::new(), ends: vec![0] }; wanted.len()],
            batch_rows: limits.batch_rows,
            batch_bytes: limits.batch_bytes,
            rows: 0,
            bytes: 0,
        }
    }

    /// How many columns the source has.
    pub(crate) fn width(&self) -> usize {
        self.slots.len()
    }

    /// Lets `write` append the value of a source column to the row under construction, if the column is wanted.
    #[inline]
    pub(crate) fn append(&mut self, position: usize, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(Some(slot)) = self.slots.get(position) {
            let column = &mut self.columns[*slot];
            write(&mut column.values);
            column.ends.push(column.values.len() as i32);
        }
    }

    /// Ends the row, which took `bytes` of text. Columns without a value are missing.
    pub(crate) fn accept(&mut self, bytes: usize) {
        self.rows += 1;
        self.bytes += bytes;
        for column in &mut self.columns {
            if column.ends.len() <= self.rows {
                column.ends.push(column.values.len() as i32);
            }
        }
    }

    /// Forgets the row under construction.
    pub(crate) fn undo(&mut self) {
        for column in &mut self.columns {
            column.ends.truncate(self.rows + 1);
            let end = column.ends.last().map_or(0, |&end| end as usize);
            column.values.truncate(end);
        }
    }

    pub(crate) fn full(&self) -> bool {
        self.rows >= self.batch_rows || self.bytes >= self.batch_bytes
    }

    /// The batch so far; `None` without rows. `Err` would mean that a value is not UTF-8, which the caller has checked.
    pub(crate) fn finish(&mut self) -> Result<Option<RecordBatch>, ()> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        if rows == 0 {
            return Ok(None);
        }
        let arrays: Option<Vec<ArrayRef>> = self.columns.iter_mut().map(Column::take).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), arrays.ok_or(())?, &options);
        batch.map(Some).map_err(|_| ())
    }
}

impl Column {
    /// Capacity is kept at what the last batch needed.
    fn take(&mut self) -> Option<ArrayRef> {
        let (used, rows) = (self.values.len(), self.ends.len());
        let values = std::mem::replace(&mut self.values, Vec::with_capacity(used + used / 8));
        let mut fresh = Vec::with_capacity(rows);
        fresh.push(0);
        let ends = std::mem::replace(&mut self.ends, fresh);
        let present = BooleanBuffer::collect_bool(rows - 1, |row| ends[row] < ends[row + 1]);
        let nulls = Some(NullBuffer::new(present)).filter(|nulls| nulls.null_count() > 0);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        let array = StringArray::try_new(offsets, Buffer::from_vec(values), nulls).ok()?;
        Some(Arc::new(array))
    }
}
