//! The connections of a server: accepted, drained, cut.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::{Request, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower_service::Service as _;

/// The open connections of a listener.
pub(crate) struct Connections {
    listener: TcpListener,
    app: Router,
    http: Builder<TokioExecutor>,
    graceful: GracefulShutdown,
    tasks: JoinSet<()>,
}

impl Connections {
    pub(crate) fn new(listener: TcpListener, app: Router) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        // Half a request head would otherwise hold its connection for ever.
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT);
        http.http2().timer(TokioTimer::new());
        Self {
            listener,
            // Applies the layers once; otherwise each connection would.
            app: app.with_state(()),
            http,
            graceful: GracefulShutdown::new(),
            tasks: JoinSet::new(),
        }
    }

    /// Accepts and serves connections until this future is dropped. It may be called again.
    pub(crate) async fn accept(&mut self) {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => self.serve(stream, peer),
                    Err(error) => pause_after(&error).await,
                },
                // A connection that ended, well or in a panic, is nobody's concern any more.
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }

    /// Returns how many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.tasks.len()
    }

    /// Accepts no more, and waits until the last request has ended, or the future is dropped.
    ///
    /// Returns the connections that are left to be cut.
    pub(crate) fn finish(self) -> (impl Future<Output = ()>, JoinSet<()>) {
        (self.graceful.shutdown(), self.tasks)
    }

    fn serve(&mut self, stream: TcpStream, peer: SocketAddr) {
        let app = self.app.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            app.clone().call(request.map(Body::new))
        });
        // Small responses should not wait for the acknowledgement of what went before.
        let _ = stream.set_nodelay(true);
        let connection = self
            .http
            .serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection.into_owned());
        self.tasks.spawn(async move {
            // A connection that breaks is the client's affair; what it did to its request is counted by the layer.
            let _ = connection.await;
        });
    }
}

/// Waits a little when connections cannot be accepted at all, as when the process has no file descriptors left.
async fn pause_after(error: &std::io::Error) {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(target: "radiosonde", %error, "connections cannot be accepted; trying again in a second");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// How long the head of a request may take to arrive.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
