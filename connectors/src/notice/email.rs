//! Mail: plain text in UTF-8, one connection a message, to an address that was checked and pinned.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message as Letter};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::{Mail, MailTls, Message, address, addressed, fit};
use crate::Error;

/// Room for the text, in bytes.
const ROOM: usize = 64 * 1024;
/// For one command of the conversation.
const COMMAND_WITHIN: Duration = Duration::from_secs(20);
/// For the whole conversation.
const ALL_WITHIN: Duration = Duration::from_secs(60);

pub(super) async fn send(channel: &str, mail: &Mail, message: &Message, now: DateTime<Utc>) -> Result<(), Error> {
    let letter = letter(channel, mail, message, now)?;
    let addresses = address::resolve(channel, &mail.host, mail.port, mail.internal).await?;
    if mail.tls == MailTls::None && !addresses.iter().all(|address| address.ip().is_loopback()) {
        return Err(setting(channel, "tls = \"none\" is for a server on this machine only"));
    }
    let mut last = unreachable(channel, "no connection");
    for address in addresses {
        let transport = transport(channel, mail, address)?;
        match tokio::time::timeout(ALL_WITHIN, transport.send(letter.clone())).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => match failure(channel, &error) {
                // The next address may be reachable.
                lost @ Error::ChannelUnreachable { reason: "no connection", .. } => last = lost,
                other => return Err(other),
            },
            Err(_) => return Err(unreachable(channel, "it did not answer in time")),
        }
    }
    Err(last)
}

fn letter(channel: &str, mail: &Mail, message: &Message, now: DateTime<Utc>) -> Result<Letter, Error> {
    let from: Mailbox = mail.from.parse().map_err(|_| setting(channel, "its sender is no mail address"))?;
    let host = from.email.domain().to_owned();
    let mut builder = Letter::builder().from(from).subject(fit::title(&message.title));
    for to in addressed(message) {
        builder = builder.to(to.parse().map_err(|_| setting(channel, "a recipient is no mail address"))?);
    }
    if let Ok(name) = HeaderName::new_from_ascii("Auto-Submitted".to_owned()) {
        builder = builder.raw_header(HeaderValue::new(name, "auto-generated".to_owned()));
    }
    builder
        .date(now.into())
        .message_id(Some(format!("<{}@{host}>", message.id)))
        .header(ContentType::TEXT_PLAIN)
        .body(fit::lines(&message.lines, "\r\n", ROOM, &message.more))
        .map_err(|_| setting(channel, "nobody is named as recipient"))
}

fn transport(channel: &str, mail: &Mail, address: SocketAddr) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
    let parameters = || {
        TlsParameters::new(mail.host.clone()).map_err(|_| setting(channel, "this machine has no usable certificates"))
    };
    let tls = match mail.tls {
        MailTls::Wrapped => Tls::Wrapper(parameters()?),
        MailTls::Starttls => Tls::Required(parameters()?),
        MailTls::None => Tls::None,
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
        .port(address.port())
        .tls(tls)
        .timeout(Some(COMMAND_WITHIN));
    if let Some((user, password)) = &mail.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.text().to_owned()));
    }
    Ok(builder.build())
}

/// The kind of a failure alone: a server's text quotes addresses.
fn failure(channel: &str, error: &lettre::transport::smtp::Error) -> Error {
    if let Some(status) = error.status().and_then(|code| code.to_string().parse().ok()) {
        return Error::MailRefused { channel: channel.to_owned(), status };
    }
    if error.is_tls() {
        return unreachable(channel, "no trusted certificate");
    }
    if error.is_timeout() {
        return unreachable(channel, "it did not answer in time");
    }
    if error.is_client() {
        return setting(channel, "the server offers no way to log in, or no STARTTLS");
    }
    if error.is_response() {
        return Error::ChannelAnswer { channel: channel.to_owned() };
    }
    unreachable(channel, "no connection")
}

fn setting(channel: &str, reason: &'static str) -> Error {
    Error::ChannelSetting { channel: channel.to_owned(), reason }
}

fn unreachable(channel: &str, reason: &'static str) -> Error {
    Error::ChannelUnreachable { channel: channel.to_owned(), reason }
}
