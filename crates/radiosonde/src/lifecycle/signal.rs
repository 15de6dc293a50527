//! The signals that end a service.

use std::time::Duration;

use radiosonde_health::Health;

/// Waits for a signal, turns readiness red, and waits for the drain delay.
pub(crate) async fn shutdown_signal(health: Health, drain_delay: Duration) {
    ended().await;
    health.start_draining();
    tokio::time::sleep(drain_delay).await;
}

/// Waits for SIGTERM or SIGINT.
///
/// A signal that came before the first poll is not seen; the default of the operating system ends the process then.
#[cfg(unix)]
pub(crate) async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!(target: "radiosonde", "signals cannot be caught: the service will end without draining");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn ended() {
    if tokio::signal::ctrl_c().await.is_err() {
        tracing::error!(target: "radiosonde", "Ctrl-C cannot be caught: the service will end without draining");
        std::future::pending().await
    }
}
