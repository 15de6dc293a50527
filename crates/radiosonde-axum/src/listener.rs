//! Connections, counted where they are accepted.
//!
//! The request layer counts requests. A client that connects and never asks, or that keeps a thousand connections open, is
//! seen only here.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::serve::Listener;
use pin_project_lite::pin_project;
use radiosonde_catalog::{
    HTTP_CONNECTION_DURATION, HTTP_CONNECTIONS_ACCEPTED, HTTP_CONNECTIONS_FAILED,
    HTTP_OPEN_CONNECTIONS,
};
use radiosonde_metrics::{Counter, Histogram, Registry, UpDownCounter};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{Accept, AcceptFailures};

/// The metrics of connections: how many were accepted, are open, and how long they lasted.
///
/// # Examples
///
/// ```
/// use radiosonde_axum::ConnectionMetrics;
/// use radiosonde_metrics::Registry;
///
/// let registry = Registry::new();
/// let connection = ConnectionMetrics::new(&registry).opened();
/// assert!(registry.render().contains("http_open_connections 1\n"));
///
/// drop(connection);
/// assert!(registry.render().contains("http_open_connections 0\n"));
/// assert!(registry.render().contains("http_connections_accepted_total 1\n"));
/// ```
#[derive(Debug, Clone)]
pub struct ConnectionMetrics {
    accepted: Counter,
    failed: Counter,
    open: UpDownCounter,
    duration: Histogram,
    pub(crate) registry: Registry,
}

impl ConnectionMetrics {
    /// Makes the metrics; all are there from now on, at 0.
    #[must_use]
    pub fn new(registry: &Registry) -> Self {
        Self {
            accepted: registry.counter(&HTTP_CONNECTIONS_ACCEPTED, &[]),
            failed: registry.counter(&HTTP_CONNECTIONS_FAILED, &[]),
            open: registry.up_down_counter(&HTTP_OPEN_CONNECTIONS, &[]),
            duration: registry.histogram(&HTTP_CONNECTION_DURATION, &[]),
            registry: registry.clone(),
        }
    }

    /// Counts a connection that was accepted, until what this returns is dropped.
    pub fn opened(&self) -> OpenConnection {
        self.accepted.increment(1);
        self.open.add(1);
        OpenConnection {
            metrics: self.clone(),
            since: Instant::now(),
        }
    }

    /// Counts a connection that could not be accepted, as when there are no file descriptors left.
    pub fn failed(&self) {
        self.failed.increment(1);
    }
}

/// An open connection. Dropping it counts it as closed.
#[derive(Debug)]
#[must_use = "the connection is open until this is dropped"]
pub struct OpenConnection {
    metrics: ConnectionMetrics,
    since: Instant,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.metrics.open.add(-1);
        let lasted = self.since.elapsed();
        self.metrics.duration.record(lasted.as_secs_f64());
    }
}

/// A listener for `axum::serve` that counts what the one inside accepts, and [what it cannot accept](AcceptFailures).
#[derive(Debug)]
pub struct CountedListener<L> {
    inner: L,
    metrics: ConnectionMetrics,
    failures: AcceptFailures,
}

impl<L> CountedListener<L> {
    /// Counts the connections of `inner`.
    pub fn new(inner: L, metrics: ConnectionMetrics) -> Self {
        Self {
            inner,
            failures: AcceptFailures::new(Some(metrics.clone())),
            metrics,
        }
    }
}

impl<L: Accept> Listener for CountedListener<L> {
    type Io = CountedIo<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let accepted = self.inner.accept().await;
            if let Some((io, address)) = self.failures.settle(accepted).await {
                let open = self.metrics.opened();
                return (CountedIo { io, _open: open }, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.inner.local_addr()
    }
}

pin_project! {
    /// A connection that is counted until it is dropped. Made by [`CountedListener`].
    #[derive(Debug)]
    pub struct CountedIo<I> {
        #[pin]
        io: I,
        _open: OpenConnection,
    }
}

impl<I: AsyncRead> AsyncRead for CountedIo<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().io.poll_read(cx, buffer)
    }
}

impl<I: AsyncWrite> AsyncWrite for CountedIo<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().io.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().io.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().io.poll_shutdown(cx)
    }
}
