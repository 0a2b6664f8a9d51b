//! 市公安局: the resident register, GBK CSV with Chinese headers in two files, a flag file and a count file.

use std::path::Path;

use chrono::Days;

use super::chance::{Chance, Dice, Family};
use super::defect::{Planted, Planter, planted};
use super::person::{People, Person};
use super::text_file::{Form, TextFile, small};
use super::truth::Truth;
use super::{City, Delivery, codes, forms};
use crate::error::Error;

/// Resource code.
pub(super) const CODE: &str = "1/01/001/0001";
const HEADER: &str = "公民身份号码,姓名,性别,民族,出生日期,行政区划,住址,联系电话,登记日期,更新时间\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    IdChecksum,
    IdBirthDate,
    IdFuture,
    Name,
    Sex,
    Ethnic,
    Birth,
    Area,
    Mobile,
    Registered,
    Duplicate,
}

const DEFECTS: &[(Defect, Planted)] = &[
    (Defect::IdChecksum, planted("citizen_id", "standard:citizen_id", "checksum")),
    (Defect::IdBirthDate, planted("citizen_id", "standard:citizen_id", "birth-date")),
    (Defect::IdFuture, planted("citizen_id", "standard:citizen_id", "future")),
    (Defect::Name, planted("name", "not_null", "not_null")),
    (Defect::Sex, planted("sex", "standard:sex", "unknown-code")),
    (Defect::Ethnic, planted("ethnic_group", "standard:ethnic_group", "unknown-code")),
    (Defect::Birth, planted("birth_date", "standard:date", "no-such-date")),
    (Defect::Area, planted("area_code", "standard:area_code", "unknown-code")),
    (Defect::Mobile, planted("mobile", "standard:mobile", "prefix")),
    (Defect::Registered, planted("registered_on", "standard:date", "no-such-date")),
    (Defect::Duplicate, planted("citizen_id", "unique", "unique")),
];

/// Writes the delivery and gives its rows.
pub(super) async fn write(city: &City, delivery: Delivery, folder: &Path, truth: &mut Truth) -> Result<u64, Error> {
    let people = People::new(city.seed);
    let dice = Dice::new(city.seed, Family::Resident);
    let mut planter = Planter::new(city.seed, Family::Resident, DEFECTS.len());
    let arrived = if delivery == Delivery::Second { city.rows / 1_000 } else { 0 };
    let half = city.rows / 2;
    let mut total = 0;
    for (name, numbers) in [("resident_1.csv", 0..half), ("resident_2.csv", half..city.rows + arrived)] {
        let mut file = TextFile::create(&folder.join(name), Form::Gbk).await?;
        file.text.push_str(HEADER);
        let mut row = 0;
        for number in numbers {
            let defect = planter.at(number).map(|kind| DEFECTS[kind]);
            if delivery == Delivery::Second && gone(number, defect.is_some()) {
                continue;
            }
            line(
                &mut file.text,
                people.person(number),
                dice.row(number),
                number,
                delivery,
                defect.map(|(kind, _)| kind),
            );
            row += 1;
            if let Some((kind, planted)) = defect {
                truth.note(CODE, name, row, planted).await?;
                if kind == Defect::Duplicate {
                    line(&mut file.text, people.person(number), dice.row(number), number, delivery, None);
                    row += 1;
                    truth.note(CODE, name, row, planted).await?;
                }
            }
            file.flush_if_full().await?;
        }
        file.finish().await?;
        total += row;
    }
    small(&folder.join("_COUNT"), &format!("{total}\n")).await?;
    small(&folder.join("_OK"), "").await?;
    Ok(total)
}

/// Whether a resident moved away before the second delivery.
fn gone(number: u64, defective: bool) -> bool {
    !defective && number % 600 == 7
}

fn line(
    out: &mut String,
    mut person: Person,
    mut chance: Chance,
    number: u64,
    delivery: Delivery,
    defect: Option<Defect>,
) {
    let address = person.address();
    let registered = person.born.checked_add_days(Days::new(chance.below(60))).unwrap_or(person.born);
    let changed = delivery == Delivery::Second && number % 300 == 11;
    let mobile = if changed { super::person::mobile(&mut chance) } else { person.mobile.clone() };
    let updated = if changed { "2025-07-01 08:00:00" } else { "2025-06-30 02:00:00" };
    let is = |kind| defect == Some(kind);
    let id = match defect {
        Some(Defect::IdChecksum) => codes::broken(&person.id, b"0123456789"),
        Some(Defect::IdBirthDate) => codes::citizen_id(&format!("{}20010230{}", &person.id[..6], &person.id[14..17])),
        Some(Defect::IdFuture) => codes::citizen_id(&format!("{}20990101{}", &person.id[..6], &person.id[14..17])),
        Some(Defect::Duplicate) => person.id.clone(),
        _ => forms::citizen_id(&person.id, &mut chance),
    };
    let name = if is(Defect::Name) { String::new() } else { person.name.clone() };
    let sex = if is(Defect::Sex) { "3" } else { person.sex };
    let ethnic = match is(Defect::Ethnic) {
        true => "77".to_owned(),
        false if chance.once_in(50) => format!("{:02}", chance.below(56) + 1),
        false => "01".to_owned(),
    };
    let birth =
        if is(Defect::Birth) { forms::no_such_date(&mut chance) } else { forms::date(person.born, &mut chance) };
    let area = if is(Defect::Area) { "320999" } else { person.area_code() };
    let mobile = match is(Defect::Mobile) {
        true => format!("12{}", &mobile[2..]),
        false if chance.once_in(30) => String::new(),
        false => forms::mobile(&mobile, &mut chance),
    };
    let registered = match is(Defect::Registered) {
        true => forms::no_such_date(&mut chance),
        false => forms::date(registered, &mut chance),
    };
    forms::record(out, &[&id, &name, sex, &ethnic, &birth, area, &address, &mobile, &registered, updated]);
}
