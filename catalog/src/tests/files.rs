//! The TOML grammar of resources, policies and grants.

use super::{GRANT, grants};
use crate::resource::{CatalogFile, ItemType, check_code};
use crate::{Grade, GrantFile, Policy, Protection};

const RESOURCE: &str = r#"
[[organisation]]
id   = "320900-hrss"
name = "盐城市人力资源和社会保障局"

[[resource]]
code         = "3/07/001/0001"
title        = "参保人员信息"
provider     = "320900-hrss"
summary      = "城镇职工参保"
format       = "database"
sharing      = { type = 2, condition = "业务协同", method = "前置机" }
update_cycle = "daily"
release_date = 2024-12-01
related      = ["1/01/001/0001"]

[[resource.item]]
name     = "citizen_id"
title    = "公民身份号码"
type     = "text"
standard = "citizen_id"
grade    = "L3"
required = true
unique   = true

[[resource.item]]
name  = "contribution_base"
title = "缴费基数"
type  = "decimal(12,2)"
grade = "L2"
range = { min = 0, max = "99999.99" }
length = { max = 9 }
"#;

#[test]
fn a_resource_reads_and_writes_back_the_same() {
    let file: CatalogFile = toml::from_str(RESOURCE).unwrap();
    let resource = &file.resource[0];
    assert_eq!(resource.release_date, crate::date::parse("2024-12-01"));
    let base = resource.item("contribution_base").unwrap();
    assert_eq!(base.data_type, ItemType::Decimal { precision: 12, scale: 2 });
    let range = base.range.as_ref().unwrap();
    assert_eq!((range.min.as_ref().unwrap().as_str(), range.max.as_ref().unwrap().as_str()), ("0", "99999.99"));
    assert!(resource.item("citizen_id").unwrap().unique && resource.item("none").is_none());
    let again: CatalogFile = toml::from_str(&toml::to_string(&file).unwrap()).unwrap();
    assert_eq!(again, file);
}

#[test]
fn unknown_keys_and_wrong_values_are_refused() {
    for (good, bad) in [
        ("title        =", "titel        ="),
        ("type = 2", "type = 4"),
        ("\"database\"", "\"oracle\""),
        ("\"daily\"", "\"hourly\""),
        ("2024-12-01", "\"2024-12-1\""),
        ("\"decimal(12,2)\"", "\"decimal(12,13)\""),
        ("\"decimal(12,2)\"", "\"decimal(39,2)\""),
        ("grade = \"L2\"", "grade = \"L5\""),
    ] {
        assert!(RESOURCE.contains(good));
        assert!(toml::from_str::<CatalogFile>(&RESOURCE.replacen(good, bad, 1)).is_err(), "{bad}");
    }
}

#[test]
fn item_types_print_as_they_are_written() {
    for text in ["text", "integer", "decimal(38,0)", "float", "boolean", "date", "timestamp", "binary"] {
        assert_eq!(text.parse::<ItemType>().unwrap().to_string(), text);
    }
    for bad in ["", "Text", "decimal", "decimal(0,0)", "decimal(5)", "decimal(5,-1)", "varchar(20)"] {
        assert!(bad.parse::<ItemType>().is_err(), "{bad}");
    }
}

#[test]
fn resource_codes_have_the_parts_of_the_catalogue() {
    for good in ["3/07/001/0001", "3/07/001/12/0001"] {
        check_code(good).unwrap();
    }
    for bad in ["", "3/07/001", "30/7/001/0001", "3/07/001/", "3/07/001/00a1", "3/07/001/../x", "3/07/001/1/2/3"] {
        assert!(check_code(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_shipped_policy_survives_its_own_grammar() {
    let shipped = Policy::shipped();
    let again: Policy = toml::from_str(&toml::to_string(&shipped).unwrap()).unwrap();
    assert_eq!(again.digest().unwrap(), shipped.digest().unwrap());
    let mut stricter = shipped.clone();
    stricter.rule.pop();
    assert_ne!(stricter.digest().unwrap(), shipped.digest().unwrap());
}

#[test]
fn a_grant_reads_with_its_defaults_and_never_its_provenance() {
    let grant = &grants(GRANT)[0];
    assert_eq!(grant.ceiling, Grade::L3);
    assert_eq!(grant.protect["citizen_id"], Protection::Pseudonym);
    assert_eq!(grant.state, crate::grant::GrantState::Active);
    let forged = GRANT.replace("holder ", "provenance = \"approved\"\nholder ");
    assert!(toml::from_str::<GrantFile>(&forged).is_err());
    let training = GRANT.replace("holder ", "sample = { max_rate = 0.05 }\nholder ");
    let rate = grants(&training)[0].sample.as_ref().unwrap().max_rate;
    assert!((rate.as_f64() - 0.05).abs() < 1e-9);
    for bad in ["0.0", "1.5", "-0.1", "nan", "0.0000001"] {
        let text = GRANT.replace("holder ", &format!("sample = {{ max_rate = {bad} }}\nholder "));
        assert!(toml::from_str::<GrantFile>(&text).is_err(), "{bad}");
    }
}

#[test]
fn every_file_has_a_schema_that_forbids_unknown_keys() {
    let schemas = [schemars::schema_for!(CatalogFile), schemars::schema_for!(Policy), schemars::schema_for!(GrantFile)];
    for schema in schemas {
        assert_eq!(schema.get("additionalProperties"), Some(&serde_json::json!(false)));
    }
}
