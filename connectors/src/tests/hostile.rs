//! Input that is broken or meant to break: a clear error or a clean result, and no data in the error.

use super::support::*;
use crate::kind::Format;
use crate::{Encoding, Error, csv};

const SECRET: &str = "320902199001011236";

#[tokio::test]
async fn an_empty_file_and_one_with_only_a_header() {
    let place = Place::new();
    for (name, content) in [("a.csv", ""), ("b.csv", "\n\r\n\n"), ("c.csv", "\u{feff}")] {
        place.put(name, content);
        let error = outcome(&place, &csv_request(name)).await.unwrap_err();
        assert_eq!(error, Error::NoHeader { path: name.into() });
        assert!(error.is_empty_input());
    }
    for content in ["id,name", "id,name\n", "id,name\r\n\r\n"] {
        place.put("h.csv", content);
        let source = place.open(&csv_request("h.csv")).await.unwrap();
        assert_eq!(source.schema().fields().len(), 2);
        assert_eq!(all_rows(source.as_ref()).await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn headers_that_repeat_are_empty_or_too_wide() {
    let place = Place::new();
    place.put("r.csv", "id,name,id\n");
    let error = outcome(&place, &csv_request("r.csv")).await.unwrap_err();
    assert_eq!(error, Error::HeaderRepeated { path: "r.csv".into(), first: 1, second: 3 });
    place.put("e.csv", "id,,name\n");
    let error = outcome(&place, &csv_request("e.csv")).await.unwrap_err();
    assert_eq!(error, Error::HeaderEmpty { path: "e.csv".into(), position: 2 });
    let wide: Vec<String> = (0..5_000).map(|i| format!("c{i}")).collect();
    place.put("w.csv", wide.join(","));
    let error = outcome(&place, &csv_request("w.csv")).await.unwrap_err();
    assert_eq!(error, Error::TooManyColumns { path: "w.csv".into(), found: 5_000, limit: 4_096 });
}

#[tokio::test]
async fn rows_that_do_not_fit_name_the_line_and_no_data() {
    let place = Place::new();
    place.put("x.csv", format!("id,name\n1,\"a\nb\"\n{SECRET}\n"));
    let error = outcome(&place, &csv_request("x.csv")).await.unwrap_err();
    assert_eq!(error, Error::Ragged { path: "x.csv".into(), line: 4, expected: 2, found: 1 });
    silent(&error, &[SECRET]);
    for content in [format!("id,name\n1,\"{SECRET}\n2,b\n"), format!("id,name\n1,\"a\"{SECRET}\n")] {
        place.put("y.csv", content);
        let error = outcome(&place, &csv_request("y.csv")).await.unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        silent(&error, &[SECRET]);
    }
}

#[tokio::test]
async fn invalid_utf8_gbk_utf16_and_nul() {
    let place = Place::new();
    place.put("u.csv", [b"id,name\n1,a\n2,".as_slice(), &[0xe5, 0xbc, b'\n']].concat());
    let error = outcome(&place, &csv_request("u.csv")).await.unwrap_err();
    assert_eq!(error, Error::Encoding { path: "u.csv".into(), encoding: "UTF-8", line: 3, offset: 14 });
    place.put("t.csv", [b"id\n1\n".as_slice(), &[0xe5, 0xbc]].concat());
    let error = outcome(&place, &csv_request("t.csv")).await.unwrap_err();
    assert_eq!(error, Error::Encoding { path: "t.csv".into(), encoding: "UTF-8", line: 3, offset: 5 });
    for (encoding, name) in [(Encoding::Gbk, "GBK"), (Encoding::Gb18030, "GB18030")] {
        place.put("g.csv", [b"id,name\n1,".as_slice(), &[0xd5, 0xc5, 0xff, 0xff, b'\n']].concat());
        let options = csv::Options { encoding, ..Default::default() };
        let error = outcome(&place, &request(Format::Csv(options), "g.csv")).await.unwrap_err();
        assert_eq!(error, Error::Encoding { path: "g.csv".into(), encoding: name, line: 2, offset: 12 });
    }
    for mark in [[0xff, 0xfe], [0xfe, 0xff]] {
        place.put("w.csv", [mark.as_slice(), b"i\0d\0\n\0"].concat());
        let error = outcome(&place, &csv_request("w.csv")).await.unwrap_err();
        assert_eq!(error, Error::Utf16 { path: "w.csv".into() });
    }
    place.put("n.csv", "id,name\n1,a\n2,b\0c\n");
    let error = outcome(&place, &csv_request("n.csv")).await.unwrap_err();
    assert_eq!(error, Error::Nul { path: "n.csv".into(), line: 3 });
}

#[tokio::test]
async fn a_line_of_100_megabytes() {
    let place = Place::new();
    let mut content = b"id,name\n1,a\n2,".to_vec();
    content.resize(100 << 20, b'x');
    for quote in [false, true] {
        if quote {
            content[14] = b'"';
        }
        place.put("l.csv", &content);
        let error = outcome(&place, &csv_request("l.csv")).await.unwrap_err();
        assert_eq!(error, Error::RecordTooLong { path: "l.csv".into(), line: 3, limit: 16 << 20 });
    }
    place.put("header.csv", &content[14..]);
    let error = outcome(&place, &csv_request("header.csv")).await.unwrap_err();
    assert!(matches!(error, Error::RecordTooLong { line: 1, .. }), "{error}");
}

#[tokio::test]
async fn compressed_files_that_lie_are_cut_or_are_corrupt() {
    let place = Place::new();
    let text: String = (0..100_000).map(|i| format!("{i},{}\n", i * 7919 % 10_007)).collect();
    let text = format!("id,name\n{text}");
    for (name, whole) in [("a.csv.gz", gzip(text.as_bytes()).await), ("a.csv.zst", zstd(text.as_bytes()).await)] {
        for cut in [whole.len() - 1, whole.len() - 5, whole.len() / 2] {
            place.put(name, &whole[..cut]);
            let error = outcome(&place, &csv_request(name)).await.unwrap_err();
            assert!(matches!(error, Error::Corrupt { .. }), "{name} cut at {cut}: {error:?}");
        }
        let mut broken = whole.clone();
        let middle = broken.len() / 2;
        broken[middle] ^= 0x55;
        place.put(name, &broken);
        assert!(outcome(&place, &csv_request(name)).await.is_err(), "{name}");
        place.put("plain.csv", &whole);
        let error = outcome(&place, &csv_request("plain.csv")).await.unwrap_err();
        assert!(matches!(error, Error::Compression { declared: "plain", .. }));
    }
    let mut crc = gzip(text.as_bytes()).await;
    let at = crc.len() - 6;
    crc[at] ^= 1;
    place.put("crc.csv.gz", crc);
    assert!(matches!(outcome(&place, &csv_request("crc.csv.gz")).await, Err(Error::Corrupt { .. })));
    place.put("t.csv.gz", &text);
    let error = outcome(&place, &csv_request("t.csv.gz")).await.unwrap_err();
    assert_eq!(error, Error::Compression { path: "t.csv.gz".into(), declared: "gzip", found: "plain" });
}

#[tokio::test]
async fn a_gzip_bomb_stops_early() {
    let place = Place::new();
    let mut plain = b"id\n".to_vec();
    while plain.len() < 200 << 20 {
        plain.extend_from_slice(b"0\n0\n0\n0\n0\n0\n0\n0\n");
    }
    let packed = gzip(&plain).await;
    assert!(plain.len() / packed.len() > 200);
    place.put("b.csv.gz", packed);
    let error = outcome(&place, &csv_request("b.csv.gz")).await.unwrap_err();
    assert_eq!(error, Error::Bomb { path: "b.csv.gz".into(), limit: 200 });
    let mut request = csv_request("b.csv.gz");
    request.limits.expansion_ratio = u64::MAX;
    request.limits.expanded_bytes = 1 << 20;
    let error = outcome(&place, &request).await.unwrap_err();
    assert_eq!(error, Error::ExpandsTooFar { path: "b.csv.gz".into(), limit: 1 << 20 });
}

#[tokio::test]
async fn paths_that_lead_elsewhere() {
    let place = Place::new();
    place.put("in/a.csv", "id\n1\n");
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("s.csv"), "id\n1\n").unwrap();
    std::os::unix::fs::symlink(outside.path(), place.directory.path().join("in/link")).unwrap();
    std::os::unix::fs::symlink(place.directory.path().join("in/a.csv"), place.directory.path().join("in/ok.csv"))
        .unwrap();
    let refused = [
        "../s.csv",
        "in/../../s.csv",
        "/etc/passwd",
        "in//a.csv",
        "./in/a.csv",
        "in/%2e%2e/a.csv",
        "in/a.csv\0",
        "",
        "in\\a.csv",
        "c:/a.csv",
        "in/link/s.csv",
        "in/link/*.csv",
        "../*.csv",
        "in/**/s.csv",
    ];
    for path in refused {
        let error = outcome(&place, &csv_request(path)).await.unwrap_err();
        assert!(matches!(error, Error::PathRefused { .. }), "{path:?}: {error:?}");
    }
    assert_eq!(outcome(&place, &csv_request("in/ok.csv")).await.unwrap(), [["1"]]);
    assert!(matches!(outcome(&place, &csv_request("in/none.csv")).await, Err(Error::NoFiles { .. })));
}
