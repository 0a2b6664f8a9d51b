//! The plain webhook: a JSON document, signed over time and body.

use chrono::{DateTime, Utc};

use super::{Hook, Message, http, sign};
use crate::Error;

/// Largest document, in bytes.
pub const LARGEST: usize = 1 << 20;

/// Posts the document. `X-Sluice-Delivery` names the delivery; with a secret, `X-Sluice-Signature` is
/// `sha256=` + hex HMAC-SHA256 of `X-Sluice-Timestamp` (Unix seconds), a dot and the body. Any 2xx is an acceptance.
pub(super) async fn send(channel: &str, hook: &Hook, message: &Message, now: DateTime<Utc>) -> Result<(), Error> {
    let url = http::address_of(channel, hook)?;
    let body = message.document.to_string().into_bytes();
    if body.len() > LARGEST {
        return Err(Error::ChannelSetting { channel: channel.to_owned(), reason: "the document is too large" });
    }
    let mut headers = vec![("x-sluice-delivery", message.id.clone())];
    if let Some(secret) = &hook.secret {
        let timestamp = now.timestamp();
        headers.push(("x-sluice-timestamp", timestamp.to_string()));
        headers.push(("x-sluice-signature", signature(secret.text(), timestamp, &body)));
    }
    http::post(channel, hook, url, &headers, body).await.map(|_| ())
}

fn signature(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let signed = [timestamp.to_string().as_bytes(), b".", body].concat();
    format!("sha256={}", sign::hex(&sign::hmac(secret.as_bytes(), &signed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hmac and hashlib.
    #[test]
    fn the_signature_is_that_of_a_second_implementation() {
        let expected = "sha256=1d862af8d3680c4a83b7b66bf52803d59f91ffad8a548cc33458f7d7dc56f01d";
        assert_eq!(signature("this is secret", 1_763_900_000, "{\"schema\":\"值\"}".as_bytes()), expected);
    }
}
