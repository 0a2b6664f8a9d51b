//! 市卫健委: follow-up visits to the old with chronic diseases, NDJSON.

use std::fmt::Write;
use std::path::Path;

use chrono::{Datelike, Days};

use super::chance::{Chance, Dice, Family};
use super::defect::{Planted, Planter, planted};
use super::person::{People, Person};
use super::text_file::{Form, TextFile};
use super::truth::Truth;
use super::{City, Delivery, codes, forms};
use crate::error::Error;

/// Resource code.
pub(super) const CODE: &str = "3/09/001/0001";
const FILE: &str = "follow_up.ndjson";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    Id,
    Disease,
    Pressure,
    PressureMissing,
    Visited,
}

const DEFECTS: &[(Defect, Planted)] = &[
    (Defect::Id, planted("citizen_id", "standard:citizen_id", "checksum")),
    (Defect::Disease, planted("disease", "accepted", "accepted")),
    (Defect::Pressure, planted("systolic", "range", "range")),
    (Defect::PressureMissing, planted("systolic", "not_null", "not_null")),
    (Defect::Visited, planted("visited_on", "standard:date", "format")),
];

/// Writes the delivery and gives its rows: every second resident of sixty-five and more; the second delivery holds the
/// visits of another day.
pub(super) async fn write(city: &City, delivery: Delivery, folder: &Path, truth: &mut Truth) -> Result<u64, Error> {
    let people = People::new(city.seed);
    let dice = Dice::new(city.seed, Family::FollowUp);
    let mut planter = Planter::new(city.seed, Family::FollowUp, DEFECTS.len());
    let mut file = TextFile::create(&folder.join(FILE), Form::Utf8).await?;
    let stride = if delivery == Delivery::First { 2 } else { 50 };
    let mut row = 0;
    for number in (0..city.rows).filter(|number| number % stride == 1) {
        let person = people.person(number);
        if person.born.year() > 1959 {
            continue;
        }
        let defect = planter.at(row).map(|kind| DEFECTS[kind]);
        row += 1;
        line(&mut file.text, &person, number, dice.row(number), delivery, defect.map(|(kind, _)| kind));
        if let Some((_, planted)) = defect {
            truth.note(CODE, FILE, row, planted).await?;
        }
        file.flush_if_full().await?;
    }
    file.finish().await?;
    Ok(row)
}

fn line(
    out: &mut String,
    person: &Person,
    number: u64,
    mut chance: Chance,
    delivery: Delivery,
    defect: Option<Defect>,
) {
    let is = |kind| defect == Some(kind);
    let id = if is(Defect::Id) { codes::broken(&person.id, b"0123456789") } else { person.id.clone() };
    let disease =
        if is(Defect::Disease) { "不详" } else { chance.pick::<&str>(&["高血压", "糖尿病", "冠心病"]) };
    let systolic = match defect {
        Some(Defect::Pressure) => "999".to_owned(),
        Some(Defect::PressureMissing) => "null".to_owned(),
        _ => (105 + chance.below(70)).to_string(),
    };
    let later = u64::from(delivery.number()) - 1;
    let visited = forms::as_of().checked_sub_days(Days::new(chance.below(80) + 10 - later)).unwrap_or_default();
    let visited = if is(Defect::Visited) { "上个月".to_owned() } else { forms::date(visited, &mut chance) };
    let area = person.area_code();
    let _ = writeln!(
        out,
        "{{\"visit_no\":\"F{}-{number:010}\",\"citizen_id\":\"{id}\",\"name\":\"{}\",\"disease\":\"{disease}\",\
         \"systolic\":{systolic},\"visited_on\":\"{visited}\",\"area_code\":\"{area}\"}}",
        delivery.number(),
        person.name,
    );
}
