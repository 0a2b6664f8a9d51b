#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::*;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn sources(folder: &Path, out: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            out.push(std::fs::read_to_string(path).unwrap());
        }
    }
}

fn all_sources() -> Vec<String> {
    let mut out = Vec::new();
    for member in ["catalog", "connectors", "deploy", "pipelines", "transforms"] {
        sources(&workspace().join(member).join("src"), &mut out);
    }
    out
}

/// Codes of the sources with the fields of their variants.
fn codes() -> BTreeMap<String, BTreeSet<String>> {
    let code = Regex::new(r#"rename = "([A-Z][0-9]{3})""#).unwrap();
    let field = Regex::new(r"(?m)(?:^|[{,])\s*([a-z_]+):\s").unwrap();
    let mut out = BTreeMap::new();
    for source in all_sources() {
        let found: Vec<_> =
            code.captures_iter(&source).map(|hit| (hit[1].to_owned(), hit.get(0).unwrap().end())).collect();
        for (index, (code, start)) in found.iter().enumerate() {
            let end = found.get(index + 1).map_or(source.len(), |next| next.1);
            let variant = &source[*start..end];
            let variant: String =
                variant.lines().filter(|line| !line.trim_start().starts_with("///")).collect::<Vec<_>>().join("\n");
            let body = variant.find(')').map_or("", |close| &variant[close..]);
            let fields = body.split("\n}").next().unwrap_or("");
            out.insert(code.clone(), field.captures_iter(fields).map(|hit| hit[1].to_owned()).collect());
        }
    }
    out
}

#[test]
fn every_code_has_both_languages_with_the_same_parameters_of_its_error() {
    let catalogue = catalogue();
    let codes = codes();
    assert!(codes.len() > 100, "only {} codes were found in the sources", codes.len());
    let mut wrong = Vec::new();
    for (code, fields) in &codes {
        let Some(entry) = catalogue.entries.get(code) else {
            wrong.push(format!("{code}: no entry"));
            continue;
        };
        let (zh, en) = (parameters(&entry.zh), parameters(&entry.en));
        if zh != en {
            wrong.push(format!("{code}: zh asks for {zh:?}, en for {en:?}"));
        }
        // Refusals get these two when they concern a column.
        let unknown: Vec<_> =
            zh.iter().filter(|name| !fields.contains(*name) && !["path", "column"].contains(&name.as_str())).collect();
        if !unknown.is_empty() {
            wrong.push(format!("{code}: {unknown:?} are no fields of {fields:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_parse_are_all_embedded_and_hold_both_languages() {
    for (name, text) in embedded::FILES {
        assert!(text.parse::<toml::Table>().is_ok(), "{name} does not parse");
    }
    for entry in std::fs::read_dir(workspace().join("deploy/messages")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(embedded::FILES.iter().any(|(known, _)| *known == name), "{name} is not embedded");
    }
    for (key, entry) in &catalogue().entries {
        assert_eq!(parameters(&entry.zh), parameters(&entry.en), "{key}");
    }
}

#[test]
fn every_text_that_the_sources_name_exists() {
    let call = Regex::new(r#"(?:\.text|note\(app,|text)\(?\s*"([a-z_]+(?:\.[a-z_-]+)+)""#).unwrap();
    let known = Messages::new(Language::Zh);
    let mut own = Vec::new();
    sources(&workspace().join("deploy/src"), &mut own);
    let mut named = 0;
    for source in own {
        for hit in call.captures_iter(&source) {
            assert!(known.has(&hit[1]), "ui.{} is named in the sources and not in the catalogue", &hit[1]);
            named += 1;
        }
    }
    assert!(named > 50, "only {named} texts were found");
}

#[test]
fn an_unknown_code_falls_back_to_the_english_sentence() {
    let problem =
        Problem { code: "Z999".into(), params: BTreeMap::new(), message: "all is lost".into(), retryable: false };
    assert_eq!(Messages::new(Language::Zh).problem(&problem), "all is lost");
}

#[test]
fn parameters_are_grouped_and_fixed_words_translated() {
    let mut params = BTreeMap::from([
        ("path".to_owned(), "a.csv".to_owned()),
        ("reason".to_owned(), "permission denied".to_owned()),
    ]);
    params.insert("action".into(), "read".into());
    let zh = Messages::new(Language::Zh).code("N105", &params).unwrap();
    assert_eq!(zh, "无法读取“a.csv”（没有权限）；请重试，仍不行请检查存储");
    let rows = BTreeMap::from(
        [("rows", "12000"), ("step", "s"), ("expected", "1")].map(|(a, b)| (a.to_owned(), b.to_owned())),
    );
    assert!(Messages::new(Language::En).code("P303", &rows).unwrap().contains("12,000 rows"));
}

#[test]
fn an_error_within_an_error_is_told_as_its_sentence() {
    let day = |text: &str| text.parse().unwrap();
    let refusal = catalog::Refusal::Expired { grant: "G-1".into(), until: day("2026-01-31"), on: day("2026-02-01") };
    let problem = Problem::of(&catalog::Error::PermitRefused { refusal }, false);
    let told = Messages::new(Language::Zh).problem(&problem);
    assert_eq!(told, "不能放行：授权G-1已于2026-01-31到期，2026-02-01不能使用；请向数据主管部门申请续期");
}
