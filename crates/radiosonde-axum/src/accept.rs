//! Who accepts connections, and may fail to.

use std::future::Future;
use std::io;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;

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
