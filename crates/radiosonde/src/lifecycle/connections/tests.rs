//! Connections to clients that do not play by the rules.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::routing::get;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use radiosonde_metrics::Registry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

use super::*;

async fn serving(app: Router) -> (Connections, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let metrics = Some(ConnectionMetrics::new(&Registry::new()));
    (Connections::new(listener, LIMITS, metrics, app), address)
}

const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

/// Reads what has come.
async fn answer(client: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut answer = vec![0; 1024];
    let length = client.read(&mut answer).await.unwrap();
    answer.truncate(length);
    answer
}

const LIMITS: ConnectionSettings = ConnectionSettings {
    most: 200,
    head_timeout: Duration::from_secs(30),
    idle_timeout: Duration::from_secs(620),
};

/// A pipe to the service, as a client has it. A paused clock knows that something is on its way in there, and does not go on; of
/// what is in the sockets of the system it knows nothing.
fn connected(connections: &mut Connections) -> DuplexStream {
    let (client, server) = duplex(64 * 1024);
    let place = Arc::clone(&connections.places).try_acquire_owned();
    let peer = SocketAddr::from(([127, 0, 0, 1], 1));
    connections.serve(server, peer, place.unwrap());
    client
}

/// Connects, says this, and waits until the server ends the connection.
async fn hung_up_on(connections: &mut Connections, said: &[u8]) {
    let mut client = connected(connections);
    client.write_all(said).await.unwrap();
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_accepted_is_counted_unless_it_is_the_clients_affair() {
    use io::ErrorKind::{ConnectionAborted, QuotaExceeded};
    let registry = Registry::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let metrics = Some(ConnectionMetrics::new(&registry));
    let mut connections = Connections::new(listener, LIMITS, metrics, Router::new());
    let began = Instant::now();
    for kind in [QuotaExceeded, ConnectionAborted, QuotaExceeded] {
        let place = Arc::clone(&connections.places).try_acquire_owned().unwrap();
        connections.take(place, Err(kind.into())).await;
    }
    let text = registry.render();
    for expected in [
        "http_connections_failed_total 2\n",
        "http_connections_accepted_total 0\n",
        "http_open_connections 0\n",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    // It waits a moment for what it has not, and not for clients.
    assert_eq!(began.elapsed().as_secs(), 2);
    assert_eq!(connections.places.available_permits(), LIMITS.most);
}

// The paused clock goes on whenever all wait: a connection that nothing ends would wait for ever.
#[tokio::test(start_paused = true)]
async fn clients_that_never_ask_are_hung_up_on() {
    let (mut connections, _) = serving(Router::new()).await;
    for said in [
        &b""[..],
        b"GET /hal",
        b"PRI * HTTP/2.0\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        hung_up_on(&mut connections, said).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_asked_may_pause_as_long_as_a_load_balancer_does() {
    let (mut connections, _) = serving(Router::new().route("/", get(async || "here"))).await;
    let mut client = connected(&mut connections);
    for _ in 0..3 {
        client.write_all(ASK).await.unwrap();
        let answer = answer(&mut client).await;
        assert!(answer.ends_with(b"here"), "{answer:?}");
        sleep(Duration::from_mins(10)).await;
    }
}

/// Sends the first part of what is given, waits for an answer, sends the other, and returns how long it was until the server
/// ended the connection.
async fn hung_up_after(connections: &mut Connections, (first, then): (&[u8], &[u8])) -> Duration {
    let mut client = connected(connections);
    client.write_all(first).await.unwrap();
    assert!(!answer(&mut client).await.is_empty());
    client.write_all(then).await.unwrap();
    let before = Instant::now();
    let _ = client.read_to_end(&mut Vec::new()).await;
    before.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_second_head_has_as_long_as_the_first() {
    const POST: &[u8] = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody";
    let app = Router::new().route("/", get(async || "here").post(async || "here"));
    let (mut connections, _) = serving(app).await;
    for first in [ASK, POST] {
        let took = hung_up_after(&mut connections, (first, b"GET / HTT")).await;
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
    let app = Router::new().route("/", axum::routing::post(slow));
    let (mut connections, _) = serving(app).await;
    let mut client = connected(&mut connections);
    let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n";
    client.write_all(head).await.unwrap();
    for byte in b"body" {
        sleep(LIMITS.head_timeout).await;
        client.write_all(&[*byte]).await.unwrap();
    }
    assert!(answer(&mut client).await.ends_with(b"body"));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_read_after_the_answer_is_no_slow_head() {
    let (send, mut read) = mpsc::channel(1);
    let accept = move |body: Body| {
        let send = send.clone();
        tokio::spawn(async move {
            let body = axum::body::to_bytes(body, 100).await;
            send.send(body.map_err(|error| error.to_string())).await
        });
        std::future::ready(http::StatusCode::ACCEPTED)
    };
    let app = Router::new().route("/", axum::routing::post(accept));
    let (mut connections, _) = serving(app).await;
    let mut client = connected(&mut connections);
    let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n";
    client.write_all(head).await.unwrap();
    assert!(answer(&mut client).await.starts_with(b"HTTP/1.1 202"));
    for byte in b"body" {
        sleep(LIMITS.head_timeout).await;
        client.write_all(&[*byte]).await.unwrap();
    }
    assert_eq!(read.recv().await.unwrap().unwrap(), "body");
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_http_2_without_requests_ends_as_others_do() {
    let (mut connections, _) = serving(Router::new().route("/", get(async || "here"))).await;
    let stream = TokioIo::new(connected(&mut connections));
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
            client.write_all(ASK).await.unwrap();
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
