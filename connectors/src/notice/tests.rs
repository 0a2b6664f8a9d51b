#![allow(clippy::unwrap_used, clippy::panic)]
//! Deliveries to a server and a mail sink of this process.

mod forms;
mod http;
mod mail;
mod sink;

use super::*;

const TOKEN: &str = "5up3r-t0ken";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_763_900_000_123).unwrap()
}

fn message() -> Message {
    Message {
        id: "0198-1".into(),
        title: "【数闸】时限已误：参保人员信息日供".into(),
        lines: vec!["管道：参保人员信息日供（social_security.insured）".into(), "原因：[x](http://evil) <@all>".into()],
        more: "（内容过长，其余从略）".into(),
        to: vec![Hidden::new("13800001111")],
        document: serde_json::json!({ "schema": "sluice.notice/1" }),
    }
}

fn hook(url: &str, secret: Option<&str>) -> Hook {
    Hook { url: Hidden::new(url), secret: secret.map(Hidden::new), internal: true }
}
