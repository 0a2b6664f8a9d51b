//! Rows of a sheet. Blocking, and fed by whoever made the file: call it only through the isolation in `excel.rs`.

use std::io::{Cursor, Read};

use arrow::array::RecordBatch;
use calamine::{Reader, Xls, Xlsx};

use super::cells::Cell;
use super::{Options, Sheet};
use crate::text::{TextColumns, column_names};
use crate::{Error, Limits};

type Bytes = Cursor<Vec<u8>>;

/// The names in the header row.
pub(super) fn header(path: &str, bytes: Vec<u8>, options: &Options, limits: &Limits) -> Result<Vec<String>, Error> {
    let mut names = None;
    each_row(path, bytes, options, limits, &mut |number, row| {
        if number < options.header_row {
            return Ok(true);
        }
        if number == options.header_row {
            if row.len() > limits.columns {
                return Err(Error::TooManyColumns { path: path.to_owned(), found: row.len(), limit: limits.columns });
            }
            names = Some(column_names(path, row.iter().cloned())?);
        }
        Ok(false)
    })?;
    names.ok_or_else(|| Error::NoHeader { path: path.to_owned() })
}

/// Hands batches of the rows below the header to `emit` until it says stop. Rows without any value are passed over.
pub(super) fn rows(
    path: &str,
    bytes: Vec<u8>,
    options: &Options,
    limits: &Limits,
    mut columns: TextColumns,
    emit: impl Fn(RecordBatch) -> bool,
) -> Result<(), Error> {
    let mut stopped = false;
    let broken = |()| Error::Workbook { path: path.to_owned(), reason: "a cell is not text" };
    each_row(path, bytes, options, limits, &mut |number, row| {
        if number <= options.header_row {
            return Ok(true);
        }
        if row.len() > columns.width() {
            let (line, expected, found) = (u64::from(number), columns.width(), row.len());
            return Err(Error::Ragged { path: path.to_owned(), line, expected, found });
        }
        let mut used = 0;
        for position in 0..columns.width() {
            let text = row.get(position).map_or("", String::as_str);
            if text.contains('\0') {
                return Err(Error::Nul { path: path.to_owned(), line: u64::from(number) });
            }
            used += text.len();
            columns.append(position, |out| out.extend_from_slice(text.as_bytes()));
        }
        columns.accept(used);
        if columns.full()
            && let Some(batch) = columns.finish().map_err(broken)?
        {
            stopped = !emit(batch);
        }
        Ok(!stopped)
    })?;
    if !stopped && let Some(batch) = columns.finish().map_err(broken)? {
        emit(batch);
    }
    Ok(())
}

/// Takes a row's number, from 1, and its cells up to the last that is not empty; says whether to go on.
type Each<'a> = dyn FnMut(u32, &[String]) -> Result<bool, Error> + 'a;

fn each_row(path: &str, bytes: Vec<u8>, options: &Options, limits: &Limits, each: &mut Each<'_>) -> Result<(), Error> {
    let unfit = |reason| Error::Workbook { path: path.to_owned(), reason };
    match bytes.as_slice() {
        [b'P', b'K', ..] => {
            bounded(path, &bytes, limits)?;
            let book = Xlsx::new(Cursor::new(bytes)).map_err(|_| unfit("it is not an .xlsx workbook"))?;
            xlsx(path, book, options, limits, each)
        }
        [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            let book = Xls::new(Cursor::new(bytes));
            xls(path, book.map_err(|_| unfit("it is not an .xls workbook, or it is encrypted"))?, options, limits, each)
        }
        _ => Err(unfit("it is neither .xlsx nor .xls")),
    }
}

/// Expands every entry once, counting: what an archive says about its sizes is only a claim.
fn bounded(path: &str, bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    let unfit = || Error::Workbook { path: path.to_owned(), reason: "its archive is corrupt" };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| unfit())?;
    let mut left = limits.workbook_bytes;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|_| unfit())?;
        let expanded = std::io::copy(&mut entry.take(left + 1), &mut std::io::sink()).map_err(|_| unfit())?;
        left = left.checked_sub(expanded).ok_or_else(|| Error::WorkbookTooLarge {
            path: path.to_owned(),
            limit: limits.workbook_bytes,
            unit: "expanded bytes",
        })?;
    }
    Ok(())
}

fn sheet_name(path: &str, names: &[String], wanted: Option<&Sheet>) -> Result<String, Error> {
    let found = match wanted {
        None => names.first(),
        Some(Sheet::Position(position)) => names.get(position.saturating_sub(1)),
        Some(Sheet::Name(name)) => names.iter().find(|other| *other == name),
    };
    found.cloned().ok_or_else(|| Error::NoSheet {
        path: path.to_owned(),
        sheet: match wanted {
            Some(Sheet::Name(name)) => format!("\"{name}\""),
            Some(Sheet::Position(position)) => position.to_string(),
            None => "1".to_owned(),
        },
    })
}

/// Streams cells: a sheet may claim a size that no memory holds.
fn xlsx(
    path: &str,
    mut book: Xlsx<Bytes>,
    options: &Options,
    limits: &Limits,
    each: &mut Each<'_>,
) -> Result<(), Error> {
    let unfit = |reason| Error::Workbook { path: path.to_owned(), reason };
    let name = sheet_name(path, &book.sheet_names(), options.sheet.as_ref())?;
    let mut reader = book.worksheet_cells_reader(&name).map_err(|_| unfit("its sheet cannot be read"))?;
    let mut current: Option<u32> = None;
    let (mut row, mut cells): (Vec<String>, u64) = (Vec::new(), 0);
    while let Some(cell) = reader.next_cell().map_err(|_| unfit("its sheet is corrupt"))? {
        let (number, column) = cell.get_position();
        let text = Cell::from(cell.get_value()).text();
        if text.is_empty() {
            continue;
        }
        cells += 1;
        if cells > limits.workbook_cells {
            return Err(Error::WorkbookTooLarge { path: path.to_owned(), limit: limits.workbook_cells, unit: "cells" });
        }
        if current != Some(number) {
            if current.is_some_and(|current| number < current) {
                return Err(unfit("its rows are out of order"));
            }
            if let Some(current) = current.replace(number)
                && !each(current.saturating_add(1), &row)?
            {
                return Ok(());
            }
            row.clear();
        }
        let column = column as usize;
        if column > limits.columns {
            return Err(Error::TooManyColumns { path: path.to_owned(), found: column + 1, limit: limits.columns });
        }
        if row.len() <= column {
            row.resize(column + 1, String::new());
        }
        row[column] = text;
    }
    if let Some(current) = current {
        each(current.saturating_add(1), &row)?;
    }
    Ok(())
}

fn xls(path: &str, mut book: Xls<Bytes>, options: &Options, limits: &Limits, each: &mut Each<'_>) -> Result<(), Error> {
    let name = sheet_name(path, &book.sheet_names(), options.sheet.as_ref())?;
    let range = book.worksheet_range(&name);
    let range = range.map_err(|_| Error::Workbook { path: path.to_owned(), reason: "its sheet cannot be read" })?;
    let (rows, width) = range.get_size();
    if rows as u64 * width as u64 > limits.workbook_cells {
        return Err(Error::WorkbookTooLarge { path: path.to_owned(), limit: limits.workbook_cells, unit: "cells" });
    }
    let Some((first, left)) = range.start() else {
        return Ok(());
    };
    for (index, cells) in range.rows().enumerate() {
        let mut row = vec![String::new(); left as usize];
        row.extend(cells.iter().map(|cell| Cell::from(cell).text()));
        let used = row.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
        let number = first.saturating_add(u32::try_from(index).unwrap_or(u32::MAX)).saturating_add(1);
        if used > 0 && !each(number, &row[..used])? {
            return Ok(());
        }
    }
    Ok(())
}
