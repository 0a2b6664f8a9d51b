//! SQLite tables.

use arrow::datatypes::DataType;
use sqlx::{ConnectOptions, Connection};

use super::support::*;
use crate::kind::Format;
use crate::sqlite::{Bound, Increment, Options};
use crate::{Error, Request};

async fn database(place: &Place, path: &str, statements: &[&'static str]) {
    let file = place.directory.path().join(path);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    for statement in statements {
        sqlx::query(*statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

fn table(name: &str, increment: Option<Increment>) -> Request {
    request(Format::Sqlite(Options { table: name.into(), increment }), "a.db")
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_types_decide_and_names_are_quoted() {
    let place = Place::new();
    let make = "CREATE TABLE \"odd \"\"t\" (id BIGINT, \"na\"\"me; --\" TEXT, rate DOUBLE, raw BLOB, day DATE, amount DECIMAL(9,2), any)";
    let fill = "INSERT INTO \"odd \"\"t\" VALUES (1, '张三', 2, x'00ff', '2026-11-20', 12.5, 7), (NULL, '', NULL, NULL, NULL, NULL, 'x')";
    database(&place, "a.db", &[make, fill]).await;
    let source = place.open(&table("odd \"t", None)).await.unwrap();
    let types: Vec<_> = source.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    use DataType::{Binary, Float64, Int64, Utf8};
    assert_eq!(types, [Int64, Utf8, Float64, Binary, Utf8, Utf8, Utf8]);
    let rows = all_rows(source.as_ref()).await.unwrap();
    assert_eq!(rows[0], ["1", "张三", "2.0", "00ff", "2026-11-20", "12.5", "7"]);
    assert_eq!(rows[1], ["∅", "∅", "∅", "∅", "∅", "∅", "x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn increments_are_bound_as_values() {
    let place = Place::new();
    let fill = "INSERT INTO t VALUES (1, '2026-01-01'), (2, '2026-01-02'), (3, '2026-01-03'), (4, NULL)";
    database(&place, "a.db", &["CREATE TABLE t (id INT, at TEXT)", fill]).await;
    let text = |value: &str| Some(Bound::Text(value.into()));
    let bounded = |after, up_to, half_open| {
        let request = table("t", Some(Increment { column: "at".into(), after, up_to, half_open }));
        let place = &place;
        async move { outcome(place, &request).await.unwrap().into_iter().map(|row| row[0].clone()).collect::<Vec<_>>() }
    };
    let read = |after, up_to| bounded(after, up_to, false);
    assert_eq!(read(text("2026-01-01"), text("2026-01-03")).await, ["2", "3"]);
    assert_eq!(bounded(text("2026-01-01"), text("2026-01-03"), true).await, ["1", "2"]);
    assert_eq!(read(None, text("2026-01-02")).await, ["1", "2"]);
    assert_eq!(read(text("' OR 1=1 --"), text("' OR 1=1 --")).await, Vec::<String>::new());
    let wrong = Increment { column: "at; DROP TABLE t".into(), after: None, up_to: None, half_open: false };
    let request = table("t", Some(wrong));
    assert!(matches!(place.open(&request).await, Err(Error::ColumnMissing { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_classes_tables_and_files() {
    let place = Place::new();
    let fill = "INSERT INTO t VALUES (1), ('x320902199001011236')";
    database(&place, "a.db", &["CREATE TABLE t (id INT)", fill]).await;
    let error = outcome(&place, &table("t", None)).await.unwrap_err();
    let expected =
        Error::StorageClass { table: "t".into(), column: "id".into(), row: 2, declared: "integer", found: "text" };
    assert_eq!(error, expected);
    silent(&error, &["320902199001011236"]);
    let error = outcome(&place, &table("nope", None)).await.unwrap_err();
    assert_eq!(error, Error::NoTable { path: "a.db".into(), table: "nope".into() });
    place.put("a.db", "this is not a database, it is 13912345678".repeat(100));
    let error = outcome(&place, &table("t", None)).await.unwrap_err();
    assert!(matches!(error, Error::Database { .. }), "{error:?}");
    std::fs::remove_file(place.directory.path().join("a.db")).unwrap();
    assert!(matches!(outcome(&place, &table("t", None)).await, Err(Error::NotFound { .. })));
    assert!(!place.directory.path().join("a.db").exists(), "reading makes no file");
}
