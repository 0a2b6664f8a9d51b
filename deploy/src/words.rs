//! Rules, reasons, protections and other fixed names of the engine, in words.

pub(crate) mod because;
pub(crate) mod clock;
mod titles;
pub(crate) mod when;

use crate::messages::Messages;
pub(crate) use because::Because;
pub(crate) use clock::Clock;
pub(crate) use titles::Titles;

/// A failed rule in words: `standard:citizen_id`, `citizen_id`, `checksum` → 身份证校验位不符.
pub(crate) fn failure(messages: Messages, titles: &Titles, rule: &str, column: &str, reason: &str) -> String {
    let (kind, detail) = rule.split_once(':').unwrap_or((rule, ""));
    let own = format!("reason.{detail}.{reason}");
    if messages.has(&own) {
        return messages.text(&own, &[]);
    }
    let of_kind = format!("rule.{kind}");
    let text = match messages.has(&of_kind) {
        true => messages.text(&of_kind, &[]),
        false => self::reason(messages, reason),
    };
    if column.is_empty() {
        return text;
    }
    messages.text("card.reason_column", &[("column", &titles.title(column)), ("reason", &text)])
}

/// A reason on its own: `checksum` → 校验位不符.
pub(crate) fn reason(messages: Messages, reason: &str) -> String {
    let key = format!("reason.any.{reason}");
    if messages.has(&key) { messages.text(&key, &[]) } else { reason.to_owned() }
}

/// The title of a standard, or of a type a value was cast to.
pub(crate) fn standard(messages: Messages, id: &str) -> String {
    match transforms::standard::find(id) {
        Some(standard) => match messages.language() {
            crate::Language::Zh => standard.title().zh.to_owned(),
            crate::Language::En => standard.title().en.to_owned(),
        },
        None => messages.phrase(id),
    }
}

/// A protection with its parameter: `generalise:1000` → 泛化（1,000）.
pub(crate) fn protection(messages: Messages, protection: &str) -> String {
    let (name, parameter) = protection.split_once(':').unwrap_or((protection, ""));
    let key = format!("protection.{name}");
    let name = if messages.has(&key) { messages.text(&key, &[]) } else { name.to_owned() };
    if parameter.is_empty() {
        return name;
    }
    let level = format!("level.{parameter}");
    let parameter = match messages.has(&level) {
        true => messages.text(&level, &[]),
        false => crate::messages::digits(&standard(messages, parameter)),
    };
    messages.text("protection.with", &[("name", &name), ("parameter", &parameter)])
}

/// Who demanded something: `policy`, `grant`, `pipeline`.
pub(crate) fn demander(messages: Messages, by: &str) -> String {
    let key = format!("demanded.{by}");
    if messages.has(&key) { messages.text(&key, &[]) } else { by.to_owned() }
}

/// An instant of the ledger (RFC 3339) as a clock in a time zone shows it, to the second.
pub(crate) fn instant(text: &str, zone: &str) -> String {
    let zone: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    match chrono::DateTime::parse_from_rfc3339(text) {
        Ok(instant) => instant.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => text.to_owned(),
    }
}

/// A status of the engine, serialised in snake case.
pub(crate) fn status(messages: Messages, status: &impl serde::Serialize) -> String {
    let name =
        serde_json::to_value(status).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
    let key = format!("status.{name}");
    if messages.has(&key) { messages.text(&key, &[]) } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn reasons_and_protections_are_told_in_words() {
        let zh = Messages::new(Language::Zh);
        let failed = |rule, column, reason| failure(zh, &Titles::default(), rule, column, reason);
        assert_eq!(failed("standard:citizen_id", "citizen_id", "checksum"), "身份证校验位不符");
        assert_eq!(failed("standard:mobile", "mobile", "prefix"), "mobile：号段不存在");
        assert_eq!(failed("unique", "citizen_id", "unique"), "citizen_id：重复");
        assert_eq!(failed("type", "amount", "type"), "amount：类型不符");
        assert_eq!(protection(zh, "generalise:1000"), "泛化（1,000）");
        assert_eq!(protection(zh, "generalise:county"), "泛化（到县）");
        assert_eq!(protection(zh, "mask:mobile"), "部分遮蔽（手机号码）");
        assert_eq!(instant("2026-11-23T10:22:52.219428Z", "Asia/Shanghai"), "2026-11-23 18:22:52");
        for reason in transforms::Reason::ALL {
            assert!(zh.has(&format!("reason.any.{}", reason.as_str())), "{reason}");
        }
    }
}
