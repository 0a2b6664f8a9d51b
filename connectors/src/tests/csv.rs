//! CSV: what is read, and how it is cut.

use super::support::*;
use crate::kind::Format;
use crate::{Encoding, Error, csv};

fn with(options: csv::Options, pattern: &str) -> crate::Request {
    request(Format::Csv(options), pattern)
}

#[tokio::test]
async fn reads_quotes_line_ends_blank_lines_and_missing_fields() {
    let place = Place::new();
    place.put("a.csv", "\u{feff}id, name ,note\r\n1,\"张\n三\",\"say \"\"hi\"\"\"\r\n\r\n2,,\"\"\n3,a\"b,\"x,y\"");
    let source = place.open(&csv_request("a.csv")).await.unwrap();
    let names: Vec<_> = source.schema().fields().iter().map(|f| f.name().clone()).collect();
    assert_eq!(names, ["id", "name", "note"]);
    let rows = all_rows(source.as_ref()).await.unwrap();
    assert_eq!(rows, [["1", "张\n三", "say \"hi\""], ["2", "∅", "∅"], ["3", "a\"b", "x,y"]]);
}

#[tokio::test]
async fn reads_gbk_gb18030_and_tabs() {
    let place = Place::new();
    let (gbk, _, _) = encoding_rs::GBK.encode("姓名,区\n陈镕,亭湖\n");
    place.put("g.csv", &gbk);
    let gbk_options = csv::Options { encoding: Encoding::Gbk, ..Default::default() };
    assert_eq!(outcome(&place, &with(gbk_options, "g.csv")).await.unwrap(), [["陈镕", "亭湖"]]);
    let (gb18030, _, _) = encoding_rs::GB18030.encode("姓名\t区\n𠮷田\t盐都\n");
    place.put("h.tsv", &gb18030);
    let options = csv::Options { encoding: Encoding::Gb18030, ..Default::default() };
    assert_eq!(outcome(&place, &request(Format::Tsv(options), "h.tsv")).await.unwrap(), [["𠮷田", "盐都"]]);
}

#[tokio::test]
async fn reads_compressed_files_with_several_members() {
    let place = Place::new();
    let text: String = (0..50_000).map(|i| format!("{i},\"n\n{i}\"\n")).collect();
    let mut gz = gzip(b"id,name\n").await;
    gz.extend(gzip(text.as_bytes()).await);
    place.put("a.csv.gz", gz);
    let mut zst = zstd(b"id,name\n").await;
    zst.extend(zstd(text.as_bytes()).await);
    place.put("b.csv.zst", zst);
    for path in ["a.csv.gz", "b.csv.zst"] {
        let rows = outcome(&place, &csv_request(path)).await.unwrap();
        assert_eq!(rows.len(), 50_000, "{path}");
        assert_eq!(rows[49_999], ["49999", "n\n49999"]);
    }
}

#[tokio::test]
async fn cuts_a_file_without_quotes_and_names_the_right_line() {
    let place = Place::new();
    let mut text = String::from("\"id\",name\n");
    for i in 0..10_000 {
        text.push_str(&format!("{i},名{i}\n"));
    }
    place.put("big.csv", &text);
    for splits in [1, 2, 3, 7] {
        let mut request = with(csv::Options { splits: Some(splits), ..Default::default() }, "big.csv");
        request.limits.split_bytes = 1_000;
        let source = place.open(&request).await.unwrap();
        assert_eq!(source.splits(), splits);
        let rows = all_rows(source.as_ref()).await.unwrap();
        assert_eq!(rows.len(), 10_000);
        assert!(rows.iter().enumerate().all(|(i, row)| row[0] == i.to_string()));
    }
    place.put("bad.csv", text.replace("\n9000,", "\n9000,x,"));
    let mut request = with(csv::Options { splits: Some(3), ..Default::default() }, "bad.csv");
    request.limits.split_bytes = 1_000;
    let error = outcome(&place, &request).await.unwrap_err();
    assert_eq!(error, Error::Ragged { path: "bad.csv".into(), line: 9_002, expected: 2, found: 3 });
}

#[tokio::test]
async fn a_quote_anywhere_keeps_the_file_whole() {
    let place = Place::new();
    let mut text = String::from("id,name\n");
    for i in 0..10_000 {
        text.push_str(&format!("{i},{}\n", if i == 9_999 { "\"a\nb\"" } else { "c" }));
    }
    place.put("q.csv", text);
    let mut request = with(csv::Options { splits: Some(4), ..Default::default() }, "q.csv");
    request.limits.split_bytes = 1_000;
    let source = place.open(&request).await.unwrap();
    assert_eq!(source.splits(), 1);
    assert_eq!(all_rows(source.as_ref()).await.unwrap().len(), 10_000);
}

/// The same rows as arrow-csv, an independent reader, for text made of the characters that matter.
#[tokio::test]
async fn agrees_with_an_independent_reader() {
    let place = Place::new();
    let mut seed = 7u64;
    let mut next = move |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    for _ in 0..40 {
        let mut text = String::from("a,b,c\n");
        for _ in 0..200 {
            for column in 0..3 {
                let plain: String = (0..next(6)).map(|_| ['x', '数', ' ', '1'][next(4) as usize]).collect();
                let quoted: String = (0..next(6)).map(|_| ["y", ",", "\n", "\"\"", "\r\n"][next(5) as usize]).collect();
                text.push_str(&if next(3) == 0 { format!("\"z{quoted}\"") } else { format!("w{plain}") });
                text.push_str(if column < 2 { "," } else { ["\n", "\r\n"][next(2) as usize] });
            }
        }
        place.put("r.csv", &text);
        let mut request = csv_request("r.csv");
        request.limits.batch_rows = 17;
        let source = place.open(&request).await.unwrap();
        let ours = all_rows(source.as_ref()).await.unwrap();
        let reader = arrow::csv::ReaderBuilder::new(source.schema()).with_header(true).build(text.as_bytes()).unwrap();
        let theirs = rows(&reader.map(Result::unwrap).collect::<Vec<_>>());
        assert_eq!(ours, theirs);
    }
}

#[tokio::test]
async fn several_files_must_have_one_header() {
    let place = Place::new();
    place.put("d/2.csv", "id,name\n2,b\n");
    place.put("d/1.csv", "id,name\n1,a\n");
    place.put("d/.3.csv", "other\n");
    place.put("d/_4.csv", "other\n");
    let rows = outcome(&place, &csv_request("d/*.csv")).await.unwrap();
    assert_eq!(rows, [["1", "a"], ["2", "b"]]);
    place.put("d/5.csv", "id,nom\n5,e\n");
    let error = outcome(&place, &csv_request("d/*.csv")).await.unwrap_err();
    assert_eq!(error, Error::HeaderDiffers { path: "d/5.csv".into(), first: "d/1.csv".into(), position: 2 });
}

#[tokio::test]
async fn a_file_without_header_takes_the_declared_names() {
    let place = Place::new();
    place.put("n.csv", "1,a\n2,b\n");
    let mut request = with(csv::Options { header: false, ..Default::default() }, "n.csv");
    assert!(matches!(outcome(&place, &request).await, Err(Error::Option { .. })));
    request.expected_columns = vec!["id".into(), "name".into()];
    assert_eq!(outcome(&place, &request).await.unwrap(), [["1", "a"], ["2", "b"]]);
}

#[tokio::test]
async fn a_file_that_changes_is_not_read() {
    let place = Place::new();
    place.put("c.csv", "id\n1\n");
    let source = place.open(&csv_request("c.csv")).await.unwrap();
    place.put("c.csv", "id\n1\n2\n");
    let error = all_rows(source.as_ref()).await.unwrap_err();
    assert_eq!(error, Error::Changed { path: "c.csv".into() });
    assert!(error.retryable());
}
