//! The connections of a server: accepted, drained, cut.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::{Request, Version, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use radiosonde_axum::ConnectionMetrics;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower_service::Service as _;

use super::socket::{Held, Scissors, Socket};
use super::taken::Taken;
use super::talk::{Answer, Awaited, Patience, Talk};
use crate::config::ConnectionSettings;

/// The open connections of a listener.
pub(crate) struct Connections {
    listener: TcpListener,
    /// Whether the last attempt to accept failed; only a change is worth a line.
    failing: bool,
    places: Arc<Semaphore>,
    settings: ConnectionSettings,
    /// None for connections that are not those of the service.
    metrics: Option<ConnectionMetrics>,
    app: Router,
    http: Builder<Counted>,
    alive: mpsc::Sender<Infallible>,
    open: Open,
}

/// What is served: a task for each connection, others for the streams of HTTP/2, and sockets that were upgraded.
pub(crate) struct Open {
    connections: JoinSet<()>,
    /// Tells connections that the one that is answered is their last request.
    ending: watch::Sender<bool>,
    sockets: Vec<Scissors>,
    /// Ends when the last task and the last socket have.
    alive: mpsc::Receiver<Infallible>,
}

impl Connections {
    pub(crate) fn new(
        listener: TcpListener,
        settings: ConnectionSettings,
        metrics: Option<ConnectionMetrics>,
        app: Router,
    ) -> Self {
        let (counted, alive) = Counted::new();
        let kept = counted.0.clone();
        let mut http = Builder::new(counted);
        // A client that is gone would otherwise hold its connection for ever.
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(settings.idle_timeout);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(SILENCE))
            .enable_connect_protocol();
        Self {
            listener,
            failing: false,
            places: Arc::new(Semaphore::new(settings.most)),
            settings,
            metrics,
            // Applies the layers once; otherwise each connection would.
            app: app.with_state(()),
            http,
            alive: kept,
            open: Open {
                connections: JoinSet::new(),
                ending: watch::Sender::new(false),
                sockets: Vec::new(),
                alive,
            },
        }
    }

    /// Accepts and serves connections until this future is dropped. It may be called again.
    pub(crate) async fn accept(&mut self) {
        loop {
            tokio::select! {
                (place, accepted) = next(&self.listener, &self.places) => self.take(place, accepted).await,
                // A connection that ended, well or in a panic, is nobody's concern any more.
                Some(_) = self.open.connections.join_next() => {}
            }
        }
    }

    /// Returns how many connections are open, those that were upgraded too.
    pub(crate) fn open(&mut self) -> usize {
        self.open.count()
    }

    /// Accepts no more, and returns what is open.
    pub(crate) fn finish(self) -> Open {
        self.open
    }

    async fn take(
        &mut self,
        place: OwnedSemaphorePermit,
        accepted: io::Result<(TcpStream, SocketAddr)>,
    ) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        match accepted {
            Ok((stream, peer)) => {
                self.failing = false;
                self.serve(stream, peer, place);
            }
            // The client's affair.
            Err(error)
                if matches!(
                    error.kind(),
                    ConnectionAborted | ConnectionRefused | ConnectionReset
                ) => {}
            // Ours, as when there are no file descriptors left.
            Err(error) => {
                if let Some(metrics) = &self.metrics {
                    metrics.failed();
                }
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(target: "radiosonde", %error, "connections cannot be accepted; trying each second");
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
    }

    fn serve(&mut self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let (app, talk) = (self.app.clone(), Arc::<Talk>::default());
        let (taken, heard) = (Arc::<Taken>::default(), Arc::clone(&talk));
        let notes = Arc::clone(&taken);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let in_flight = heard.asked(request.version());
            request.extensions_mut().insert(ConnectInfo(peer));
            // Of HTTP/2, one stream is taken over, whose end is not seen here.
            let notes = (request.version() < Version::HTTP_2).then(|| Arc::clone(&notes));
            let answer = app.clone().call(request.map(Body::new));
            async move {
                let Ok(response) = answer.await;
                if let Some(notes) = notes {
                    notes.note(&response);
                }
                Ok::<_, Infallible>(response.map(|body| Answer::new(body, in_flight)))
            }
        });
        // Small responses should not wait for the acknowledgement of what went before.
        let _ = stream.set_nodelay(true);
        let held = Held {
            _place: place,
            _open: self.metrics.as_ref().map(ConnectionMetrics::opened),
            _alive: self.alive.clone(),
            _taken: taken,
        };
        let (socket, scissors) = Socket::new(stream, Arc::clone(&talk), held);
        let connection = self
            .http
            .serve_connection_with_upgrades(TokioIo::new(socket), service);
        let connection = connection.into_owned();
        let mut patience = Patience::new(talk, self.settings);
        let mut ending = self.open.ending.subscribe();
        self.open.connections.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let mut ends = false;
            loop {
                tokio::select! {
                    biased;
                    // A connection that breaks is the client's affair; what it did to its request is counted by the layer.
                    _ = connection.as_mut() => return,
                    _ = ending.wait_for(|ending| *ending), if !ends => {}
                    awaited = patience.end(), if !ends => {
                        if awaited != Awaited::Request {
                            return;
                        }
                    }
                }
                connection.as_mut().graceful_shutdown();
                ends = true;
            }
        });
        self.open.remember(scissors);
    }
}

/// Waits for a place among the connections, and then for who takes it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, io::Result<(TcpStream, SocketAddr)>) {
    let Ok(place) = Arc::clone(places).acquire_owned().await else {
        // Nobody closes it.
        return pending().await;
    };
    (place, listener.accept().await)
}

impl Open {
    /// Returns how many connections are open, those that were upgraded too.
    pub(crate) fn count(&mut self) -> usize {
        self.sockets.retain(Scissors::is_open);
        self.sockets.len()
    }

    /// Asks every connection to end, and waits until all have: with their last request, and the upgraded ones when whoever
    /// took them lets go.
    pub(crate) async fn end(&mut self) {
        self.ending.send_replace(true);
        // Nobody sends anything: this is the end of the last sender.
        self.alive.recv().await;
    }

    /// Cuts what is open, and waits until every request in it has been dropped; not for one that blocks its thread.
    pub(crate) async fn cut(mut self) {
        for socket in &self.sockets {
            socket.cut();
        }
        let all = async {
            self.connections.shutdown().await;
            self.alive.recv().await;
        };
        let _ = timeout(CUT, all).await;
    }

    /// Keeps what cuts a socket, and lets go of those that have closed, now and then.
    fn remember(&mut self, socket: Scissors) {
        if self.sockets.len() == self.sockets.capacity() {
            self.sockets.retain(Scissors::is_open);
            // Not before as many have come again: else those that stay would be looked at with each that comes.
            self.sockets.reserve(self.sockets.len().max(1));
        }
        self.sockets.push(socket);
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

/// How long a connection of HTTP/2 may say nothing before it is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(30);

/// How long cutting may take.
const CUT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use axum::routing::get;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::TokioExecutor;
    use radiosonde_metrics::Registry;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::Instant;

    use super::*;

    async fn serving(app: Router) -> (Connections, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let metrics = Some(ConnectionMetrics::new(&Registry::new()));
        (Connections::new(listener, LIMITS, metrics, app), address)
    }

    const LIMITS: ConnectionSettings = ConnectionSettings {
        most: 200,
        head_timeout: Duration::from_secs(30),
        idle_timeout: Duration::from_secs(620),
    };

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

    /// Sends the first part of what is given, waits for an answer, sends the other, and returns how long it was until the server
    /// ended the connection.
    async fn hung_up_after(address: SocketAddr, (first, then): (&[u8], &[u8])) -> Duration {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(first).await.unwrap();
        assert!(client.read(&mut [0; 1024]).await.unwrap() > 0);
        client.write_all(then).await.unwrap();
        let before = Instant::now();
        let _ = client.read_to_end(&mut Vec::new()).await;
        before.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_head_has_as_long_as_the_first() {
        const WHOLE: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        const POST: &[u8] = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody";
        for first in [WHOLE, POST] {
            let (mut connections, address) =
                serving(Router::new().route("/", get(async || "here").post(async || "here"))).await;
            let took = tokio::select! {
                () = connections.accept() => unreachable!("it accepts for ever"),
                took = hung_up_after(address, (first, b"GET / HTT")) => took,
            };
            let limit = LIMITS.head_timeout;
            assert!(limit <= took && took < limit * 2, "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_takes_long_is_no_slow_head() {
        let slow = async |body: String| {
            sleep(LIMITS.head_timeout * 5).await;
            body
        };
        let (mut connections, address) =
            serving(Router::new().route("/", axum::routing::post(slow))).await;
        let client = async {
            let mut client = TcpStream::connect(address).await.unwrap();
            let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n";
            client.write_all(head).await.unwrap();
            for byte in b"body" {
                sleep(LIMITS.head_timeout).await;
                client.write_all(&[*byte]).await.unwrap();
            }
            let mut answer = [0; 1024];
            let length = client.read(&mut answer).await.unwrap();
            assert!(answer[..length].ends_with(b"body"));
        };
        tokio::select! {
            () = connections.accept() => {}
            () = client => {}
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_of_http_2_without_requests_ends_as_others_do() {
        let (mut connections, address) =
            serving(Router::new().route("/", get(async || "here"))).await;
        let client = async {
            let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
                    .await
                    .unwrap();
            let ended = tokio::spawn(connection);
            // As long as it asks now and then it stays.
            for _ in 0..4 {
                let request = Request::get("/").body(Body::empty()).unwrap();
                let response = sender.send_request(request).await.unwrap();
                assert_eq!(response.status(), 200);
                drop(response);
                sleep(LIMITS.idle_timeout / 2).await;
            }
            let before = Instant::now();
            // It was told so, which is no error.
            ended.await.unwrap().unwrap();
            assert!(before.elapsed() <= LIMITS.idle_timeout * 2);
        };
        tokio::select! {
            () = connections.accept() => unreachable!("it accepts for ever"),
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
        connections.finish().cut().await;
        assert_eq!(in_flight.load(Relaxed), 0);
    }

    /// Answers an upgrade and then keeps the socket, as long as it works.
    async fn upgrade(mut request: Request<Body>) -> axum::response::Response {
        let taken = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut socket = TokioIo::new(taken.await.unwrap());
            let mut said = [0; 16];
            while socket.read(&mut said).await.is_ok_and(|length| length > 0) {}
        });
        let response = http::Response::builder().status(101);
        let response = response.header("connection", "upgrade");
        let response = response.header("upgrade", "parrot").body(Body::empty());
        response.unwrap()
    }

    const UPGRADE: &[u8] =
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: parrot\r\n\r\n";

    #[tokio::test]
    async fn upgraded_connections_may_end_until_the_deadline_and_are_cut_at_it() {
        let (mut connections, address) = serving(Router::new().route("/", get(upgrade))).await;
        let client = async {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(UPGRADE).await.unwrap();
            let mut answer = [0; 1024];
            let length = client.read(&mut answer).await.unwrap();
            assert!(answer[..length].starts_with(b"HTTP/1.1 101"));
            client
        };
        let mut client = tokio::select! {
            () = connections.accept() => unreachable!("it accepts for ever"),
            client = client => client,
        };
        let mut open = connections.finish();
        let ended = timeout(Duration::from_millis(50), open.end()).await;
        assert!(ended.is_err(), "the upgraded connection is open");
        assert_eq!(open.count(), 1);
        open.cut().await;
        // The one who took it found it broken and let go: the client sees its end.
        assert_eq!(client.read(&mut [0; 16]).await.unwrap_or(0), 0);
    }

    #[tokio::test]
    async fn an_upgraded_connection_that_ends_by_itself_is_waited_for() {
        let (mut connections, address) = serving(Router::new().route("/", get(upgrade))).await;
        let client = async {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(UPGRADE).await.unwrap();
            assert!(client.read(&mut [0; 1024]).await.unwrap() > 0);
        };
        tokio::select! {
            () = connections.accept() => {}
            () = client => {}
        }
        let mut open = connections.finish();
        open.end().await;
        assert_eq!(open.count(), 0);
    }

    #[tokio::test]
    async fn connections_beyond_the_limit_wait_for_a_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = ConnectionSettings { most: 1, ..LIMITS };
        let app = Router::new().route("/", get(async || "here"));
        let mut connections = Connections::new(listener, limits, None, app);
        let clients = async {
            let ask = async || {
                let mut client = TcpStream::connect(address).await.unwrap();
                client
                    .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                    .await
                    .unwrap();
                client
            };
            let mut first = ask().await;
            assert!(first.read(&mut [0; 1024]).await.unwrap() > 0);
            let mut second = ask().await;
            // The system has accepted it; the service has not.
            let early = timeout(Duration::from_millis(50), second.read(&mut [0; 1024])).await;
            assert!(early.is_err());
            drop(first);
            assert!(second.read(&mut [0; 1024]).await.unwrap() > 0);
        };
        tokio::select! {
            () = connections.accept() => {}
            () = clients => {}
        }
    }
}
