//! The connections of a server: accepted, drained, cut.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::{Request, Version, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use radiosonde_axum::{ConnectionMetrics, CountedIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower_service::Service as _;

use super::taken::Taken;

/// The open connections of a listener.
pub(crate) struct Connections {
    listener: TcpListener,
    /// Whether the last attempt to accept failed; only a change is worth a line.
    failing: bool,
    metrics: ConnectionMetrics,
    app: Router,
    http: Builder<Counted>,
    graceful: GracefulShutdown,
    open: Open,
}

/// What is served: a task for each connection, and others for the streams of HTTP/2.
#[derive(Debug)]
pub(crate) struct Open {
    connections: JoinSet<()>,
    /// Ends when the last task has.
    streams: mpsc::Receiver<Infallible>,
}

impl Connections {
    pub(crate) fn new(listener: TcpListener, metrics: ConnectionMetrics, app: Router) -> Self {
        let (counted, streams) = Counted::new();
        let mut http = Builder::new(counted);
        // A client that is gone would otherwise hold its connection for ever.
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(IDLE);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(SILENCE))
            .enable_connect_protocol();
        Self {
            listener,
            failing: false,
            metrics,
            // Applies the layers once; otherwise each connection would.
            app: app.with_state(()),
            http,
            graceful: GracefulShutdown::new(),
            open: Open {
                connections: JoinSet::new(),
                streams,
            },
        }
    }

    /// Accepts and serves connections until this future is dropped. It may be called again.
    pub(crate) async fn accept(&mut self) {
        loop {
            tokio::select! {
                accepted = self.listener.accept() => self.take(accepted).await,
                // A connection that ended, well or in a panic, is nobody's concern any more.
                Some(_) = self.open.connections.join_next() => {}
            }
        }
    }

    /// Returns how many connections are open.
    pub(crate) fn open(&mut self) -> usize {
        self.open.count()
    }

    /// Accepts no more. The future is done when the last request has ended; what is open then, or when it is dropped, is
    /// to be cut.
    pub(crate) fn finish(self) -> (impl Future<Output = ()>, Open) {
        (self.graceful.shutdown(), self.open)
    }

    async fn take(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        match accepted {
            Ok((stream, peer)) => {
                self.failing = false;
                self.serve(stream, peer);
            }
            // The client's affair.
            Err(error)
                if matches!(
                    error.kind(),
                    ConnectionAborted | ConnectionRefused | ConnectionReset
                ) => {}
            // Ours, as when there are no file descriptors left.
            Err(error) => {
                self.metrics.failed();
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(target: "radiosonde", %error, "connections cannot be accepted; trying each second");
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
    }

    fn serve(&mut self, stream: TcpStream, peer: SocketAddr) {
        let asked = Arc::new(AtomicBool::new(false));
        let (app, has_asked) = (self.app.clone(), asked.clone());
        let taken = Arc::new(Taken::default());
        let notes = taken.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            has_asked.store(true, Relaxed);
            request.extensions_mut().insert(ConnectInfo(peer));
            // Of HTTP/2, one stream is taken over, whose end is not seen here.
            let notes = (request.version() < Version::HTTP_2).then(|| notes.clone());
            let answer = app.clone().call(request.map(Body::new));
            async move {
                let Ok(response) = answer.await;
                if let Some(notes) = notes {
                    notes.note(&response);
                }
                Ok::<_, Infallible>(response)
            }
        });
        // Small responses should not wait for the acknowledgement of what went before.
        let _ = stream.set_nodelay(true);
        // Held by the connection itself, because who takes it over outlives the task that serves it.
        let stream = CountedIo::new(stream, (taken, self.metrics.opened()));
        let connection = self
            .http
            .serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection.into_owned());
        self.open.connections.spawn(async move {
            tokio::select! {
                // A connection that breaks is the client's affair; what it did to its request is counted by the layer.
                _ = connection => {}
                () = silence(&asked) => {}
            }
        });
    }
}

impl Open {
    /// Returns how many connections are open.
    pub(crate) fn count(&mut self) -> usize {
        while self.connections.try_join_next().is_some() {}
        self.connections.len()
    }

    /// Cuts what is open, and waits until every request in it has been dropped; not for one that blocks its thread.
    pub(crate) async fn cut(mut self) {
        let all = async {
            self.connections.shutdown().await;
            self.streams.recv().await;
        };
        let _ = timeout(CUT, all).await;
    }
}

/// Waits for a client that has not asked for anything for too long. Neither the guess of the version of HTTP nor the
/// handshake of HTTP/2 has a limit of its own.
async fn silence(asked: &AtomicBool) {
    sleep(SILENCE).await;
    if asked.load(Relaxed) {
        pending::<()>().await;
    }
}

/// Spawns the tasks that connections ask for, and knows when all have ended.
#[derive(Clone)]
struct Counted(mpsc::Sender<Infallible>);

impl Counted {
    fn new() -> (Self, mpsc::Receiver<Infallible>) {
        let (alive, ended) = mpsc::channel(1);
        (Self(alive), ended)
    }
}

impl<F> hyper::rt::Executor<F> for Counted
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, task: F) {
        let alive = self.0.clone();
        tokio::spawn(async move {
            let _alive = alive;
            task.await
        });
    }
}

/// How long a connection may take for the head of its first request.
const SILENCE: Duration = Duration::from_secs(30);

/// How long a connection that has asked before may wait with the next request. Longer than load balancers keep theirs: if we
/// closed one just as they use it, their client would see an error.
const IDLE: Duration = Duration::from_secs(620);

/// How long cutting may take.
const CUT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use axum::routing::get;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use radiosonde_metrics::Registry;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn serving(app: Router) -> (Connections, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = ConnectionMetrics::new(&Registry::new());
        (Connections::new(listener, metrics, app), address)
    }

    /// Connects, says this, and waits until the server ends the connection.
    async fn hung_up_on(address: SocketAddr, said: &[u8]) {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(said).await.unwrap();
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer).await;
    }

    // The paused clock goes on whenever all wait: a connection that nothing ends would wait for ever.
    #[tokio::test(start_paused = true)]
    async fn clients_that_never_ask_are_hung_up_on() {
        for said in [
            &b""[..],
            b"GET /hal",
            b"PRI * HTTP/2.0\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ] {
            let (mut connections, address) = serving(Router::new()).await;
            tokio::select! {
                () = connections.accept() => {}
                () = hung_up_on(address, said) => {}
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_has_asked_may_pause_as_long_as_a_load_balancer_does() {
        let (mut connections, address) =
            serving(Router::new().route("/", get(async || "here"))).await;
        let client = async {
            let mut client = TcpStream::connect(address).await.unwrap();
            for _ in 0..3 {
                client
                    .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                    .await
                    .unwrap();
                let mut answer = [0; 1024];
                let length = client.read(&mut answer).await.unwrap();
                assert!(
                    answer[..length].ends_with(b"here"),
                    "{:?}",
                    &answer[..length]
                );
                sleep(Duration::from_mins(10)).await;
            }
        };
        tokio::select! {
            () = connections.accept() => {}
            () = client => {}
        }
    }

    /// Counts itself out when it is dropped.
    struct InFlight(Arc<AtomicUsize>);

    impl Drop for InFlight {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Relaxed);
        }
    }

    #[tokio::test]
    async fn streams_of_http_2_are_cut_with_their_connection() {
        let in_flight = Arc::new(AtomicUsize::new(0));
        let counted = in_flight.clone();
        let hang = move || {
            counted.fetch_add(1, Relaxed);
            let in_flight = InFlight(counted.clone());
            async move {
                let _in_flight = in_flight;
                pending::<()>().await;
            }
        };
        let (mut connections, address) = serving(Router::new().route("/", get(hang))).await;
        let client: Client<_, Body> = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build_http();
        for _ in 0..100 {
            tokio::spawn(client.get(format!("http://{address}/").parse().unwrap()));
        }
        let all_arrived = async {
            while in_flight.load(Relaxed) < 100 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = connections.accept() => {}
            () = all_arrived => {}
        }
        let (_, open) = connections.finish();
        open.cut().await;
        assert_eq!(in_flight.load(Relaxed), 0);
    }
}
