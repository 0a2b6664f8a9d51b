//! TOML text → a small tree in which every key and value knows its bytes.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::mistake::Mistake;

/// Deepest nesting of tables and lists.
pub(crate) const DEEPEST: usize = 64;
/// Most syntax mistakes of one file that are shown.
const MOST_SYNTAX: usize = 10;

/// A value and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Text(String),
    /// `None` does not fit 64 bits.
    Integer(Option<i64>),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    Array(Vec<Node>),
    /// Keys in the order of the file.
    Table(Vec<(Key, Node)>),
}

/// A key and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: Range<usize>,
}

/// A tree and the mistakes of its syntax; with mistakes, the tree is what could be recovered.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) root: Node,
    pub(crate) mistakes: Vec<(Range<usize>, Mistake)>,
}

/// Parses a whole file.
pub(crate) fn parse(text: &str) -> Parsed {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut mistakes = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let again = mistakes.iter().any(|(other, _): &(Range<usize>, _)| same_line(text, other.start, span.start));
        if !again && mistakes.len() < MOST_SYNTAX {
            let detail = error.message().chars().take(200).collect();
            mistakes.push((span, Mistake::Syntax { detail }));
        }
    }
    let span = table.span();
    let kind = convert_table(table.into_inner(), 1, &mut mistakes);
    Parsed { root: Node { span, kind }, mistakes }
}

fn same_line(text: &str, one: usize, other: usize) -> bool {
    let (low, high) = (one.min(other), one.max(other).min(text.len()));
    text.as_bytes().get(low..high).is_none_or(|between| !between.contains(&b'\n'))
}

fn convert_table(table: DeTable<'_>, depth: usize, mistakes: &mut Vec<(Range<usize>, Mistake)>) -> Kind {
    let mut entries: Vec<(Key, Node)> = table
        .into_iter()
        .map(|(key, value)| {
            let key = Key { span: key.span(), name: key.into_inner().into_owned() };
            let span = value.span();
            let kind = convert(value.into_inner(), &span, depth + 1, mistakes);
            (key, Node { span, kind })
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    Kind::Table(entries)
}

fn convert(value: DeValue<'_>, span: &Range<usize>, depth: usize, mistakes: &mut Vec<(Range<usize>, Mistake)>) -> Kind {
    if depth > DEEPEST && matches!(value, DeValue::Array(_) | DeValue::Table(_)) {
        if !mistakes.iter().any(|(_, mistake)| matches!(mistake, Mistake::TooDeep { .. })) {
            mistakes.push((span.clone(), Mistake::TooDeep { limit: DEEPEST }));
        }
        return Kind::Table(Vec::new());
    }
    match value {
        DeValue::String(text) => Kind::Text(text.into_owned()),
        DeValue::Integer(number) => Kind::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()),
        DeValue::Float(number) => Kind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Kind::Boolean(flag),
        DeValue::Datetime(time) => Kind::Datetime(time.to_string()),
        DeValue::Array(items) => Kind::Array(
            items
                .into_iter()
                .map(|item| {
                    let span = item.span();
                    let kind = convert(item.into_inner(), &span, depth + 1, mistakes);
                    Node { span, kind }
                })
                .collect(),
        ),
        DeValue::Table(table) => convert_table(table, depth, mistakes),
    }
}

/// Where keys and values of a file stand, by path: `library[0].key[1]`, `transform[2].rename."a.b"`.
#[derive(Debug, Clone, Default)]
pub struct SpanMap {
    places: BTreeMap<String, Place>,
}

#[derive(Debug, Clone)]
struct Place {
    key: Option<Range<usize>>,
    value: Range<usize>,
}

impl SpanMap {
    pub(crate) fn of(root: &Node) -> Self {
        let mut map = Self::default();
        map.add(String::new(), None, root);
        map
    }

    fn add(&mut self, path: String, key: Option<Range<usize>>, node: &Node) {
        match &node.kind {
            Kind::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.add(format!("{path}[{index}]"), None, item);
                }
            }
            Kind::Table(entries) => {
                for (key, value) in entries {
                    self.add(child(&path, &key.name), Some(key.span.clone()), value);
                }
            }
            _ => {}
        }
        self.places.insert(path, Place { key, value: node.span.clone() });
    }

    /// Bytes of the value at a path, or of the nearest enclosing one that the file holds.
    pub fn value(&self, path: &str) -> Option<Range<usize>> {
        self.nearest(path).map(|place| place.value.clone())
    }

    /// Bytes of the key at a path; of the value where it has none.
    pub fn key(&self, path: &str) -> Option<Range<usize>> {
        self.nearest(path).map(|place| place.key.clone().unwrap_or_else(|| place.value.clone()))
    }

    /// Whether the file holds a value at exactly this path.
    pub fn has(&self, path: &str) -> bool {
        self.places.contains_key(path)
    }

    fn nearest(&self, path: &str) -> Option<&Place> {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path).filter(|_| !path.is_empty()) {
                return Some(place);
            }
            path = &path[..path.rfind(['.', '['])?];
        }
    }
}

/// The path of a key inside a table.
pub(crate) fn child(path: &str, name: &str) -> String {
    let plain = !name.is_empty() && !name.contains(['.', '[', ']', '"']);
    let name = if plain { name.to_owned() } else { format!("{name:?}") };
    if path.is_empty() { name } else { format!("{path}.{name}") }
}
