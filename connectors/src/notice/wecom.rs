//! Robots of WeCom groups: markdown of at most 4,096 bytes. The address is all there is to keep secret.

use serde_json::{Value, json};

use super::{Hook, Message, addressed, fit, http, markdown};
use crate::Error;

/// Most bytes of the content.
const MOST: usize = 4_096;

pub(super) async fn send(channel: &str, hook: &Hook, message: &Message) -> Result<(), Error> {
    let url = http::address_of(channel, hook)?;
    let answer = http::post(channel, hook, url, &[], form(message).to_string().into_bytes()).await?;
    http::accepted(channel, &answer, &["errcode"])
}

/// The body.
pub(super) fn form(message: &Message) -> Value {
    let lines: Vec<String> = message.lines.iter().map(|line| markdown::plain(line)).collect();
    let head = format!("### {}\n", markdown::plain(&fit::title(&message.title)));
    let mentions: String = addressed(message).map(|user| format!("<@{}>", markdown::plain(user))).collect();
    let mentions = if mentions.len() > 1_024 { String::new() } else { mentions };
    let room = MOST - head.len() - mentions.len() - 1;
    let content = format!("{head}{}\n{mentions}", fit::lines(&lines, "\n", room, &message.more));
    json!({ "msgtype": "markdown", "markdown": { "content": content.trim_end() } })
}
