//! Robots of Feishu groups: a post of plain texts, signed in the body.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Hook, Message, addressed, fit, http, sign};
use crate::Error;

/// Room for the text, in bytes: the whole body may have 20 KiB, JSON may double what it escapes, and every line has a
/// frame of its own.
const ROOM: usize = 7_000;
/// Most lines.
const MOST_LINES: usize = 100;

pub(super) async fn send(channel: &str, hook: &Hook, message: &Message, now: DateTime<Utc>) -> Result<(), Error> {
    let url = http::address_of(channel, hook)?;
    let mut body = form(message);
    if let Some(secret) = &hook.secret {
        let timestamp = now.timestamp();
        body["timestamp"] = json!(timestamp.to_string());
        body["sign"] = json!(signature(secret.text(), timestamp));
    }
    let answer = http::post(channel, hook, url, &[], body.to_string().into_bytes()).await?;
    http::accepted(channel, &answer, &["code", "StatusCode"])
}

/// Base64 of the HMAC of nothing under time (Unix seconds) and secret: here the text to sign is the key.
fn signature(secret: &str, timestamp: i64) -> String {
    sign::base64(&sign::hmac(format!("{timestamp}\n{secret}").as_bytes(), b""))
}

/// The body without its signature.
pub(super) fn form(message: &Message) -> Value {
    let shown = &message.lines[..message.lines.len().min(MOST_LINES)];
    let text = fit::lines(shown, "\n", ROOM, &message.more);
    let mut content: Vec<Value> = text.split('\n').map(|line| json!([{ "tag": "text", "text": line }])).collect();
    if shown.len() < message.lines.len() {
        content.push(json!([{ "tag": "text", "text": fit::one_line(&message.more) }]));
    }
    let mentions: Vec<Value> = addressed(message).map(|id| json!({ "tag": "at", "user_id": id })).collect();
    if !mentions.is_empty() {
        content.push(Value::Array(mentions));
    }
    let post = json!({ "title": fit::title(&message.title), "content": content });
    json!({ "msg_type": "post", "content": { "post": { "zh_cn": post } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hmac, hashlib and base64, as Feishu documents it.
    #[test]
    fn the_signature_is_that_of_a_second_implementation() {
        assert_eq!(signature("this is secret", 1_763_900_000), "GLCnfkoTtstwSY/VCWwBuu3fiCynb+8k0itrwGOvXMQ=");
    }
}
