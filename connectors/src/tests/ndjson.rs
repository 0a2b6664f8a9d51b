//! JSON lines.

use super::support::*;
use crate::kind::Format;
use crate::{Error, Request, ndjson};

fn with(pattern: &str, columns: &[&str]) -> Request {
    let mut request = request(Format::Ndjson(ndjson::Options::default()), pattern);
    request.expected_columns = columns.iter().map(|column| (*column).to_owned()).collect();
    request
}

#[tokio::test]
async fn values_become_their_exact_text() {
    let place = Place::new();
    let lines = [
        r#"{"id": 12345678901234567890123, "rate": 1.10, "ok": true, "name": "张\n\"三\" \ud842\udfb7", "x": {"a": ["}"]}}"#,
        "",
        r#" {"name":null,"ok":false,"id":-0.5e+10} "#,
        "{}",
    ];
    place.put("a.ndjson", lines.join("\r\n"));
    let rows = outcome(&place, &with("a.ndjson", &["id", "rate", "ok", "name"])).await.unwrap();
    assert_eq!(rows[0], ["12345678901234567890123", "1.10", "true", "张\n\"三\" 𠮷"]);
    assert_eq!(rows[1], ["-0.5e+10", "∅", "false", "∅"]);
    assert_eq!(rows[2], ["∅", "∅", "∅", "∅"]);
}

#[tokio::test]
async fn wrong_lines_are_named_without_data() {
    let place = Place::new();
    let secret = "13912345678";
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(70), "]".repeat(70));
    let wrong = [
        "[1]",
        "{\"id\":1",
        "{\"id\":01}",
        "{\"id\":+13912345678}",
        "{\"id\":\"13912345678}",
        "{id:1}",
        "{\"id\":1}{}",
        "{\"id\":\"\\ud800\"}",
        "{\"id\":\"\\u0000\"}",
        "{\"id\":1,}",
        "{\"id\" 1}",
        "{\"x\":[}]}",
        "13912345678",
        &deep,
    ];
    for line in wrong {
        place.put("w.ndjson", format!("{{\"id\":1}}\n{line}\n"));
        let error = outcome(&place, &with("w.ndjson", &["id"])).await.unwrap_err();
        assert!(matches!(error, Error::Json { line: 2, .. }), "{line}: {error:?}");
        silent(&error, &[secret]);
    }
    for line in ["{\"id\":{\"a\":13912345678}}", "{\"id\":[1]}", "{\"id\":1,\"id\":2}"] {
        place.put("w.ndjson", line);
        let error = outcome(&place, &with("w.ndjson", &["id"])).await.unwrap_err();
        assert!(matches!(&error, Error::JsonField { line: 1, column, .. } if column == "id"), "{line}: {error:?}");
        silent(&error, &[secret]);
    }
}

#[tokio::test]
async fn long_lines_and_undeclared_fields() {
    let place = Place::new();
    place.put("l.ndjson", format!("{{\"id\":1}}\n{{\"id\":\"{}", "x".repeat(100 << 20)));
    let error = outcome(&place, &with("l.ndjson", &["id"])).await.unwrap_err();
    assert_eq!(error, Error::RecordTooLong { path: "l.ndjson".into(), line: 2, limit: 16 << 20 });
    assert!(matches!(outcome(&place, &with("l.ndjson", &[])).await, Err(Error::Option { .. })));
}
