//! TLS handshakes, timed where they are made.
//!
//! Who listens for plain connections never sees one: it belongs to whoever accepts for TLS, between the connection and the server.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use pin_project_lite::pin_project;
use radiosonde_catalog::TLS_HANDSHAKE_DURATION;
use radiosonde_metrics::Registry;

use crate::ConnectionMetrics;

impl ConnectionMetrics {
    /// Times a TLS handshake: what an acceptor returns for a connection.
    ///
    /// It is recorded when it ends: as `ok`, as `error`, or as `cancelled` when it is dropped before, as by a timeout.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # use radiosonde_axum::ConnectionMetrics;
    /// # use radiosonde_metrics::Registry;
    /// # let registry = Registry::new();
    /// # struct Acceptor;
    /// # impl Acceptor { async fn accept(&self, _: ()) -> std::io::Result<()> { Ok(()) } }
    /// # let (acceptor, stream) = (Acceptor, ());
    /// let metrics = ConnectionMetrics::new(&registry);
    /// let accepted = metrics.handshake(acceptor.accept(stream)).await;
    /// assert!(accepted.is_ok());
    /// assert!(registry.render().contains("tls_handshake_duration_seconds_count{outcome=\"ok\"} 1\n"));
    /// # }
    /// ```
    pub fn handshake<F>(&self, handshake: F) -> Handshake<F> {
        Handshake {
            inner: handshake,
            timed: Some(Timed {
                registry: self.registry.clone(),
                since: Instant::now(),
                outcome: "cancelled",
            }),
        }
    }
}

pin_project! {
    /// A TLS handshake that is timed. Made by [`ConnectionMetrics::handshake`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Handshake<F> {
        #[pin]
        inner: F,
        timed: Option<Timed>,
    }
}

impl<F, T, E> Future for Handshake<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        if let Some(mut timed) = this.timed.take() {
            timed.outcome = if result.is_ok() { "ok" } else { "error" };
        }
        Poll::Ready(result)
    }
}

/// Records how long a handshake took when it is dropped.
#[derive(Debug)]
struct Timed {
    registry: Registry,
    since: Instant,
    outcome: &'static str,
}

impl Drop for Timed {
    fn drop(&mut self) {
        // Looked up each time: a handshake takes ten thousand times as long.
        let duration = (self.registry).histogram(&TLS_HANDSHAKE_DURATION, &[self.outcome]);
        duration.record(self.since.elapsed().as_secs_f64());
    }
}
