//! 市民政局: old-age allowances, an Excel workbook of at most [`WORKBOOK_ROWS`] rows.

use std::path::Path;

use chrono::{Datelike, Days, NaiveDate};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use super::chance::{Chance, Dice, Family};
use super::defect::{Planted, Planter, planted};
use super::person::{People, Person};
use super::truth::Truth;
use super::{City, Delivery, WORKBOOK_ROWS, codes, forms};
use crate::error::Error;

/// Resource code.
pub(super) const CODE: &str = "3/06/001/0001";
const FILE: &str = "allowance.xlsx";
const HEADER: [&str; 8] = ["身份证号", "姓名", "津贴档次", "月发放额", "银行卡号", "联系电话", "起发日期", "所在区县"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    Id,
    Level,
    Amount,
    Card,
    Mobile,
    Granted,
}

const DEFECTS: &[(Defect, Planted)] = &[
    (Defect::Id, planted("citizen_id", "standard:citizen_id", "checksum")),
    (Defect::Level, planted("level", "accepted", "accepted")),
    (Defect::Amount, planted("amount", "range", "range")),
    (Defect::Card, planted("bank_card", "standard:bank_card", "checksum")),
    (Defect::Mobile, planted("mobile", "standard:mobile", "length")),
    (Defect::Granted, planted("granted_on", "standard:date", "no-such-date")),
];

/// Writes the delivery and gives its rows: residents of eighty and more.
pub(super) async fn write(city: &City, _: Delivery, folder: &Path, truth: &mut Truth) -> Result<u64, Error> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    let failed = |_| Error::Generate { what: FILE };
    let mut workbook = Workbook::new();
    let created = ExcelDateTime::from_ymd(2025, 6, 30).map_err(failed)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let sheet = workbook.add_worksheet();
    sheet.set_name("高龄津贴").and_then(|sheet| sheet.write_row(0, 0, HEADER)).map_err(failed)?;
    let people = People::new(city.seed);
    let dice = Dice::new(city.seed, Family::Allowance);
    let mut planter = Planter::new(city.seed, Family::Allowance, DEFECTS.len());
    let mut row = 0;
    for number in 0..city.rows {
        let person = people.person(number);
        if person.born.year() > 1944 {
            continue;
        }
        let defect = planter.at(row).map(|kind| DEFECTS[kind]);
        row += 1;
        let line = u32::try_from(row).map_err(|_| Error::Generate { what: FILE })?;
        write_row(sheet, line, person, dice.row(number), defect.map(|(kind, _)| kind)).map_err(failed)?;
        if let Some((_, planted)) = defect {
            truth.note(CODE, FILE, row, planted).await?;
        }
        if row == WORKBOOK_ROWS {
            break;
        }
    }
    workbook.save(folder.join(FILE)).map_err(failed)?;
    Ok(row)
}

fn write_row(
    sheet: &mut Worksheet,
    row: u32,
    mut person: Person,
    mut chance: Chance,
    defect: Option<Defect>,
) -> Result<(), XlsxError> {
    let is = |kind| defect == Some(kind);
    let card = person.card();
    let (level, amount) = *chance.pick(&[("80-89", 50_u32), ("90-99", 100), ("100+", 500)]);
    let granted = NaiveDate::from_ymd_opt(2015, 1, 1)
        .and_then(|day| day.checked_add_days(Days::new(chance.below(3_600))))
        .unwrap_or_default();
    let id = if is(Defect::Id) { codes::broken(&person.id, b"0123456789") } else { person.id.clone() };
    let card = if is(Defect::Card) { codes::broken(&card, b"0123456789") } else { card };
    let mobile = match is(Defect::Mobile) {
        true => person.mobile[..10].to_owned(),
        false => forms::mobile(&person.mobile, &mut chance),
    };
    let granted = match is(Defect::Granted) {
        true => forms::no_such_date(&mut chance),
        false => forms::date(granted, &mut chance),
    };
    sheet.write(row, 0, id)?;
    sheet.write(row, 1, &person.name)?;
    sheet.write(row, 2, if is(Defect::Level) { "七十以上" } else { level })?;
    sheet.write(row, 3, if is(Defect::Amount) { 500_000 } else { amount })?;
    sheet.write(row, 4, card)?;
    sheet.write(row, 5, mobile)?;
    sheet.write(row, 6, granted)?;
    sheet.write(row, 7, person.area_code())?;
    Ok(())
}
