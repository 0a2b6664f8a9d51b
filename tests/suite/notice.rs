//! Notices: the duty roster is checked like every definition, and a channel can be tried.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use crate::harness::{Project, Ran};

const ROSTER: &str = r#"
[channel.chat]
kind     = "webhook"
url      = "secret:chat_url"
secret   = "secret:chat_sign"
internal = true

[channel.public]
kind = "dingtalk"
url  = "secret:chat_url"

[team.duty]
channels = ["chat"]
"#;

/// A server that takes one request and answers with a status.
fn server(status: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook/5up3r-t0ken", listener.local_addr().unwrap());
    let taken = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        while !String::from_utf8_lossy(&bytes).contains("\"notices\"") {
            let read = stream.read(&mut piece).unwrap();
            assert!(read > 0, "the request ended early");
            bytes.extend_from_slice(&piece[..read]);
        }
        stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes()).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    (url, taken)
}

fn try_channel(url: &str, channel: &str) -> Ran {
    let project = Project::of(&["base"]);
    project.put("duty.toml", ROSTER);
    let mut command = project.command(&["notice", "test", channel, "--lang", "en"]);
    command.env("SLUICE_SECRET_CHAT_URL", url).env("SLUICE_SECRET_CHAT_SIGN", "5up3r-s3cret");
    let ran = Ran::of(&mut command);
    for secret in ["5up3r-t0ken", "5up3r-s3cret", "127.0.0.1"] {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{}{}", ran.out, ran.err);
    }
    ran
}

#[test]
fn a_channel_that_works_says_so() {
    let (url, taken) = server("200 OK");
    let ran = try_channel(&url, "chat").ends(0);
    assert!(ran.out.contains("Channel chat took the test message"), "{}", ran.out);
    let request = taken.join().unwrap().to_ascii_lowercase();
    assert!(request.contains("sluice.notice/1") && request.contains("x-sluice-signature: sha256="), "{request}");
}

#[test]
fn a_channel_that_does_not_says_why_with_its_code() {
    let (url, taken) = server("404 Not Found");
    let ran = try_channel(&url, "chat").ends(1);
    taken.join().unwrap();
    assert!(ran.err.contains("N953") && ran.err.contains("404"), "{}", ran.err);
    let inside = try_channel("https://127.0.0.1:1/robot", "public").ends(1);
    assert!(inside.err.contains("N951"), "{}", inside.err);
    let unknown = try_channel("https://127.0.0.1:1/robot", "chatt").ends(2);
    assert!(unknown.err.contains("S142") && unknown.err.contains("chat, public"), "{}", unknown.err);
}

#[test]
fn nothing_open_is_said_in_so_many_words() {
    let project = Project::of(&["base"]);
    let ran = project.sluice(&["notice"]).ends(0);
    assert!(ran.out.contains("没有未处理的通知"), "{}", ran.out);
    project.sluice(&["notice", "ack", "0000"]).ends(1);
}
