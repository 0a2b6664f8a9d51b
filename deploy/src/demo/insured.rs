//! 市人社局: insured persons, gzipped UTF-8 CSV whose remarks contain line breaks and quotes.

use std::path::Path;

use chrono::{Days, NaiveDate};

use super::chance::{Chance, Dice, Family};
use super::companies::Companies;
use super::defect::{Planted, Planter, planted};
use super::person::{People, Person};
use super::text_file::{Form, TextFile};
use super::truth::Truth;
use super::{City, Delivery, codes, forms};
use crate::error::Error;

/// Resource code.
pub(super) const CODE: &str = "3/07/001/0001";
const FILE: &str = "insured.csv.gz";
const HEADER: &str =
    "citizen_id,name,bank_card,employer_code,contribution_base,insured_since,status,area_code,remark,updated_at\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    Id,
    IdMissing,
    Card,
    Employer,
    Base,
    Since,
    Status,
}

const DEFECTS: &[(Defect, Planted)] = &[
    (Defect::Id, planted("citizen_id", "standard:citizen_id", "checksum")),
    (Defect::IdMissing, planted("citizen_id", "not_null", "not_null")),
    (Defect::Card, planted("bank_card", "standard:bank_card", "checksum")),
    (Defect::Employer, planted("employer_code", "standard:credit_code", "checksum")),
    (Defect::Base, planted("contribution_base", "range", "range")),
    (Defect::Since, planted("insured_since", "standard:date", "no-such-date")),
    (Defect::Status, planted("status", "accepted", "accepted")),
];

/// Three in five residents are insured.
fn is_insured(number: u64) -> bool {
    number % 5 < 3
}

/// Writes the delivery and gives its rows.
pub(super) async fn write(city: &City, delivery: Delivery, folder: &Path, truth: &mut Truth) -> Result<u64, Error> {
    let people = People::new(city.seed);
    let companies = Companies::new(city);
    let dice = Dice::new(city.seed, Family::Insured);
    let mut planter = Planter::new(city.seed, Family::Insured, DEFECTS.len());
    let mut file = TextFile::create(&folder.join(FILE), Form::Gzip).await?;
    file.text.push_str(HEADER);
    let mut row = 0;
    for number in (0..city.rows).filter(|number| is_insured(*number)) {
        let defect = planter.at(number).map(|kind| DEFECTS[kind]);
        let mut chance = dice.row(number);
        let employer = companies.code(chance.below(companies.count));
        let same = chance.clone();
        let (person, changed) = (people.person(number), delivery == Delivery::Second && number % 400 == 2);
        line(&mut file.text, person, same.clone(), &employer, changed, defect.map(|(kind, _)| kind));
        row += 1;
        if let Some((_, planted)) = defect {
            truth.note(CODE, FILE, row, planted).await?;
        } else if chance.once_in(200) {
            // The same row once more: a double dispatch, which deduplication drops without a word.
            line(&mut file.text, people.person(number), same, &employer, changed, None);
            row += 1;
        }
        file.flush_if_full().await?;
    }
    file.finish().await?;
    Ok(row)
}

fn line(
    out: &mut String,
    mut person: Person,
    mut chance: Chance,
    employer: &str,
    changed: bool,
    defect: Option<Defect>,
) {
    let card = person.card();
    let since = NaiveDate::from_ymd_opt(2000, 1, 1)
        .and_then(|day| day.checked_add_days(Days::new(chance.below(9_000))))
        .unwrap_or_default();
    let raise = if changed { 350 } else { 0 };
    let base = format!("{}.{:02}", 4_250 + raise + chance.below(20_000), chance.below(100));
    let id = match defect {
        Some(Defect::Id) => codes::broken(&person.id, b"0123456789"),
        Some(Defect::IdMissing) => String::new(),
        _ => forms::citizen_id(&person.id, &mut chance),
    };
    let card = if defect == Some(Defect::Card) { codes::broken(&card, b"0123456789") } else { card };
    let employer = match defect {
        Some(Defect::Employer) => codes::broken(employer, codes::CREDIT),
        _ => employer.to_owned(),
    };
    let base = match defect {
        Some(Defect::Base) if chance.once_in(2) => "-100.00".to_owned(),
        Some(Defect::Base) => "9999999.00".to_owned(),
        _ => base,
    };
    let since = match defect {
        Some(Defect::Since) => forms::no_such_date(&mut chance),
        _ => forms::date(since, &mut chance),
    };
    let status = match defect {
        Some(Defect::Status) => "9",
        _ => chance.pick::<&str>(&["1", "1", "1", "1", "2", "3"]),
    };
    let remark = match chance.below(6) {
        0 => "转入前在外地参保\n待补缴记录，已告知本人",
        1 => "自述\"灵活就业\"，\n材料齐全",
        _ => "",
    };
    let updated = if changed { "2025-07-01 08:00:00" } else { "2025-06-30 02:00:00" };
    let area = person.area_code();
    forms::record(out, &[&id, &person.name, &card, &employer, &base, &since, status, area, remark, updated]);
}
