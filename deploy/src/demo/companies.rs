//! 市市场监管局: the enterprise register, Parquet with real types.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, Date32Builder, Decimal128Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use chrono::{Days, NaiveDate};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::chance::{Chance, Dice, Family};
use super::defect::{Planted, Planter, planted};
use super::person::{AREAS, People};
use super::truth::Truth;
use super::{City, Delivery, codes};
use crate::error::Error;

/// Resource code.
pub(super) const CODE: &str = "1/02/001/0001";
const FILE: &str = "enterprise.parquet";
const BATCH: usize = 8_192;
const INDUSTRIES: [&str; 8] = ["A0111", "C1310", "C3670", "D4415", "E4710", "F5211", "I6513", "P8331"];
const KINDS: [&str; 5] = ["制造", "商贸", "信息技术", "生态农业", "新能源"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    Credit,
    LegalPerson,
    Capital,
    Industry,
    Area,
    Status,
    Name,
    Duplicate,
}

const DEFECTS: &[(Defect, Planted)] = &[
    (Defect::Credit, planted("credit_code", "standard:credit_code", "checksum")),
    (Defect::LegalPerson, planted("legal_person_id", "standard:citizen_id", "checksum")),
    (Defect::Capital, planted("registered_capital", "range", "range")),
    (Defect::Industry, planted("industry", "pattern", "pattern")),
    (Defect::Area, planted("area_code", "standard:area_code", "unknown-code")),
    (Defect::Status, planted("status", "accepted", "accepted")),
    (Defect::Name, planted("name", "not_null", "not_null")),
    (Defect::Duplicate, planted("credit_code", "unique", "unique")),
];

/// Enterprises by number.
#[derive(Debug, Clone)]
pub(super) struct Companies {
    /// How many there are: one for ten residents.
    pub(super) count: u64,
    shift: u64,
}

impl Companies {
    /// The enterprises of a city.
    pub(super) fn new(city: &City) -> Self {
        let shift = Dice::new(city.seed, Family::Company).row(u64::MAX).below(1_000_000);
        Self { count: city.rows / 10, shift }
    }

    /// Valid credit code of an enterprise: registered in one of the counties, with a valid organisation code inside.
    pub(super) fn code(&self, number: u64) -> String {
        // Without I, O, S, V, Z: 31 characters, six of them for 887 million enterprises.
        let mut rest = number.wrapping_mul(31).wrapping_add(self.shift) % 887_503_681;
        let mut body = *b"MA000000";
        for place in body.iter_mut().skip(2).rev() {
            *place = codes::CREDIT[usize::try_from(rest % 31).unwrap_or(0)];
            rest /= 31;
        }
        let area = AREAS[usize::try_from(number % AREAS.len() as u64).unwrap_or(0)].0;
        codes::credit(&format!("91{area}{}", codes::organisation(&String::from_utf8_lossy(&body))))
    }
}

/// Writes the delivery and gives its rows.
pub(super) async fn write(city: &City, delivery: Delivery, folder: &Path, truth: &mut Truth) -> Result<u64, Error> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    let path = folder.join(FILE);
    let file = std::fs::File::create(&path).map_err(|error| Error::io("create", &path, &error))?;
    let properties = WriterProperties::builder()
        .set_created_by("sluice demo".into())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let failed = |_| Error::Generate { what: FILE };
    let mut writer = ArrowWriter::try_new(file, schema(), Some(properties)).map_err(failed)?;
    let (people, companies) = (People::new(city.seed), Companies::new(city));
    let dice = Dice::new(city.seed, Family::CompanyRow);
    let mut planter = Planter::new(city.seed, Family::CompanyRow, DEFECTS.len());
    let (mut columns, mut row) = (Columns::default(), 0);
    for number in 0..companies.count {
        let changed = delivery == Delivery::Second && number % 200 == 3;
        let defect = planter.at(number).map(|kind| DEFECTS[kind]);
        let kind = defect.map(|(kind, _)| kind);
        let company = Company::new(number, city, &companies, &people, dice.row(number), changed);
        company.append(&mut columns, kind);
        row += 1;
        if let Some((_, planted)) = defect {
            truth.note(CODE, FILE, row, planted).await?;
            if kind == Some(Defect::Duplicate) {
                company.append(&mut columns, None);
                row += 1;
                truth.note(CODE, FILE, row, planted).await?;
            }
        }
        if columns.code.len() >= BATCH {
            writer.write(&columns.finish()?).map_err(failed)?;
        }
    }
    writer.write(&columns.finish()?).map_err(failed)?;
    writer.close().map_err(failed)?;
    Ok(row)
}

fn schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    Arc::new(Schema::new(vec![
        text("credit_code"),
        text("name"),
        text("legal_person"),
        text("legal_person_id"),
        text("industry"),
        Field::new("registered_capital", DataType::Decimal128(16, 2), true),
        Field::new("established_on", DataType::Date32, true),
        text("area_code"),
        text("status"),
        Field::new("updated_at", DataType::Timestamp(TimeUnit::Microsecond, None), true),
    ]))
}

struct Company {
    code: String,
    name: String,
    legal_person: String,
    legal_person_id: String,
    industry: &'static str,
    capital: i128,
    established: i32,
    area: &'static str,
    status: &'static str,
    updated: i64,
}

impl Company {
    fn new(
        number: u64,
        city: &City,
        companies: &Companies,
        people: &People,
        mut chance: Chance,
        changed: bool,
    ) -> Self {
        let owner = people.person(number.wrapping_mul(7) % city.rows);
        let name = format!("盐城虚拟{}{}有限公司", super::person::name(&mut chance), chance.pick(&KINDS));
        let founded =
            NaiveDate::from_ymd_opt(1995, 1, 1).and_then(|day| day.checked_add_days(Days::new(chance.below(11_000))));
        let epoch = NaiveDate::default();
        let established = founded.map_or(0, |day| i32::try_from((day - epoch).num_days()).unwrap_or(0));
        let capital = i128::from(chance.below(5_000) + 10) * 1_000_000;
        // 2025-06-30 02:00:00 and 2025-07-01 08:00:00, in microseconds.
        let (capital, updated) = match changed {
            true => (capital * 2, 1_751_356_800_000_000),
            false => (capital, 1_751_248_800_000_000),
        };
        Self {
            code: companies.code(number),
            name,
            legal_person: owner.name,
            legal_person_id: owner.id,
            industry: chance.pick::<&str>(&INDUSTRIES),
            capital,
            established,
            area: AREAS[usize::try_from(number % AREAS.len() as u64).unwrap_or(0)].0,
            status: if changed { "2" } else { "1" },
            updated,
        }
    }

    fn append(&self, columns: &mut Columns, defect: Option<Defect>) {
        let is = |kind| defect == Some(kind);
        let broken_code = codes::broken(&self.code, codes::CREDIT);
        let broken_id = codes::broken(&self.legal_person_id, b"0123456789");
        columns.code.append_value(if is(Defect::Credit) { &broken_code } else { &self.code });
        columns.name.append_option((!is(Defect::Name)).then_some(&self.name));
        columns.legal_person.append_value(&self.legal_person);
        columns.legal_person_id.append_value(if is(Defect::LegalPerson) { &broken_id } else { &self.legal_person_id });
        columns.industry.append_value(if is(Defect::Industry) { "制造业" } else { self.industry });
        columns.capital.append_value(if is(Defect::Capital) { -self.capital } else { self.capital });
        columns.established.append_value(self.established);
        columns.area.append_value(if is(Defect::Area) { "320999" } else { self.area });
        columns.status.append_value(if is(Defect::Status) { "X" } else { self.status });
        columns.updated.append_value(self.updated);
    }
}

#[derive(Default)]
struct Columns {
    code: StringBuilder,
    name: StringBuilder,
    legal_person: StringBuilder,
    legal_person_id: StringBuilder,
    industry: StringBuilder,
    capital: Decimal128Builder,
    established: Date32Builder,
    area: StringBuilder,
    status: StringBuilder,
    updated: TimestampMicrosecondBuilder,
}

impl Columns {
    fn finish(&mut self) -> Result<RecordBatch, Error> {
        let failed = |_| Error::Generate { what: FILE };
        let capital = self.capital.finish().with_precision_and_scale(16, 2).map_err(failed)?;
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.code.finish()),
            Arc::new(self.name.finish()),
            Arc::new(self.legal_person.finish()),
            Arc::new(self.legal_person_id.finish()),
            Arc::new(self.industry.finish()),
            Arc::new(capital),
            Arc::new(self.established.finish()),
            Arc::new(self.area.finish()),
            Arc::new(self.status.finish()),
            Arc::new(self.updated.finish()),
        ];
        RecordBatch::try_new(schema(), columns).map_err(failed)
    }
}
