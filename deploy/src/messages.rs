//! The message catalogue: every sentence people read, in Chinese and English, from `deploy/messages/*.toml`.
//!
//! An entry is a TOML table with `zh` and `en`. Error codes stand at the top level (`[K209]`), texts of the interface
//! below `[ui.…]`, and `[phrase]` maps fixed English words that appear as parameters to Chinese. In a template
//! `{name}` is a parameter and `{name#}` a number that gets thousands separators.

mod embedded;
mod template;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::OnceLock;

use pipelines::problem::Problem;

use crate::language::Language;
pub(crate) use template::digits;
#[cfg(test)]
use template::parameters;

/// Both languages of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Chinese template.
    pub(crate) zh: String,
    /// English template.
    pub(crate) en: String,
}

/// Everything that was loaded from the files.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    /// Key (`K209`, `ui.card.done`) → message.
    pub(crate) entries: BTreeMap<String, Entry>,
    /// Fixed English words → Chinese.
    pub(crate) phrases: BTreeMap<String, String>,
}

/// Renders messages in one language.
#[derive(Debug, Clone, Copy)]
pub struct Messages {
    language: Language,
}

/// A parameter of a text.
pub(crate) type Parameter<'a> = (&'a str, &'a dyn Display);

impl Messages {
    /// Messages in a language.
    pub fn new(language: Language) -> Self {
        Self { language }
    }

    /// The language.
    pub fn language(self) -> Language {
        self.language
    }

    /// A text of the interface, by its key below `ui.`. A key that does not exist is shown as it is.
    pub(crate) fn text(self, key: &str, parameters: &[Parameter<'_>]) -> String {
        let full = format!("ui.{key}");
        let values = parameters.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
        match catalogue().entries.get(&full) {
            Some(entry) => self.render(entry, &values),
            None => full,
        }
    }

    /// Whether the interface has a text of that key.
    pub(crate) fn has(self, key: &str) -> bool {
        catalogue().entries.contains_key(&format!("ui.{key}"))
    }

    /// The sentence of a code, or `None` where the catalogue has no entry.
    pub fn code(self, code: &str, parameters: &BTreeMap<String, String>) -> Option<String> {
        catalogue().entries.get(code).map(|entry| self.render(entry, parameters))
    }

    /// The sentence of a problem; its own English sentence where the catalogue does not know the code.
    pub fn problem(self, problem: &Problem) -> String {
        let params = problem.params.iter().map(|(name, value)| (name.clone(), self.nested(value))).collect();
        self.code(&problem.code, &params).unwrap_or_else(|| problem.message.clone())
    }

    /// A parameter that is itself an error (`{"code":"K201",…}`) as its sentence; any other as it is.
    fn nested(self, value: &str) -> String {
        if !value.starts_with('{') {
            return value.to_owned();
        }
        let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(value) else {
            return value.to_owned();
        };
        let Some(code) = fields.get("code").and_then(|code| code.as_str()) else {
            return value.to_owned();
        };
        let text = |field: &serde_json::Value| field.as_str().map_or_else(|| field.to_string(), str::to_owned);
        let params = fields.iter().map(|(name, field)| (name.clone(), text(field))).collect();
        self.code(code, &params).unwrap_or_else(|| value.to_owned())
    }

    /// A fixed English word or short phrase in the reader's language; unknown ones stay as they are.
    pub fn phrase(self, english: &str) -> String {
        match self.language {
            Language::Zh => catalogue().phrases.get(english).cloned().unwrap_or_else(|| english.to_owned()),
            Language::En => english.to_owned(),
        }
    }

    fn render(self, entry: &Entry, parameters: &BTreeMap<String, String>) -> String {
        let template = match self.language {
            Language::Zh => &entry.zh,
            Language::En => &entry.en,
        };
        template::render(template, |name| {
            let value = parameters.get(name)?;
            // A `step` of ours is a phrase; one of a definition is a name, which has no spaces.
            let worded = WORDS.contains(&name) || (name == "step" && value.contains(' '));
            Some(if worded { self.phrase(value) } else { value.clone() })
        })
    }
}

/// Parameters that hold a fixed word of ours, which is translated. All others hold names, numbers and what people type,
/// which never are.
const WORDS: &[&str] = &[
    "action",
    "asked",
    "ceiling",
    "data_type",
    "demanded_by",
    "detail",
    "disposition",
    "fault",
    "feature",
    "from_kind",
    "grade",
    "kind",
    "mode",
    "operation",
    "parameter",
    "phase",
    "place",
    "reason",
    "status",
    "unit",
    "what",
];

/// The catalogue, read once. A file that does not parse loads as far as it is usable; a test refuses such a file.
pub(crate) fn catalogue() -> &'static Catalogue {
    static LOADED: OnceLock<Catalogue> = OnceLock::new();
    LOADED.get_or_init(|| {
        let mut catalogue = Catalogue::default();
        for (_, text) in embedded::FILES {
            if let Ok(table) = text.parse::<toml::Table>() {
                catalogue.add("", &table);
            }
        }
        catalogue
    })
}

impl Catalogue {
    fn add(&mut self, prefix: &str, table: &toml::Table) {
        for (name, value) in table {
            let Some(inner) = value.as_table() else {
                continue;
            };
            if prefix.is_empty() && name == "phrase" {
                let words = inner.iter().filter_map(|(english, zh)| Some((english.clone(), zh.as_str()?.to_owned())));
                self.phrases.extend(words);
                continue;
            }
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            if let (Some(zh), Some(en)) = (text_of(inner, "zh"), text_of(inner, "en")) {
                self.entries.insert(key, Entry { zh, en });
            } else {
                self.add(&key, inner);
            }
        }
    }
}

fn text_of(table: &toml::Table, name: &str) -> Option<String> {
    Some(table.get(name)?.as_str()?.to_owned())
}

impl pipelines::spec::diagnostic::Catalogue for Messages {
    fn text(&self, code: &str, params: &BTreeMap<String, String>) -> Option<String> {
        self.code(code, params)
    }
}

#[cfg(test)]
mod tests;
