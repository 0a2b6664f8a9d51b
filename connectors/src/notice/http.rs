//! One POST of a JSON body.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use url::Url;

use super::{Hook, address};
use crate::Error;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// Longest answer that is read, in bytes; what follows is left.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The address of a hook, checked as far as that goes without resolving it.
pub(super) fn address_of(channel: &str, hook: &Hook) -> Result<Url, Error> {
    let bad = |reason| Error::ChannelSetting { channel: channel.to_owned(), reason };
    let url = Url::parse(hook.url.text().trim()).map_err(|_| bad("its url is no address"))?;
    match url.scheme() {
        "https" => {}
        "http" if hook.internal => {}
        _ => return Err(bad("its url must begin with https://; http:// needs internal = true")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("its url carries a user or a password"));
    }
    Ok(url)
}

/// Posts a body and returns the answer's, at most 64 KiB of it.
///
/// # Errors
/// N951, N952, N953, N956.
pub(super) async fn post(
    channel: &str,
    hook: &Hook,
    url: Url,
    headers: &[(&'static str, String)],
    body: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let bad = |reason| Error::ChannelSetting { channel: channel.to_owned(), reason };
    let host = url.host_str().ok_or_else(|| bad("its url is no address"))?.to_owned();
    let port = url.port_or_known_default().ok_or_else(|| bad("its url is no address"))?;
    let addresses = address::resolve(channel, &host, port, hook.internal).await?;
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        .resolve_to_addrs(&host, &addresses)
        .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|_| bad("this machine has no usable certificates"))?;
    let mut map = HeaderMap::new();
    map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).map_err(|_| bad("a header would hold control characters"))?;
        map.insert(HeaderName::from_static(name), value);
    }
    let lost = |error: &reqwest::Error| unreachable(channel, error);
    let mut answer = client.post(url).headers(map).body(body).send().await.map_err(|error| lost(&error))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(Error::ChannelStatus { channel: channel.to_owned(), status: status.as_u16() });
    }
    let mut read = Vec::new();
    while read.len() < LONGEST_ANSWER {
        match answer.chunk().await.map_err(|error| lost(&error))? {
            Some(piece) => read.extend_from_slice(&piece[..piece.len().min(LONGEST_ANSWER - read.len())]),
            None => break,
        }
    }
    Ok(read)
}

/// The kind of a failure alone: the library's text quotes the address.
fn unreachable(channel: &str, error: &reqwest::Error) -> Error {
    let reason = if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "no connection, or no trusted certificate"
    } else {
        "the connection broke"
    };
    Error::ChannelUnreachable { channel: channel.to_owned(), reason }
}

/// A robot's answer: 200 with a code that is zero when it took the message. `keys` are names the code may have.
///
/// # Errors
/// N954 with the code, N955 when there is none.
pub(super) fn accepted(channel: &str, answer: &[u8], keys: &[&str]) -> Result<(), Error> {
    let parsed: Option<serde_json::Value> = serde_json::from_slice(answer).ok();
    let code = parsed.as_ref().and_then(|value| keys.iter().find_map(|key| value.get(key)?.as_i64()));
    match code {
        Some(0) => Ok(()),
        Some(number) => Err(Error::ChannelRefused { channel: channel.to_owned(), number }),
        None => Err(Error::ChannelAnswer { channel: channel.to_owned() }),
    }
}
