//! Names of data files: the same publication on the same snapshot writes the same names, so what a crash left behind is
//! written over or found complete.

use xxhash_rust::xxh3::xxh3_64;

use super::Publication;

/// Values of the partition columns, in their order; `None` is a missing value.
pub(super) type Partition = Vec<(String, Option<String>)>;

/// A staged file that becomes a table file as it is. Independent of the snapshot.
pub(super) fn linked(publication: &Publication, partition: &Partition, number: usize) -> String {
    format!("{}part-{:016x}-{}-{number}.parquet", folder(partition), app(publication), publication.sequence)
}

/// A file written from rows of `version` and of the stage.
pub(super) fn written(publication: &Publication, partition: &Partition, version: i64, number: &str) -> String {
    let (folder, app, sequence) = (folder(partition), app(publication), publication.sequence);
    format!("{folder}part-{app:016x}-{sequence}-v{version}-{number}.parquet")
}

fn app(publication: &Publication) -> u64 {
    xxh3_64(publication.app_id.as_bytes())
}

/// `column=value/` a partition column. The values that count are in the log; a value that is no plain file name is
/// shown by its hash.
fn folder(partition: &Partition) -> String {
    let plain = |text: &str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
    };
    let shown = |text: &str| {
        if plain(text) { text.to_owned() } else { format!("x{:016x}", xxh3_64(text.as_bytes())) }
    };
    let part = |(column, value): &(String, Option<String>)| {
        let value = value.as_deref().map_or_else(|| "__HIVE_DEFAULT_PARTITION__".to_owned(), shown);
        format!("{}={value}/", shown(column))
    };
    partition.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::folder;

    #[test]
    fn values_that_are_no_file_names_are_hashed() {
        let partition = |value: Option<&str>| folder(&vec![("area".to_owned(), value.map(str::to_owned))]);
        assert_eq!(partition(Some("320902")), "area=320902/");
        assert_eq!(partition(None), "area=__HIVE_DEFAULT_PARTITION__/");
        for value in ["", "../x", "盐都区", "a b", "%2e"] {
            let folder = partition(Some(value));
            assert!(folder.starts_with("area=x") && folder.is_ascii() && !folder.contains(['%', '.', ' ']));
        }
    }
}
