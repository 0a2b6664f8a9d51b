//! Robots of DingTalk groups: markdown, signed in the address.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Hook, Message, addressed, fit, http, markdown, sign};
use crate::Error;

/// Room for the text, in bytes: the whole body may have 20,000, and JSON may double what it escapes.
const ROOM: usize = 9_000;

pub(super) async fn send(channel: &str, hook: &Hook, message: &Message, now: DateTime<Utc>) -> Result<(), Error> {
    let mut url = http::address_of(channel, hook)?;
    if let Some(secret) = &hook.secret {
        let timestamp = now.timestamp_millis();
        let signature = signature(secret.text(), timestamp);
        url.query_pairs_mut().append_pair("timestamp", &timestamp.to_string()).append_pair("sign", &signature);
    }
    let answer = http::post(channel, hook, url, &[], form(message).to_string().into_bytes()).await?;
    http::accepted(channel, &answer, &["errcode"])
}

/// Base64 of the HMAC of time (Unix milliseconds) and secret under the secret; the address carries it escaped.
fn signature(secret: &str, timestamp: i64) -> String {
    sign::base64(&sign::hmac(secret.as_bytes(), format!("{timestamp}\n{secret}").as_bytes()))
}

/// The body. Who is mentioned must also stand in the text.
pub(super) fn form(message: &Message) -> Value {
    let title = fit::title(&message.title);
    let lines: Vec<String> = message.lines.iter().map(|line| markdown::plain(line)).collect();
    let mut text = format!("### {}\n\n", markdown::plain(&title));
    text.push_str(&fit::lines(&lines, "\n\n", ROOM, &message.more));
    let mobiles: Vec<&str> = addressed(message).collect();
    if !mobiles.is_empty() {
        let mentions: Vec<String> = mobiles.iter().map(|mobile| format!("@{mobile}")).collect();
        text.push_str("\n\n");
        text.push_str(&mentions.join(" "));
    }
    json!({
        "msgtype": "markdown",
        "markdown": { "title": title, "text": text },
        "at": { "atMobiles": mobiles, "isAtAll": false },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hmac, hashlib and base64, as DingTalk documents it.
    #[test]
    fn the_signature_is_that_of_a_second_implementation() {
        assert_eq!(signature("this is secret", 1_763_900_000_123), "V2jlx5CSglmfp9P+M/1/ExCkSP9AoBwXzL4lvxhmOss=");
    }
}
