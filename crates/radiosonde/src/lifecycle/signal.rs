//! The signals that end a service.

#[cfg(unix)]
use radiosonde_metrics::attempt::attempt;

/// SIGTERM and SIGINT, as they come. From here on they end the process no more by themselves.
#[cfg(unix)]
#[derive(Debug)]
pub(crate) struct Signals(Option<[tokio::signal::unix::Signal; 2]>);

/// Ctrl-C, as it comes.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Signals;

#[cfg(unix)]
impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let both = || {
            let terminate = signal(SignalKind::terminate())?;
            let interrupt = signal(SignalKind::interrupt())?;
            Ok([terminate, interrupt])
        };
        // To listen is what panics in a runtime without the I/O driver.
        let no_driver = || Err(std::io::Error::other("the runtime has no I/O driver"));
        let both = attempt(both).unwrap_or_else(no_driver);
        if let Err(error) = &both {
            tracing::error!(target: "radiosonde", %error, "signals cannot be caught: they will end the service at once");
        }
        Self(both.ok())
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        let Some([terminate, interrupt]) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> Self {
        Self
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(target: "radiosonde", %error, "Ctrl-C cannot be caught: it will end the service at once");
            std::future::pending().await
        }
    }
}
