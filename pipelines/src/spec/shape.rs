//! A JSON Schema as schemars writes it, seen as the few shapes our grammar has.

use serde_json::{Map, Value};

/// One thing a schema allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape<'s> {
    /// JSON type: `object`, `array`, `string`, `integer`, `number`, `boolean`.
    pub(crate) kind: &'s str,
    /// Keywords of the schema.
    pub(crate) keywords: &'s Map<String, Value>,
    /// Name of the definition it comes from, if any.
    pub(crate) name: Option<&'s str>,
}

/// A schema document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema<'s> {
    root: &'s Value,
}

impl<'s> Schema<'s> {
    pub(crate) fn new(root: &'s Value) -> Self {
        Self { root }
    }

    pub(crate) fn root(self) -> &'s Value {
        self.root
    }

    /// Everything a schema allows, references followed and alternatives flattened; `null` is left out, TOML has none. An
    /// empty list means: anything.
    pub(crate) fn shapes(self, schema: &'s Value) -> Vec<Shape<'s>> {
        let mut shapes = Vec::new();
        self.collect(schema, None, &mut shapes, 0);
        shapes
    }

    fn collect(self, schema: &'s Value, name: Option<&'s str>, out: &mut Vec<Shape<'s>>, depth: usize) {
        let Some(keywords) = schema.as_object().filter(|_| depth < 16) else {
            return;
        };
        if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
            let found = reference.strip_prefix("#/$defs/").and_then(|name| {
                let definition = self.root.get("$defs")?.get(name)?;
                Some((name, definition))
            });
            if let Some((name, definition)) = found {
                self.collect(definition, Some(name), out, depth + 1);
            }
            return;
        }
        for alternatives in ["anyOf", "oneOf"] {
            if let Some(list) = keywords.get(alternatives).and_then(Value::as_array) {
                for alternative in list {
                    self.collect(alternative, name, out, depth + 1);
                }
                return;
            }
        }
        let kinds: Vec<&str> = match keywords.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ if keywords.contains_key("const") || keywords.contains_key("enum") => vec!["string"],
            _ => Vec::new(),
        };
        let known = kinds.into_iter().filter(|kind| *kind != "null");
        out.extend(known.map(|kind| Shape { kind, keywords, name }));
    }
}

impl<'s> Shape<'s> {
    /// The texts it allows, if it is a word of a list.
    pub(crate) fn words(&self) -> Option<Vec<&'s str>> {
        if let Some(word) = self.keywords.get("const").and_then(Value::as_str) {
            return Some(vec![word]);
        }
        let list = self.keywords.get("enum")?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).collect())
    }

    /// The schema of a key of an object.
    pub(crate) fn property(&self, key: &str) -> Option<&'s Value> {
        self.properties().and_then(|properties| properties.get(key))
    }

    pub(crate) fn properties(&self) -> Option<&'s Map<String, Value>> {
        self.keywords.get("properties").and_then(Value::as_object)
    }

    /// The schema of the values of a map with free keys.
    pub(crate) fn values(&self) -> Option<&'s Value> {
        self.keywords.get("additionalProperties").filter(|schema| schema.is_object())
    }

    /// Whether keys it does not name are allowed.
    pub(crate) fn is_open(&self) -> bool {
        self.keywords.get("additionalProperties") != Some(&Value::Bool(false))
    }

    pub(crate) fn required(&self) -> impl Iterator<Item = &'s str> {
        self.keywords.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    pub(crate) fn items(&self) -> Option<&'s Value> {
        self.keywords.get("items")
    }

    pub(crate) fn is_date(&self) -> bool {
        self.keywords.get("format").and_then(Value::as_str) == Some("date")
    }

    /// Bounds of an integer: what it says itself, and what its format can hold.
    pub(crate) fn integer_bounds(&self) -> (i64, i64) {
        let format = self.keywords.get("format").and_then(Value::as_str).unwrap_or("");
        let (lowest, highest) = match format {
            "uint8" => (0, i64::from(u8::MAX)),
            "uint16" => (0, i64::from(u16::MAX)),
            "uint32" => (0, i64::from(u32::MAX)),
            "uint" | "uint64" => (0, i64::MAX),
            _ => (i64::MIN, i64::MAX),
        };
        let bound = |key: &str| self.keywords.get(key).and_then(Value::as_i64);
        (bound("minimum").unwrap_or(lowest).max(lowest), bound("maximum").unwrap_or(highest).min(highest))
    }

    /// Whether a number lies within the bounds, and the bounds in words.
    pub(crate) fn number_fits(&self, number: f64) -> Result<(), String> {
        let bound = |key: &str| self.keywords.get(key).and_then(Value::as_f64);
        let above = bound("exclusiveMinimum").is_none_or(|low| number > low);
        let at_least = bound("minimum").is_none_or(|low| number >= low);
        let at_most = bound("maximum").is_none_or(|high| number <= high);
        if above && at_least && at_most && number.is_finite() {
            return Ok(());
        }
        let mut words = Vec::new();
        words.extend(bound("exclusiveMinimum").map(|low| format!("> {low}")));
        words.extend(bound("minimum").map(|low| format!("≥ {low}")));
        words.extend(bound("maximum").map(|high| format!("≤ {high}")));
        Err(if words.is_empty() { "finite".into() } else { words.join(", ") })
    }
}
