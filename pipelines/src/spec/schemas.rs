//! JSON Schemas of every kind of file, for editors and for [`super::walk`].

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use super::calendar::CalendarSpec;
use super::duty::DutySpec;
use super::pipeline::PipelineSpec;
use super::project::{ConnectionsSpec, ProjectSpec};

/// The schema of a struct, as JSON.
pub fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

/// All schemas: file name and JSON text, ready to be written beside each other.
pub fn schemas() -> Vec<(&'static str, String)> {
    let text = |schema: Value| format!("{schema:#}\n");
    vec![
        ("sluice.schema.json", text(schema_of::<ProjectSpec>())),
        ("connections.schema.json", text(schema_of::<ConnectionsSpec>())),
        ("catalog.schema.json", text(schema_of::<catalog::CatalogFile>())),
        ("policy.schema.json", text(schema_of::<catalog::Policy>())),
        ("grants.schema.json", text(schema_of::<catalog::GrantFile>())),
        ("pipeline.schema.json", text(schema_of::<PipelineSpec>())),
        ("calendar.schema.json", text(schema_of::<CalendarSpec>())),
        ("duty.schema.json", text(schema_of::<DutySpec>())),
        ("notice.schema.json", text(schema_of::<crate::notice::document::Document>())),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::shape::Schema;
    use super::super::walk::stand_in;
    use super::*;

    /// With SLUICE_WRITE_SCHEMAS set, writes the committed schemas anew instead.
    #[test]
    fn committed_schemas_are_current() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        for (name, text) in schemas() {
            let path = folder.join(name);
            if std::env::var_os("SLUICE_WRITE_SCHEMAS").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == text, "{name} is stale: run `sluice schema --write pipelines/schemas`");
        }
    }

    #[test]
    fn a_stand_in_of_every_file_reads_back() {
        fn check<T: JsonSchema + serde::de::DeserializeOwned>() {
            let schema = schema_of::<T>();
            let value = stand_in(Schema::new(&schema), &schema);
            assert!(serde_json::from_value::<T>(value).is_ok());
        }
        check::<ProjectSpec>();
        check::<ConnectionsSpec>();
        check::<catalog::CatalogFile>();
        check::<catalog::Policy>();
        check::<catalog::GrantFile>();
        check::<PipelineSpec>();
        check::<CalendarSpec>();
        check::<DutySpec>();
        check::<super::super::pipeline::LibrarySpec>();
        check::<super::super::pipeline::SupplySpec>();
        check::<super::super::pipeline::CheckSpec>();
        check::<catalog::Grant>();
        check::<catalog::Resource>();
        check::<catalog::Item>();
    }

    /// The walker knows forms by name; a pattern it does not know would be reported without its place.
    #[test]
    fn every_pattern_belongs_to_a_known_form() {
        fn look(value: &Value, name: &str) {
            match value {
                Value::Object(map) => {
                    let date = map.get("format").and_then(Value::as_str) == Some("date");
                    let known = date || matches!(name, "Zone" | "ItemType");
                    assert!(known || !map.contains_key("pattern") || map["pattern"].is_object(), "{name}: {value}");
                    map.iter().for_each(|(key, inner)| look(inner, if key == "$defs" { "" } else { key }));
                }
                Value::Array(items) => items.iter().for_each(|item| look(item, name)),
                _ => {}
            }
        }
        for (_, text) in schemas() {
            look(&serde_json::from_str(&text).unwrap(), "");
        }
    }
}
