//! Tests by concern. Those of the store run twice, as one suite: on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::panic)]

mod connect;
mod decisions;
mod file;
mod files;
mod postgres;

// The same source twice: `store.rs` asks which of the two it is.
#[path = "tests/store.rs"]
mod on_postgresql;
#[allow(clippy::duplicate_mod)]
#[path = "tests/store.rs"]
mod on_sqlite;

use crate::GrantFile;

const GRANT: &str = r#"
[[grant]]
id          = "G-2026-0137"
title       = "普惠金融参保核验"
kind        = "development"
from        = "domain"
to          = "scenario:inclusive_finance"
holder      = "dev-bank"
purpose     = "credit assessment"
agreement   = { id = "A-2026-01", until = "2027-12-31" }
ceiling     = "L3"
valid_from  = 2026-01-01
valid_until = "2026-12-31"
protect     = { citizen_id = "pseudonym" }

[[grant.resources]]
resource   = "3/07/001/0001"
fields     = ["citizen_id", "name"]
row_fields = ["status"]
"#;

fn grants(text: &str) -> Vec<crate::Grant> {
    toml::from_str::<GrantFile>(text).unwrap().grant
}
