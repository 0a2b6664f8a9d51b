//! Canonical JSON and the digests taken over it, so that equal definitions have equal digests everywhere.

use serde::Serialize;
use serde_json::Value;
use sm3::{Digest, Sm3};

/// JSON without white space and with the keys of every object in byte order; numbers as serde_json writes them.
///
/// Our types hold integers and strings only, for which this equals RFC 8785 as long as keys are ASCII.
/// Whether serde_json keeps insertion order (a feature another crate may switch on) has no influence.
pub fn canonical_json<T: Serialize + ?Sized>(value: &T) -> Result<String, crate::Error> {
    let value =
        serde_json::to_value(value).map_err(|_| crate::Error::Encoding { what: "canonical JSON".to_owned() })?;
    let mut out = String::new();
    write_value(&value, &mut out);
    Ok(out)
}

/// SM3 (GB/T 32905) of the canonical JSON of a value, 64 lower-case hexadecimal digits.
pub fn sm3_of<T: Serialize + ?Sized>(value: &T) -> Result<String, crate::Error> {
    Ok(sm3_hex(canonical_json(value)?.as_bytes()))
}

/// SM3 (GB/T 32905) of some bytes, 64 lower-case hexadecimal digits.
#[must_use]
pub fn sm3_hex(bytes: &[u8]) -> String {
    hex::encode(Sm3::digest(bytes))
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_value(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sm3_matches_the_vector_of_the_standard() {
        assert_eq!(sm3_hex(b"abc"), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value: Value = serde_json::from_str(r#"{"b":1,"a":[{"d":"x\"","c":null}]}"#).unwrap();
        assert_eq!(canonical_json(&value).unwrap(), r#"{"a":[{"c":null,"d":"x\""}],"b":1}"#);
    }
}
