//! Where the files of a partition lie.
//!
//! The Delta protocol takes partition values from the log, but some readers (Polars) take them from the directories,
//! so files lie in Hive directories and a commit insists on it.

use std::collections::BTreeMap;

use super::Snapshot;

/// What Hive writes for null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

impl Snapshot {
    /// The directory, relative to the table and ending with a slash, of files with these partition values;
    /// empty for a table without partitions. An empty value is null (Delta protocol, "Partition Value Serialization").
    #[must_use]
    pub fn directory(&self, values: &BTreeMap<String, Option<String>>) -> String {
        let mut directory = String::new();
        for column in self.partition_columns() {
            let value = values.get(&column).and_then(Option::as_deref).filter(|value| !value.is_empty());
            escape(&column, &mut directory);
            directory.push('=');
            match value {
                Some(value) => escape(value, &mut directory),
                None => directory.push_str(NULL),
            }
            directory.push('/');
        }
        directory
    }
}

/// Percent escapes of Hive's and Spark's `escapePathName`.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        if character.is_ascii_control() || "\"#%'*/:=?\\{[]^".contains(character) {
            out.push_str(&format!("%{:02X}", u32::from(character)));
        } else {
            out.push(character);
        }
    }
}
