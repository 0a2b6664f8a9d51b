//! The HTTP port: whether the process lives, whether it can work, and its metrics. Nothing else, and nothing of the data.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::hub::Hub;
use crate::error::Error;

/// Longest wait for the ledger's answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A port that is bound and not served yet.
#[derive(Debug)]
pub(crate) struct Port {
    listener: TcpListener,
    address: SocketAddr,
}

impl Port {
    /// Binds an address; port 0 takes a free one.
    pub(crate) async fn bind(listen: &str) -> Result<Self, Error> {
        let refused =
            |error: std::io::Error| Error::Port { address: listen.to_owned(), reason: error.kind().to_string() };
        let listener = TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address })
    }

    /// The address that was bound.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until told to stop.
    pub(super) async fn serve(self, hub: Arc<Hub>, stop: CancellationToken) {
        let routes = Router::new()
            .route("/livez", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(hub);
        let until = async move { stop.cancelled().await };
        // It ends only when it is told to.
        let _ = axum::serve(self.listener, routes).with_graceful_shutdown(until).await;
    }
}

/// Ready: the ledger answers and somebody leads. Invalid definitions are told and do not make it unready: the last
/// valid ones go on.
async fn ready(State(hub): State<Arc<Hub>>) -> Response {
    let asked = tokio::time::timeout(PATIENCE, hub.catalog.epoch()).await;
    let ledger = matches!(asked, Ok(Ok(_)));
    let leader = hub.metrics.leader_known();
    let status = if ledger && leader { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let detail = json!({
        "ready": ledger && leader,
        "ledger": ledger,
        "leader": leader,
        "definitions_valid": hub.metrics.definitions_valid(),
    });
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{detail}\n")).into_response()
}

async fn metrics(State(hub): State<Arc<Hub>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], hub.metrics.text()).into_response()
}
