//! Workbooks.

use std::io::Write;

use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Workbook};

use super::support::*;
use crate::excel::{Options, Sheet};
use crate::kind::Format;
use crate::{Error, Request};

fn sheet(options: Options) -> Request {
    request(Format::Excel(options), "a.xlsx")
}

fn book() -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("封面").unwrap().write(0, 0, "说明").unwrap();
    let sheet = book.add_worksheet();
    sheet.set_name("数据").unwrap();
    sheet.write(0, 0, "2026年报表").unwrap();
    for (column, name) in ["编号", "日期", "金额", "备注"].iter().enumerate() {
        sheet.write(1, column as u16, *name).unwrap();
    }
    let day = CellFormat::new().set_num_format("yyyy-mm-dd");
    sheet.write(2, 0, 7.0).unwrap();
    sheet.write_with_format(2, 1, ExcelDateTime::from_ymd(2026, 11, 20).unwrap(), &day).unwrap();
    sheet.write(2, 2, 12.5).unwrap();
    sheet.write(4, 0, 8.0).unwrap();
    sheet.write(4, 3, "x\ny").unwrap();
    book.save_to_buffer().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_is_read_below_its_header() {
    let place = Place::new();
    place.put("a.xlsx", book());
    for chosen in [Sheet::Position(2), Sheet::Name("数据".into())] {
        let rows = outcome(&place, &sheet(Options { sheet: Some(chosen), header_row: 2 })).await.unwrap();
        assert_eq!(rows, [["7", "2026-11-20", "12.5", "∅"], ["8", "∅", "∅", "x\ny"]]);
    }
    let error = outcome(&place, &sheet(Options { sheet: Some(Sheet::Name("无".into())), header_row: 1 })).await;
    assert_eq!(error.unwrap_err(), Error::NoSheet { path: "a.xlsx".into(), sheet: "\"无\"".into() });
    let error = outcome(&place, &sheet(Options { sheet: Some(Sheet::Position(2)), header_row: 9 })).await;
    assert_eq!(error.unwrap_err(), Error::NoHeader { path: "a.xlsx".into() });
    let error = outcome(&place, &sheet(Options { sheet: Some(Sheet::Position(2)), header_row: 1 })).await;
    assert!(matches!(error, Err(Error::Ragged { line: 2, expected: 1, found: 4, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_workbooks_and_bombs() {
    let place = Place::new();
    let whole = book();
    for bytes in
        [b"".as_slice(), b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"id,name\n", &whole[..whole.len() / 2]]
    {
        place.put("a.xlsx", bytes);
        let error = outcome(&place, &sheet(Options::default())).await.unwrap_err();
        assert!(matches!(error, Error::Workbook { .. }), "{error:?}");
    }
    let mut bomb = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    bomb.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default()).unwrap();
    for _ in 0..64 {
        bomb.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    place.put("a.xlsx", bomb.finish().unwrap().into_inner());
    let mut request = sheet(Options::default());
    request.limits.workbook_bytes = 32 << 20;
    let error = outcome(&place, &request).await.unwrap_err();
    assert!(matches!(error, Error::WorkbookTooLarge { unit: "expanded bytes", .. }), "{error:?}");
    for at in (0..whole.len()).step_by(97) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0xff;
        place.put("a.xlsx", flipped);
        let _ = outcome(&place, &sheet(Options { sheet: Some(Sheet::Position(2)), header_row: 2 })).await;
    }
}
