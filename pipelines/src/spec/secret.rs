//! Secrets do not belong into definitions: how one is named, how one that was written anyway is found, and how it is kept
//! off the screen.

/// How a definition names a secret.
pub const PREFIX: &str = "secret:";

/// The name in `secret:NAME`: letters, digits and underscores, 1 to 64 of them. `None` if the text names no secret;
/// `Some(Err(()))` if it tries to and the name is bad.
pub fn reference(text: &str) -> Option<Result<&str, ()>> {
    let name = text.strip_prefix(PREFIX)?;
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    Some(if fits { Ok(name) } else { Err(()) })
}

/// Whether a text carries a password: `user:pass@` of a URL, or `password=…` and its like.
pub fn is_literal(text: &str) -> bool {
    userinfo(text).is_some() || assigned(text).is_some() || hook(text).is_some()
}

/// Whether a key's name says that its value is a secret.
pub fn is_secret_key(key: &str) -> bool {
    const WORDS: [&str; 8] = ["password", "passwd", "pwd", "secret", "token", "api_key", "apikey", "credential"];
    let key = key.to_ascii_lowercase().replace('-', "_");
    WORDS.iter().any(|word| key.contains(word)) || key.contains("密码") || key.contains("口令")
}

/// The text with every literal secret starred out, byte for byte, so that spans stay valid.
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut hidden: Option<std::ops::Range<usize>> = None;
        if let Some((key, value)) = line.split_once('=')
            && is_secret_key(key)
            && !value.trim_start().trim_start_matches(['"', '\'']).starts_with(PREFIX)
        {
            let start = key.len() + 1;
            hidden = Some(start..line.trim_end().len());
        }
        for found in [userinfo(line), assigned(line), hook(line), key_material(line)].into_iter().flatten() {
            hidden = Some(hidden.map_or(found.clone(), |one| one.start.min(found.start)..one.end.max(found.end)));
        }
        match hidden.filter(|range| !range.is_empty()) {
            Some(range) => {
                out.push_str(&line[..range.start]);
                out.extend(std::iter::repeat_n('*', range.len()));
                out.push_str(&line[range.end..]);
            }
            None => out.push_str(line),
        }
    }
    out
}

/// Bytes of `pass` in `user:pass@`, after a scheme or at the beginning of a value.
fn userinfo(text: &str) -> Option<std::ops::Range<usize>> {
    let at = text.rfind('@')?;
    let start = match text[..at].find("://") {
        Some(scheme) => scheme + 3,
        None => text[..at].rfind([' ', '"', '\'', '=']).map_or(0, |quote| quote + 1),
    };
    let colon = start + text[start..at].find(':')?;
    let password = colon + 1..at;
    let plain = !text[password.clone()].is_empty() && !text[password.clone()].starts_with('/');
    plain.then_some(password)
}

/// Bytes of the value in `password=value`, `pwd=value`, `token=value` inside a connection string.
fn assigned(text: &str) -> Option<std::ops::Range<usize>> {
    const KEYS: [&str; 5] = ["password=", "passwd=", "pwd=", "token=", "secret="];
    let lower = text.to_ascii_lowercase();
    let (at, key) = KEYS.iter().filter_map(|key| lower.find(key).map(|at| (at, key))).min()?;
    let start = at + key.len();
    let end = lower[start..].find([';', '&', '"', '\'', ' ', '\n']).map_or(lower.len(), |end| start + end);
    (end > start).then_some(start..end)
}

/// Bytes of the token in the address of a group robot: `…/hook/TOKEN` and `…?key=TOKEN`.
fn hook(text: &str) -> Option<std::ops::Range<usize>> {
    let address = text.find("://")?;
    let marks = ["/hook/", "?key=", "&key="];
    let start = marks.iter().filter_map(|mark| Some(address + text[address..].find(mark)? + mark.len())).min()?;
    let end = text[start..].find(['&', '"', '\'', ' ', '\n']).map_or(text.len(), |end| start + end);
    (end > start).then_some(start..end)
}

/// Bytes of the first run of 32 or more hexadecimal digits: a key written out.
fn key_material(text: &str) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if !c.is_ascii_hexdigit() {
            if at - start >= 32 {
                return Some(start..at);
            }
            start = at + c.len_utf8();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        assert_eq!(reference("secret:hrss_url"), Some(Ok("hrss_url")));
        assert_eq!(reference("secret:"), Some(Err(())));
        assert_eq!(reference("secret:a/b"), Some(Err(())));
        assert_eq!(reference("data/in"), None);
    }

    #[test]
    fn literals_are_found() {
        for bad in [
            "postgres://reader:hunter2@db/x",
            "reader:hunter2@db",
            "Server=db;Uid=r;Pwd=hunter2;",
            "jdbc:x?user=r&password=hunter2",
            "https://open.feishu.cn/open-apis/bot/v2/hook/hunter2",
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hunter2",
        ] {
            assert!(is_literal(bad), "{bad}");
            assert!(!redact(bad).contains("hunter2"), "{bad}");
            assert_eq!(redact(bad).len(), bad.len());
        }
        for good in ["data/人社", "data/a@b", "secret:hrss", "https://host/path", "mail@host:22"] {
            assert!(!is_literal(good), "{good}");
            assert_eq!(redact(good), good);
        }
        assert_eq!(redact("password = \"密x\" \na = 1\n"), "password =******* \na = 1\n");
        assert_eq!(redact("password = \"secret:db\"\n"), "password = \"secret:db\"\n");
    }
}
