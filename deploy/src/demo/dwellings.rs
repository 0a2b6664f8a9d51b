//! 市住建局: dwellings and their owners, a table of an SQLite database that is read by what changed.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Sqlite, SqliteConnection};

use super::chance::{Chance, Dice, Family};
use super::defect::{Planted, Planter, planted};
use super::person::People;
use super::truth::Truth;
use super::{City, Delivery, codes, forms};
use crate::error::Error;

/// Resource code.
pub(super) const CODE: &str = "3/11/001/0001";
const FILE: &str = "housing.db";
/// Rows of one INSERT: 8 values each, well below the 32,766 that SQLite takes.
const BATCH: usize = 1_000;
const TABLE: &str = "CREATE TABLE dwelling (house_no TEXT PRIMARY KEY, citizen_id TEXT, area_code TEXT, \
                     floor_area TEXT, usage TEXT, registered_on TEXT, address TEXT, updated_at TEXT)";
const FIRST: &str = "2025-06-30 02:00:00";
const SECOND: &str = "2025-07-01 08:00:00";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Defect {
    Owner,
    Area,
    FloorArea,
    FloorAreaType,
    Usage,
    Registered,
}

const DEFECTS: &[(Defect, Planted)] = &[
    (Defect::Owner, planted("citizen_id", "standard:citizen_id", "checksum")),
    (Defect::Area, planted("area_code", "standard:area_code", "unknown-code")),
    (Defect::FloorArea, planted("floor_area", "range", "range")),
    (Defect::FloorAreaType, planted("floor_area", "type", "type")),
    (Defect::Usage, planted("usage", "accepted", "accepted")),
    (Defect::Registered, planted("registered_on", "standard:date", "no-such-date")),
];

struct Row {
    number: String,
    owner: String,
    area: &'static str,
    floor_area: String,
    usage: &'static str,
    registered: String,
    address: String,
    updated: &'static str,
}

/// Writes the first delivery as a new database, the second as changes to it, and gives the rows written.
pub(super) async fn write(city: &City, delivery: Delivery, folder: &Path, truth: &mut Truth) -> Result<u64, Error> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io("create", folder, &error))?;
    let path = folder.join(FILE);
    if delivery == Delivery::First && path.exists() {
        std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
    }
    let failed = |_| Error::Generate { what: FILE };
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off);
    let mut database = options.connect().await.map_err(failed)?;
    if delivery == Delivery::First {
        sqlx::query(TABLE).execute(&mut database).await.map_err(failed)?;
        sqlx::query("CREATE INDEX dwelling_updated_at ON dwelling (updated_at)")
            .execute(&mut database)
            .await
            .map_err(failed)?;
    }
    let rows = fill(city, delivery, &mut database, truth).await?;
    database.close().await.map_err(failed)?;
    Ok(rows)
}

async fn fill(
    city: &City,
    delivery: Delivery,
    database: &mut SqliteConnection,
    truth: &mut Truth,
) -> Result<u64, Error> {
    let people = People::new(city.seed);
    let dice = Dice::new(city.seed, Family::Dwelling);
    let mut planter = Planter::new(city.seed, Family::Dwelling, DEFECTS.len());
    let (mut waiting, mut written) = (Vec::with_capacity(BATCH), 0);
    for number in 0..city.rows / 4 {
        let defect = planter.at(number).map(|kind| DEFECTS[kind]);
        // The second delivery touches one dwelling in a hundred, all of them sound.
        if delivery == Delivery::Second && (number % 100 != 5 || defect.is_some()) {
            continue;
        }
        let owner = people.person(number * 4);
        waiting.push(row(number, owner, dice.row(number), delivery, defect.map(|(kind, _)| kind)));
        written += 1;
        if let Some((_, planted)) = defect {
            truth.note(CODE, FILE, number + 1, planted).await?;
        }
        if waiting.len() == BATCH {
            insert(database, &mut waiting).await?;
        }
    }
    insert(database, &mut waiting).await?;
    Ok(written)
}

fn row(
    number: u64,
    mut owner: super::person::Person,
    mut chance: Chance,
    delivery: Delivery,
    defect: Option<Defect>,
) -> Row {
    let is = |kind| defect == Some(kind);
    let floor_area = format!("{}.{:02}", 40 + chance.below(160), chance.below(100));
    let registered = owner.born.checked_add_days(chrono::Days::new(9_000)).unwrap_or(owner.born).min(forms::as_of());
    Row {
        number: format!("YC{number:010}"),
        area: if is(Defect::Area) { "320999" } else { owner.area_code() },
        floor_area: match defect {
            Some(Defect::FloorArea) => "99999.00".to_owned(),
            Some(Defect::FloorAreaType) => "约九十平".to_owned(),
            _ => floor_area,
        },
        usage: match (defect, delivery) {
            (Some(Defect::Usage), _) => "其他用途",
            (_, Delivery::Second) => "商业",
            _ => "住宅",
        },
        registered: match is(Defect::Registered) {
            true => forms::no_such_date(&mut chance),
            false => forms::date(registered, &mut chance),
        },
        address: owner.address(),
        owner: if is(Defect::Owner) { codes::broken(&owner.id, b"0123456789") } else { owner.id },
        updated: if delivery == Delivery::Second { SECOND } else { FIRST },
    }
}

async fn insert(database: &mut SqliteConnection, rows: &mut Vec<Row>) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut query: QueryBuilder<Sqlite> = QueryBuilder::new("INSERT OR REPLACE INTO dwelling ");
    query.push_values(rows.drain(..), |mut values, row| {
        values.push_bind(row.number).push_bind(row.owner).push_bind(row.area).push_bind(row.floor_area);
        values.push_bind(row.usage).push_bind(row.registered).push_bind(row.address).push_bind(row.updated);
    });
    query.build().execute(database).await.map(|_| ()).map_err(|_| Error::Generate { what: FILE })
}
