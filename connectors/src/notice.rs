//! Notices to people, out over HTTP and SMTP: bytes and signatures. Who is told what, and when, is decided elsewhere.
//!
//! | file | what is in it |
//! |---|---|
//! | `webhook.rs`, `dingtalk.rs`, `wecom.rs`, `feishu.rs`, `email.rs` | a kind of channel: form, size, answer |
//! | `http.rs` | one POST: no redirects, pinned address, bounded answer |
//! | `address.rs` | which addresses may be reached at all |
//! | `fit.rs`, `markdown.rs` | texts within the size of a channel, and harmless in it |
//! | `sign.rs` | HMAC-SHA256 and base64 |
//!
//! Must never happen: an address, a token or a recipient in an error; a request that follows a redirect or reaches an
//! address of this machine or its network unasked; a robot's "200 with an error code" taken for success.

mod address;
mod dingtalk;
mod email;
mod feishu;
mod fit;
mod http;
mod markdown;
mod sign;
#[cfg(test)]
mod tests;
mod webhook;
mod wecom;

use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::Error;

pub use webhook::LARGEST as LARGEST_DOCUMENT;

/// A text that is never shown: an address, a token, a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

/// Where notices go.
#[derive(Debug, Clone)]
pub enum Channel {
    /// A JSON document to any address.
    Webhook(Hook),
    /// A robot of a DingTalk group.
    Dingtalk(Hook),
    /// A robot of a WeCom group; it has no secret of its own.
    Wecom(Hook),
    /// A robot of a Feishu group.
    Feishu(Hook),
    /// A mail server.
    Email(Mail),
}

/// An address that takes POST requests.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The whole address, token included.
    pub url: Hidden,
    /// What requests are signed with.
    pub secret: Option<Hidden>,
    /// Whether it lies in this network: then private addresses and plain HTTP are allowed.
    pub internal: bool,
}

/// A mail server that takes mail for delivery.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Sender: `name@host` or `Name <name@host>`.
    pub from: String,
    /// User and password.
    pub login: Option<(String, Hidden)>,
    /// Whether it lies in this network.
    pub internal: bool,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte.
    Wrapped,
    /// Plain until `STARTTLS`, which is required.
    Starttls,
    /// Plain; only to this machine.
    None,
}

/// One message, in words already.
#[derive(Debug, Clone)]
pub struct Message {
    /// Stable id of this delivery: the same when it is tried again.
    pub id: String,
    /// One line.
    pub title: String,
    /// What follows, a line each, plain text.
    pub lines: Vec<String>,
    /// The line that says that lines were left out for want of room.
    pub more: String,
    /// Whom to address: mail addresses, or whom to mention in a group (mobile number, user id, open id).
    pub to: Vec<Hidden>,
    /// The same for machines; only a webhook sends it.
    pub document: Value,
}

impl Hidden {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Most people one message addresses.
pub const MOST_ADDRESSED: usize = 20;

/// Hands a message over. `name` is the channel's, for errors; `now` enters signatures.
///
/// # Errors
/// N951 to N957: why it was not taken. [`Error::retryable`] tells whether the same call may succeed later. A message whose
/// answer was lost may have arrived: it has the same id when it is tried again.
pub async fn send(name: &str, channel: &Channel, message: &Message, now: DateTime<Utc>) -> Result<(), Error> {
    match channel {
        Channel::Webhook(hook) => webhook::send(name, hook, message, now).await,
        Channel::Dingtalk(hook) => dingtalk::send(name, hook, message, now).await,
        Channel::Wecom(hook) => wecom::send(name, hook, message).await,
        Channel::Feishu(hook) => feishu::send(name, hook, message, now).await,
        Channel::Email(mail) => email::send(name, mail, message, now).await,
    }
}

/// Whom a message addresses, bounded.
fn addressed(message: &Message) -> impl Iterator<Item = &str> {
    message.to.iter().map(Hidden::text).filter(|to| !to.is_empty()).take(MOST_ADDRESSED)
}
