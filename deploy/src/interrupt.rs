//! Ctrl-C and SIGTERM: the first asks the run to stop cleanly, the second stops the process at once.

use tokio_util::sync::CancellationToken;

use crate::exit::Exit;
use crate::messages::Messages;

/// Watches for signals in the background; the token is cancelled by the first.
pub(crate) fn watch(messages: Messages) -> CancellationToken {
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        if !signal().await {
            return;
        }
        crate::output::Output::new(false).note(&messages.text("interrupt.stopping", &[]));
        cancel.cancel();
        if signal().await {
            std::process::exit(Exit::Interrupted as i32);
        }
    });
    token
}

#[cfg(unix)]
async fn signal() -> bool {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return tokio::signal::ctrl_c().await.is_ok();
    };
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.is_ok(),
        received = terminate.recv() => received.is_some(),
    }
}

#[cfg(not(unix))]
async fn signal() -> bool {
    tokio::signal::ctrl_c().await.is_ok()
}
