//! 市数据局: the list of counties, a small UTF-8 TSV.

use std::path::Path;

use super::person::AREAS;
use super::text_file;
use crate::error::Error;

/// Resource code.
pub(super) const CODE: &str = "1/03/001/0001";

/// Writes `area.tsv`.
pub(super) async fn write(folder: &Path) -> Result<u64, Error> {
    let mut text = String::from("area_code\tcounty\n");
    for (code, name) in AREAS {
        text.push_str(&format!("{code}\t{name}\n"));
    }
    text_file::small(&folder.join("area.tsv"), &text).await?;
    Ok(AREAS.len() as u64)
}
