//! Hostile data files.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;

use super::{GOOD, PIPELINE, after_a_good_day, bounded, fails, published, refused};
use crate::harness::squeeze;

const HEADER: &[u8] = b"area_code,goods,amount\n";

fn csv(rest: &[u8]) -> Vec<u8> {
    [HEADER, rest].concat()
}

fn parquet(rows: usize) -> Vec<u8> {
    let fields = ["area_code", "goods"].map(|name| Field::new(name, DataType::Utf8, true));
    let amount = Field::new("amount", DataType::Int64, true);
    let schema = Arc::new(Schema::new(fields.into_iter().chain([amount]).collect::<Vec<_>>()));
    let area = StringArray::from_iter_values((0..rows).map(|_| "320902"));
    let goods = StringArray::from_iter_values((0..rows).map(|row| format!("货{row}")));
    let amounts = Int64Array::from_iter_values(0..i64::try_from(rows).unwrap());
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(area), Arc::new(goods), Arc::new(amounts)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn truncated_and_damaged_parquet() {
    let whole = parquet(5_000);
    let length = whole.len();
    refused("data.parquet", &whole[..length / 2], &["N501", "N502"]);
    refused("data.parquet", &whole[..length - 3], &["N501", "N502"]);
    refused("data.parquet", &whole[length - 200..], &["N501", "N502"]);
    refused("data.parquet", b"PAR1", &["N501"]);
    let mut torn = whole.clone();
    torn[100..length / 2].fill(0xff);
    refused("data.parquet", &torn, &["N501", "N502"]);
    let mut footer = whole;
    footer[length - 8..length - 4].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
    refused("data.parquet", &footer, &["N501", "N502"]);
}

#[test]
fn a_gzip_bomb_and_a_torn_gzip() {
    let rows = b"320902,rice,1\n".repeat(1 << 16);
    let mut bomb = squeeze::gzip(HEADER, 1);
    bomb.extend(squeeze::gzip(&rows, 1_200));
    assert!(bomb.len() < rows.len() * 1_200 / 400, "the bomb is weak: {} bytes", bomb.len());
    refused("data.csv.gz", &bomb, &["N203", "N204"]);
    let whole = squeeze::gzip(GOOD.as_bytes(), 1);
    refused("data.csv.gz", &whole[..whole.len() - 6], &["N202"]);
    refused("data.csv.gz", GOOD.as_bytes(), &["N201", "N202"]);
    refused("data.csv", &whole, &["N201", "N301", "N303"]);
}

#[test]
fn a_line_of_a_hundred_megabytes() {
    let mut long = csv(b"320902,");
    long.resize(100 << 20, b'x');
    refused("data.csv", &long, &["N304"]);
    let mut open = csv(b"320902,\"");
    open.resize(40 << 20, b'\n');
    refused("data.csv", &open, &["N304", "N310"]);
}

#[test]
fn text_that_is_not_in_its_encoding() {
    refused("data.csv", &csv(b"320902,\xff\xfe,1\n"), &["N301", "N302"]);
    refused("data.csv", &csv(b"320902,\xc3,1\n"), &["N301"]);
    for encoding in ["gbk", "gb18030"] {
        let project = after_a_good_day("data.csv");
        let text = format!("in/data.csv\"\nencoding = \"{encoding}");
        project.edit("pipelines/goods.toml", "in/data.csv", &text);
        project.put_bytes("front/in/data.csv", csv(b"320902,\x81\x20,1\n"));
        let ran = bounded(&project, &["run", PIPELINE, "--biz-date", "2026-11-02", "--json"]).ends(1);
        assert_eq!(ran.job("library:reg.goods")["problems"][0]["code"], "N301", "{encoding}");
    }
}

#[test]
fn nul_bytes() {
    refused("data.csv", &csv(b"320902,a\0b,1\n"), &["N303"]);
    refused("data.csv", b"\0\0\0\0\0\0\0\0", &["N303", "N302", "N308"]);
}

#[test]
fn headers_nobody_can_read() {
    refused("data.csv", b"area_code,goods,goods,amount\n320902,a,b,1\n", &["N306"]);
    refused("data.csv", b"area,goods,amount\n320902,a,1\n", &["P206"]);
    refused("data.csv", b"area_code,goods,amount,\n320902,a,1,x\n", &["N307"]);
    let names: Vec<String> = (0..5_000).map(|column| format!("c{column}")).collect();
    refused("data.csv", names.join(",").as_bytes(), &["N305"]);
    refused("data.csv", &csv(b"320902,a,1,2\n"), &["N309"]);
    refused("data.csv", &csv(b"320902,\"a\"b,1\n"), &["N310", "N309"]);
}

#[test]
fn five_thousand_columns_are_fine_where_the_project_says_so() {
    let project = after_a_good_day("data.csv");
    let sluice = std::fs::read_to_string(project.path("sluice.toml")).unwrap();
    project.put("sluice.toml", sluice + "columns = 6000\n");
    let names: Vec<String> = (0..5_000).map(|column| format!("c{column}")).collect();
    let values = vec!["1"; 5_000].join(",");
    project.put("front/in/data.csv", format!("area_code,goods,amount,{}\n320902,茶,9,{values}\n", names.join(",")));
    bounded(&project, &["run", PIPELINE, "--biz-date", "2026-11-02", "--json"]).ends(0);
    assert_eq!(published(&project).1.len(), 1);
}

#[test]
fn nothing_and_only_a_header() {
    refused("data.csv", b"", &["N308", "P207"]);
    refused("data.csv", HEADER, &["P207"]);
    let project = after_a_good_day("data.csv");
    project.edit("pipelines/goods.toml", "in/data.csv\"", "in/data.csv\"\non_empty = \"accept\"");
    project.put_bytes("front/in/data.csv", HEADER);
    let ran = bounded(&project, &["run", PIPELINE, "--biz-date", "2026-11-02", "--json"]).ends(0);
    assert_eq!(ran.job("library:reg.goods")["outcome"]["deleted"], 2, "an accepted empty full load deletes all");
    assert_eq!(published(&project).1.len(), 0);
}

#[test]
fn other_forms_that_are_not_what_they_say() {
    refused("data.xlsx", b"PK\x03\x04 no workbook at all", &["N601", "N602", "N603"]);
    refused("data.xlsx", GOOD.as_bytes(), &["N601"]);
    let nested = [b"{\"area_code\":".as_slice(), &b"[".repeat(200_000), b"\n"].concat();
    refused("data.ndjson", &nested, &["N401", "N402"]);
    refused("data.ndjson", b"[1,2,3]\n", &["N401"]);
}

#[test]
fn a_database_that_is_none() {
    let project = after_a_good_day("data.csv");
    project.edit("pipelines/goods.toml", "connection = \"front\"", "connection = \"clinic\"");
    project.edit("pipelines/goods.toml", "files = \"in/data.csv\"", "table = \"stock\"");
    let before = published(&project);
    project.put_bytes("clinic/clinic.db", b"SQLite format 3\0 and nothing of the kind".repeat(200));
    let ran = bounded(&project, &["run", PIPELINE, "--biz-date", "2026-11-02", "--json"]).ends(1);
    let job = ran.job("library:reg.goods");
    assert!(job["problems"][0]["code"].as_str().unwrap().starts_with("N7"), "{job}");
    assert_eq!(published(&project).1, before.1);
}

#[test]
fn one_bad_file_among_good_ones_publishes_none_of_them() {
    let project = after_a_good_day("data*.csv");
    project.put("front/in/data1.csv", "area_code,goods,amount\n320902,盐,4\n");
    project.put_bytes("front/in/data2.csv", csv(b"320902,a\0b,1\n"));
    let before = published(&project);
    let ran = bounded(&project, &["run", PIPELINE, "--biz-date", "2026-11-02", "--json"]).ends(1);
    assert_eq!(ran.job("library:reg.goods")["problems"][0]["code"], "N303");
    let after = published(&project);
    assert_eq!((after.0, after.1), (before.0, before.1));
}

#[test]
fn the_message_is_chinese_and_says_where() {
    let project = after_a_good_day("data.csv");
    project.put_bytes("front/in/data.csv", csv("320902,米,1\n320902,油\0,1\n".as_bytes()));
    let told = bounded(&project, &["run", PIPELINE, "--biz-date", "2026-11-02"]).ends(1);
    assert!(told.out.contains("[N303]") && told.out.contains("第3行"), "{}", told.out);
    fails(&project, "data.csv", &csv(b"320902,a\0b,1\n"), &["N303"]);
}
