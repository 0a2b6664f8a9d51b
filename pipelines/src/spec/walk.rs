//! The tree of a file against the schema of its struct: all mistakes at once, and the JSON that serde then reads.
//!
//! What is wrong is left out of the JSON, or replaced by a stand-in where the struct needs something, so that the checks
//! that follow see the rest of the file. Paths at which that happened are *doubtful*: nothing more is said about them.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::{Map, Number, Value};

use super::forms::cut;
use super::mistake::{Hint, Mistake};
use super::secret;
use super::shape::{Schema, Shape};
use super::tree::{Kind, Node, child};

/// Most mistakes of one file that are collected, one more than are shown.
const MOST: usize = 100;

/// A mistake of structure at its bytes.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) span: Range<usize>,
    pub(crate) mistake: Mistake,
    pub(crate) hint: Option<Hint>,
}

/// What a walk came to.
#[derive(Debug)]
pub(crate) struct Walked {
    pub(crate) json: Value,
    pub(crate) found: Vec<Found>,
    pub(crate) doubtful: BTreeSet<String>,
}

/// Walks a file. `complete`: whether its syntax was right; if not, missing keys are not reported.
pub(crate) fn walk(schema: &Value, root: &Node, complete: bool) -> Walked {
    let schema = Schema::new(schema);
    let mut walker = Walker { schema, complete, found: Vec::new(), doubtful: BTreeSet::new(), secret: false };
    let json = walker.value(schema.root(), root, "").unwrap_or_else(|| stand_in(schema, schema.root()));
    Walked { json, found: walker.found, doubtful: walker.doubtful }
}

struct Walker<'s> {
    schema: Schema<'s>,
    complete: bool,
    found: Vec<Found>,
    doubtful: BTreeSet<String>,
    /// Whether the key at hand may hold a secret, so that its value is not quoted.
    secret: bool,
}

impl<'s> Walker<'s> {
    fn report(&mut self, span: &Range<usize>, mistake: Mistake, hint: Option<Hint>) {
        if self.found.len() <= MOST {
            self.found.push(Found { span: span.clone(), mistake, hint });
        }
    }

    fn value(&mut self, schema: &'s Value, node: &Node, path: &str) -> Option<Value> {
        let shapes = self.schema.shapes(schema);
        if shapes.is_empty() {
            return None;
        }
        let fitting: Vec<Shape<'s>> = shapes.iter().copied().filter(|shape| accepts(shape, &node.kind)).collect();
        let Some(first) = fitting.first().copied() else {
            let mistake =
                Mistake::WrongType { key: last(path), expected: expected(&shapes), found: describe(&node.kind) };
            let hint = if self.secret { None } else { single_hint(&shapes, &node.kind) };
            self.report(&node.span, mistake, hint);
            return None;
        };
        match &node.kind {
            Kind::Text(text) => self.text(&fitting, text, &node.span, path),
            Kind::Datetime(text) => self.text(&fitting, text, &node.span, path),
            Kind::Integer(number) => self.integer(first, *number, &node.span, path),
            Kind::Float(number) => self.number(first, *number, &node.span, path),
            Kind::Boolean(flag) => Some(Value::Bool(*flag)),
            Kind::Array(items) => Some(self.array(first, items, path)),
            Kind::Table(entries) => {
                let best = fitting
                    .iter()
                    .max_by_key(|shape| entries.iter().filter(|(key, _)| shape.property(&key.name).is_some()).count());
                Some(self.table(best.copied().unwrap_or(first), entries, &node.span, path))
            }
        }
    }

    fn text(&mut self, shapes: &[Shape<'s>], text: &str, span: &Range<usize>, path: &str) -> Option<Value> {
        let lists: Vec<Vec<&str>> = shapes.iter().filter_map(Shape::words).collect();
        if lists.len() == shapes.len() {
            let words: Vec<&str> = lists.into_iter().flatten().collect();
            if !words.contains(&text) {
                let value = if self.secret { "…".to_owned() } else { cut(text) };
                let hint = Hint::among(text, words.iter().copied());
                self.report(span, Mistake::UnknownValue { key: last(path), value }, hint);
                return None;
            }
        } else if let Some(mistake) = shapes.first().and_then(|shape| unreadable(shape, text)) {
            self.report(span, mistake, None);
            return None;
        }
        Some(Value::String(text.to_owned()))
    }

    fn integer(&mut self, shape: Shape<'s>, number: Option<i64>, span: &Range<usize>, path: &str) -> Option<Value> {
        let (lowest, highest) = shape.integer_bounds();
        let fits = number.filter(|number| (lowest..=highest).contains(number));
        let bounds = match (shape.kind, fits) {
            ("number", Some(number)) => {
                return self.number(shape, number as f64, span, path).map(|_| number.into());
            }
            (_, Some(number)) => return Some(number.into()),
            _ if highest == i64::MAX && lowest == i64::MIN => "64 bits".to_owned(),
            _ if highest == i64::MAX => format!("≥ {lowest}"),
            _ => format!("{lowest} … {highest}"),
        };
        self.report(span, Mistake::OutOfBounds { key: last(path), bounds }, None);
        None
    }

    fn number(&mut self, shape: Shape<'s>, number: f64, span: &Range<usize>, path: &str) -> Option<Value> {
        match shape.number_fits(number) {
            Ok(()) => Number::from_f64(number).map(Value::Number),
            Err(bounds) => {
                self.report(span, Mistake::OutOfBounds { key: last(path), bounds }, None);
                None
            }
        }
    }

    fn array(&mut self, shape: Shape<'s>, items: &[Node], path: &str) -> Value {
        let Some(schema) = shape.items() else {
            return Value::Array(Vec::new());
        };
        let mut values = Vec::with_capacity(items.len().min(1024));
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            values.push(match self.value(schema, item, &path) {
                Some(value) => value,
                None => {
                    self.doubtful.insert(path);
                    stand_in(self.schema, schema)
                }
            });
        }
        Value::Array(values)
    }

    fn table(
        &mut self,
        shape: Shape<'s>,
        entries: &[(super::tree::Key, Node)],
        span: &Range<usize>,
        path: &str,
    ) -> Value {
        let mut out = Map::new();
        for (key, node) in entries {
            let path = child(path, &key.name);
            let Some(schema) = shape.property(&key.name).or_else(|| shape.values()) else {
                if !shape.is_open() {
                    self.unknown(shape, key, entries, parent(&path));
                }
                continue;
            };
            let outer = std::mem::replace(&mut self.secret, secret::is_secret_key(&key.name));
            match self.value(schema, node, &path) {
                Some(value) => {
                    out.insert(key.name.clone(), value);
                }
                None => {
                    self.doubtful.insert(path);
                }
            }
            self.secret = outer;
        }
        self.missing(shape, entries, span, path, &mut out);
        Value::Object(out)
    }

    fn unknown(&mut self, shape: Shape<'s>, key: &super::tree::Key, entries: &[(super::tree::Key, Node)], path: &str) {
        if self.found.len() > MOST {
            return;
        }
        let free = shape.properties().into_iter().flat_map(|map| map.keys()).map(String::as_str);
        let free = free.filter(|name| !entries.iter().any(|(other, _)| other.name == *name));
        let hint = Hint::among(&key.name, free);
        // A slip of a required key is one mistake, not two.
        if let Some(Hint::DidYouMean { candidate }) = &hint {
            self.doubtful.insert(child(path, candidate));
        }
        self.report(&key.span, Mistake::UnknownKey { key: cut(&key.name), table: title(path) }, hint);
    }

    fn missing(
        &mut self,
        shape: Shape<'s>,
        entries: &[(super::tree::Key, Node)],
        span: &Range<usize>,
        path: &str,
        out: &mut Map<String, Value>,
    ) {
        for key in shape.required() {
            if out.contains_key(key) {
                continue;
            }
            let there = entries.iter().any(|(entry, _)| entry.name == key);
            if self.doubtful.insert(child(path, key)) && !there && self.complete {
                let mistake = Mistake::MissingKey { key: key.to_owned(), table: title(path) };
                self.report(span, mistake, None);
            }
            if let Some(schema) = shape.property(key) {
                out.insert(key.to_owned(), stand_in(self.schema, schema));
            }
        }
    }
}

/// Texts with a form of their own, by the name of their definition.
fn unreadable(shape: &Shape<'_>, text: &str) -> Option<Mistake> {
    match shape.name {
        Some("Zone") if text.parse::<catalog::Zone>().is_err() => Some(Mistake::BadZone { text: cut(text) }),
        Some("ItemType") if text.parse::<catalog::ItemType>().is_err() => Some(Mistake::BadType { text: cut(text) }),
        _ if shape.is_date() && catalog::date::parse(text).is_none() => Some(Mistake::BadDate { text: cut(text) }),
        _ => None,
    }
}

/// The plainest value a schema allows.
pub(crate) fn stand_in<'s>(schema: Schema<'s>, of: &'s Value) -> Value {
    let shapes = schema.shapes(of);
    let Some(shape) = shapes.first() else {
        return Value::Null;
    };
    match shape.kind {
        "object" => {
            let key = |key: &'s str| Some((key.to_owned(), stand_in(schema, shape.property(key)?)));
            Value::Object(shape.required().filter_map(key).collect())
        }
        "array" => Value::Array(Vec::new()),
        "integer" => shape.integer_bounds().0.max(0).into(),
        "number" => 1.into(),
        "boolean" => false.into(),
        _ => Value::String(match (shape.words(), shape.name) {
            (Some(words), _) => words.first().copied().unwrap_or_default().to_owned(),
            (_, Some("Zone")) => "domain".to_owned(),
            (_, Some("ItemType")) => "text".to_owned(),
            _ if shape.is_date() => "2000-01-01".to_owned(),
            _ => String::new(),
        }),
    }
}

fn accepts(shape: &Shape<'_>, kind: &Kind) -> bool {
    match kind {
        Kind::Text(_) => shape.kind == "string",
        Kind::Datetime(_) => shape.kind == "string" && shape.is_date(),
        Kind::Integer(_) => matches!(shape.kind, "integer" | "number"),
        Kind::Float(_) => shape.kind == "number",
        Kind::Boolean(_) => shape.kind == "boolean",
        Kind::Array(_) => shape.kind == "array",
        Kind::Table(_) => shape.kind == "object",
    }
}

/// How what is allowed is written, the same in every language.
fn expected(shapes: &[Shape<'_>]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for shape in shapes {
        let word = match shape.kind {
            "object" => "{ … }",
            "array" if shape.items().is_some_and(|items| items.get("$ref").is_some()) => "[[ … ]]",
            "array" => "[ … ]",
            "integer" => "123",
            "number" => "1.5",
            "boolean" => "true",
            _ if shape.is_date() => "\"2026-11-20\"",
            _ => "\"…\"",
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" | ")
}

fn describe(kind: &Kind) -> String {
    match kind {
        Kind::Text(_) => "\"…\"",
        Kind::Integer(_) => "123",
        Kind::Float(_) => "1.5",
        Kind::Boolean(_) => "true",
        Kind::Datetime(_) => "2026-11-20",
        Kind::Array(_) => "[ … ]",
        Kind::Table(_) => "{ … }",
    }
    .to_owned()
}

/// `key = "a"` where `key = ["a"]` is meant, and `key = 5` where `key = "5"` is.
fn single_hint(shapes: &[Shape<'_>], kind: &Kind) -> Option<Hint> {
    let text = match kind {
        Kind::Text(text) => {
            let of_texts = |shape: &Shape<'_>| {
                let items = shape.items().and_then(|items| items.get("type")).and_then(Value::as_str);
                shape.kind == "array" && items == Some("string")
            };
            let plain = text.len() <= 64 && !secret::is_literal(text);
            (plain && shapes.iter().any(of_texts)).then(|| format!("[{text:?}]"))?
        }
        Kind::Integer(Some(number)) => {
            let free = |shape: &Shape<'_>| shape.kind == "string" && shape.words().is_none() && shape.name.is_none();
            shapes.iter().any(free).then(|| format!("\"{number}\""))?
        }
        _ => return None,
    };
    Some(Hint::WriteInstead { text })
}

/// The last key of a path, without indices.
fn last(path: &str) -> String {
    let key = path.rsplit_once('.').map_or(path, |(_, key)| key);
    title(key)
}

/// A path as a person would say it: `library[0]` is “library”.
fn title(path: &str) -> String {
    let mut out = String::new();
    let mut skip = false;
    for c in path.chars() {
        match c {
            '[' => skip = true,
            ']' => skip = false,
            _ if !skip => out.push(c),
            _ => {}
        }
    }
    if out.is_empty() { "the file".into() } else { cut(&out) }
}

fn parent(path: &str) -> &str {
    path.rfind('.').map_or("", |at| &path[..at])
}
