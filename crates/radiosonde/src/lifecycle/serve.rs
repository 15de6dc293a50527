//! Serving a router, from the first request to the last.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use super::connections::{Connections, Open};
use super::signal::Signals;
use crate::Sonde;

impl Sonde {
    /// Serves `app` on `address`, such as `0.0.0.0:8080`, until a signal ends the process: SIGTERM, or Ctrl-C.
    ///
    /// Then readiness turns red at once; requests are accepted for the drain delay; those in flight may end until the
    /// drain timeout, and are cut after it; telemetry is flushed. A
    /// second signal skips the drain delay, one more the drain timeout.
    ///
    /// # Errors
    ///
    /// Returns [`ServeError`] when the address cannot be listened on. Nothing that happens later is an error.
    pub async fn serve(&self, address: impl AsRef<str>, app: Router) -> Result<(), ServeError> {
        self.bind(address).await?.serve(app).await;
        Ok(())
    }

    /// Listens on `address`, and returns the server that will accept. For services that want to know the port first.
    ///
    /// # Errors
    ///
    /// Returns [`ServeError`] when the address cannot be listened on.
    pub async fn bind(&self, address: impl AsRef<str>) -> Result<Server, ServeError> {
        self.watch_runtime();
        let address = address.as_ref();
        let failed = |source| ServeError {
            address: address.into(),
            source,
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        Ok(Server {
            sonde: self.clone(),
            listener,
            local,
        })
    }
}

/// A listening server. Made by [`Sonde::bind`].
#[derive(Debug)]
#[must_use = "it accepts nothing until `serve` is called"]
pub struct Server {
    sonde: Sonde,
    listener: TcpListener,
    local: SocketAddr,
}

impl Server {
    /// Returns the address that it listens on, with the port that the system chose if that was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Serves `app` as [`Sonde::serve`] does.
    pub async fn serve(self, app: Router) {
        let Self {
            sonde,
            listener,
            local,
        } = self;
        let settings = sonde.lifecycle();
        let mut signals = Signals::listen();
        let mut connections = Connections::new(listener, sonde.connection_metrics(), app);
        tracing::info!(target: "radiosonde", "listening on http://{local}");

        until(&mut connections, signals.next()).await;
        sonde.health().start_draining();
        let delay = async {
            tokio::select! {
                () = tokio::time::sleep(settings.drain_delay) => {}
                () = signals.next() => {}
            }
        };
        until(&mut connections, delay).await;
        tracing::info!(target: "radiosonde", connections = connections.open(), "accepting no more requests");

        let (finished, mut open) = connections.finish();
        tokio::select! {
            () = finished => {}
            () = tokio::time::sleep(settings.drain_timeout) => report_cut(&mut open, settings.drain_timeout),
            () = signals.next() => report_cut(&mut open, Duration::ZERO),
        }
        // Cut before the flush, so that what is cut is counted and sent, too.
        open.cut().await;
        let report = sonde.shutdown(settings.flush_timeout).await;
        tracing::debug!(target: "radiosonde", "{report}");
    }
}

/// Serves connections until `end` is done.
async fn until(connections: &mut Connections, end: impl Future<Output = ()>) {
    tokio::select! {
        () = connections.accept() => {}
        () = end => {}
    }
}

fn report_cut(open: &mut Open, timeout: Duration) {
    tracing::warn!(target: "radiosonde", connections = open.count(), ?timeout, "cutting what is still open");
}

/// The address cannot be listened on.
///
/// `Debug` writes the same sentence as `Display`, because that is what a `main` that returns the error prints.
#[derive(thiserror::Error)]
#[error("cannot listen on {address}: {source}{}", advice(source))]
#[non_exhaustive]
pub struct ServeError {
    address: String,
    source: std::io::Error,
}

impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "; end the other program that listens there, or choose another port"
        }
        std::io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need a privilege: choose one above"
        }
        _ => "",
    }
}
