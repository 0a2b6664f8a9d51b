//! Hands one message to its channel: secrets and addresses are looked up here, at the last moment, and nowhere else.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use connectors::notice::{Channel, Hidden, Hook, Mail, MailTls, Message};
use serde_json::Value;

use super::parcel::Parcel;
use crate::Error;
use crate::duty::Roster;
use crate::spec::duty::{ChannelKind, ChannelSpec, TlsName};
use crate::vault::{self, Secrets};

/// A message in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// One line.
    pub title: String,
    /// What follows, a line each.
    pub lines: Vec<String>,
    /// The line that says that lines were left out for want of room.
    pub more: String,
    /// The same for machines.
    pub document: Value,
}

/// Hands messages over.
pub struct Courier {
    secrets: Arc<dyn Secrets>,
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Courier")
    }
}

impl Courier {
    /// A courier with the project's secrets.
    pub fn new(secrets: Arc<dyn Secrets>) -> Self {
        Self { secrets }
    }

    /// Hands a message over.
    ///
    /// # Errors
    /// P220 for a secret that is not set; N951 to N957 for a channel that did not take it.
    pub async fn deliver(&self, roster: &Roster, parcel: &Parcel, text: Text, now: DateTime<Utc>) -> Result<(), Error> {
        let spec = roster.channel(&parcel.channel).ok_or_else(|| gone(&parcel.channel))?;
        let channel = self.channel(&parcel.channel, spec)?;
        let mut to = Vec::new();
        for person in &parcel.people {
            if let Some(address) = roster.address(person, &parcel.channel) {
                to.push(Hidden::new(self.read(&address.0)?.as_str()));
            }
        }
        let Text { title, lines, more, document } = text;
        let message = Message { id: parcel.id.clone(), title, lines, more, to, document };
        Ok(connectors::notice::send(&parcel.channel, &channel, &message, now).await?)
    }

    fn channel(&self, name: &str, spec: &ChannelSpec) -> Result<Channel, Error> {
        if spec.kind == ChannelKind::Email {
            return Ok(Channel::Email(self.mail(name, spec)?));
        }
        let url = Hidden::new(self.read(spec.url.as_deref().ok_or_else(|| gone(name))?)?.as_str());
        let secret = spec.secret.as_deref().map(|secret| self.read(secret)).transpose()?;
        let secret = secret.map(|secret| Hidden::new(secret.as_str()));
        let hook = Hook { url, secret, internal: spec.internal };
        Ok(match spec.kind {
            ChannelKind::Dingtalk => Channel::Dingtalk(hook),
            ChannelKind::Wecom => Channel::Wecom(hook),
            ChannelKind::Feishu => Channel::Feishu(hook),
            ChannelKind::Webhook | ChannelKind::Email => Channel::Webhook(hook),
        })
    }

    fn mail(&self, name: &str, spec: &ChannelSpec) -> Result<Mail, Error> {
        let tls = spec.tls.unwrap_or(TlsName::Tls);
        let password = spec.password.as_deref().map(|password| self.read(password)).transpose()?;
        let login = spec.user.clone().zip(password.map(|password| Hidden::new(password.as_str())));
        let (tls, port) = match tls {
            TlsName::Tls => (MailTls::Wrapped, 465),
            TlsName::Starttls => (MailTls::Starttls, 587),
            TlsName::None => (MailTls::None, 25),
        };
        Ok(Mail {
            host: spec.host.clone().ok_or_else(|| gone(name))?,
            port: spec.port.unwrap_or(port),
            tls,
            from: spec.from.clone().ok_or_else(|| gone(name))?,
            login,
            internal: spec.internal,
        })
    }

    fn read(&self, value: &str) -> Result<zeroize::Zeroizing<String>, Error> {
        vault::resolve(value, &*self.secrets)
    }
}

/// A channel that the roster no longer has, or not whole.
fn gone(name: &str) -> Error {
    let reason = "the duty roster has no such channel any more";
    Error::Connector(connectors::Error::ChannelSetting { channel: name.to_owned(), reason })
}
