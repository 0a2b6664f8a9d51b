//! A webhook of this machine: takes messages, remembers them, answers as it is told.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value;

/// A duty roster whose only channel is `secret:chat_url`.
pub(crate) const ROSTER: &str = r#"
[channel.chat]
kind     = "webhook"
url      = "secret:chat_url"
internal = true

[team.duty]
channels = ["chat"]
"#;

/// A webhook that goes on as long as the test.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) url: String,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    /// Answers the first so many messages with 503, the others with 200.
    pub(crate) fn failing(times: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let taken = Arc::<Mutex<Vec<Value>>>::default();
        let book = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let message = take(stream, |before| if before < times { "503 Busy" } else { "200 OK" }, &book);
                book.lock().unwrap().extend(message);
            }
        });
        Self { url, taken }
    }

    /// Messages so far, refused ones too.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().clone()
    }
}

fn take(mut stream: TcpStream, answer: impl Fn(usize) -> &'static str, book: &Mutex<Vec<Value>>) -> Option<Value> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    let body = loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
        if let Ok(body) = serde_json::from_str(&body) {
            break body;
        }
    };
    let status = answer(book.lock().unwrap().len());
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    Some(body)
}
