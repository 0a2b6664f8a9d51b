//! An HTTP server that remembers, and a mail server that accepts or refuses.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Received {
    pub(super) uri: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

#[derive(Clone)]
struct Answers {
    received: Arc<Mutex<Vec<Received>>>,
    status: StatusCode,
    body: String,
}

/// A server that gives one answer to everything; a redirect leads to itself.
pub(super) struct Server {
    pub(super) base: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    pub(super) async fn answering(status: u16, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let status = StatusCode::from_u16(status).unwrap();
        let state = Answers { received: received.clone(), status, body: body.to_owned() };
        let app = Router::new().fallback(answer).with_state(state);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base, received }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn answer(State(answers): State<Answers>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let received = Received { uri: uri.to_string(), headers, body: body.to_vec() };
    answers.received.lock().unwrap().push(received);
    (answers.status, [("location", "/elsewhere")], answers.body).into_response()
}

/// A mail server: what it was told, line by line. `refusal` is its answer to the recipient.
pub(super) struct MailSink {
    pub(super) port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl MailSink {
    pub(super) async fn start(refusal: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let told = lines.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = converse(stream, refusal, &told).await;
            }
        });
        Self { port, lines }
    }

    pub(super) fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}

async fn converse(
    stream: tokio::net::TcpStream,
    refusal: Option<&str>,
    told: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 sink ESMTP\r\n").await?;
    let mut data = false;
    while let Some(line) = lines.next_line().await? {
        told.lock().unwrap().push(line.clone());
        let verb: String = line.chars().take(4).collect::<String>().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "." if data => {
                data = false;
                "250 taken"
            }
            _ if data => continue,
            "EHLO" => "250 sink",
            "RCPT" => refusal.unwrap_or("250 ok"),
            "DATA" => {
                data = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}
