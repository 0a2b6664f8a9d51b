//! What systemd is told. Without systemd, nobody is.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::messages::Messages;

/// Tells systemd how the service is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Systemd {
    messages: Messages,
}

impl Systemd {
    /// In a language.
    pub(crate) fn new(messages: Messages) -> Self {
        Self { messages }
    }

    /// The service is up.
    pub(crate) fn ready(self, address: std::net::SocketAddr) {
        tell(&[NotifyState::Ready, NotifyState::Status(&self.messages.text("serve.ready", &[("address", &address)]))]);
    }

    /// The service is going down.
    pub(crate) fn stopping(self) {
        tell(&[NotifyState::Stopping, NotifyState::Status(&self.messages.text("serve.draining", &[]))]);
    }

    /// The service lives.
    pub(crate) fn alive(self) {
        tell(&[NotifyState::Watchdog]);
    }

    /// How often it wants to hear that, if it does: twice in its limit.
    pub(crate) fn watchdog(self) -> Option<Duration> {
        let mut limit = 0;
        sd_notify::watchdog_enabled(false, &mut limit).then(|| Duration::from_micros(limit / 2))
    }
}

/// Who does not listen misses nothing.
fn tell(states: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(false, states);
}
