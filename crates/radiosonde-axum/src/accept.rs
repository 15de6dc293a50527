//! Who accepts connections, and may fail to.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::time::sleep;

use crate::ConnectionMetrics;

/// A socket that accepts connections, and tells when it cannot.
///
/// The listeners of tokio do. axum's own trait, [`Listener`], hides failures: what implements that alone is passed on as
/// [`Retrying`].
pub trait Accept: Send + 'static {
    /// The connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Who is at its other end.
    type Addr: Send;

    /// Waits for the next connection.
    ///
    /// # Errors
    ///
    /// Returns what kept it from being accepted, as when there are no file descriptors left. It is asked again later.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, Self::Addr)>> + Send;

    /// Returns the address that is listened on.
    ///
    /// # Errors
    ///
    /// Returns an error when the system does not tell.
    fn local_addr(&self) -> io::Result<Self::Addr>;
}

impl Accept for TcpListener {
    type Io = tokio::net::TcpStream;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> io::Result<(Self::Io, Self::Addr)> {
        Self::accept(self).await
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Self::local_addr(self)
    }
}

#[cfg(unix)]
impl Accept for UnixListener {
    type Io = tokio::net::UnixStream;
    type Addr = tokio::net::unix::SocketAddr;

    async fn accept(&mut self) -> io::Result<(Self::Io, Self::Addr)> {
        Self::accept(self).await
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Self::local_addr(self)
    }
}

/// A listener of axum, such as one that speaks TLS. It tries again by itself, so that nobody sees what it could not accept.
#[derive(Debug)]
pub struct Retrying<L>(L);

impl<L> Retrying<L> {
    /// Takes the listener.
    pub fn new(listener: L) -> Self {
        Self(listener)
    }
}

impl<L: Listener> Accept for Retrying<L> {
    type Io = L::Io;
    type Addr = L::Addr;

    async fn accept(&mut self) -> io::Result<(Self::Io, Self::Addr)> {
        Ok(self.0.accept().await)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// What is done where a connection cannot be accepted.
///
/// It is counted, and followed by a second of rest, because what is missing, such as file descriptors, is not there again at once. The
/// log tells of the first failure after a connection that was accepted. A client that has left before it was accepted is no failure.
#[derive(Debug)]
pub struct AcceptFailures {
    metrics: Option<ConnectionMetrics>,
    /// Whether the last connection could not be accepted.
    failing: bool,
}

impl AcceptFailures {
    /// Counts failures in these metrics, if there are any.
    #[must_use]
    pub fn new(metrics: Option<ConnectionMetrics>) -> Self {
        Self {
            metrics,
            failing: false,
        }
    }

    /// Takes what came of accepting, and returns the connection. Where there is none, it returns when the next one may be accepted.
    pub async fn settle<T>(&mut self, accepted: io::Result<T>) -> Option<T> {
        match accepted {
            Ok(connection) => {
                self.failing = false;
                return Some(connection);
            }
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                if let Some(metrics) = &self.metrics {
                    metrics.failed();
                }
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(target: "radiosonde", %error, "connections cannot be accepted; trying each second");
                }
                sleep(REST).await;
            }
        }
        None
    }
}

/// Tells whether a client has left before it was accepted.
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

const REST: Duration = Duration::from_secs(1);
