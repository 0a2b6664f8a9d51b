//! Filling `{name}` and `{name#}` in a template.

/// Replaces every placeholder by what `value` gives for its name; a name without a value stays as written.
pub(crate) fn render(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        out.push_str(&rest[..start]);
        let after = &rest[start + 1..];
        let Some(end) = after.find('}') else {
            out.push_str(&rest[start..]);
            return out;
        };
        let inner = &after[..end];
        let (name, grouped) = match inner.strip_suffix('#') {
            Some(name) => (name, true),
            None => (inner, false),
        };
        match value(name) {
            Some(text) if grouped => out.push_str(&digits(&text)),
            Some(text) => out.push_str(&text),
            None => {
                out.push('{');
                out.push_str(inner);
                out.push('}');
            }
        }
        rest = &after[end + 1..];
    }
    out.push_str(rest);
    out
}

/// A whole number with thousands separators, `1203441` → `1,203,441`; any other text unchanged.
pub(crate) fn digits(number: &str) -> String {
    let (sign, body) = match number.strip_prefix('-') {
        Some(body) => ("-", body),
        None => ("", number),
    };
    if body.is_empty() || !body.bytes().all(|byte| byte.is_ascii_digit()) {
        return number.to_owned();
    }
    let mut out = String::with_capacity(number.len() + body.len() / 3 + 1);
    out.push_str(sign);
    for (index, digit) in body.chars().enumerate() {
        if index > 0 && (body.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The names a template asks for, sorted, once each.
#[cfg(test)]
pub(super) fn parameters(template: &str) -> Vec<String> {
    let mut names: Vec<String> = template
        .split('{')
        .skip(1)
        .filter_map(|piece| Some(piece.split_once('}')?.0.trim_end_matches('#').to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_get_separators_and_texts_do_not() {
        assert_eq!(digits("0"), "0");
        assert_eq!(digits("999"), "999");
        assert_eq!(digits("1000"), "1,000");
        assert_eq!(digits("-1203441"), "-1,203,441");
        assert_eq!(digits("2026-11-20"), "2026-11-20");
        assert_eq!(digits("-"), "-");
    }

    #[test]
    fn placeholders_are_filled_and_unknown_ones_stay() {
        let value = |name: &str| (name == "rows").then(|| "12345".to_owned());
        assert_eq!(render("读入{rows#}行/{rows}，{other}", value), "读入12,345行/12345，{other}");
        assert_eq!(render("open {rows", value), "open {rows");
        assert_eq!(parameters("{b} {a#} {b}"), ["a", "b"]);
    }
}
