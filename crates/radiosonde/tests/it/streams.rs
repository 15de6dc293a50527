//! Connections that stay: web sockets and event streams, opened and cut at random.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{Method, Request, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::routing::{any, get};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Empty};
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use radiosonde::{Config, Sonde};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::size;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, yield_now};

use crate::account::Account;
#[cfg(target_os = "linux")]
use crate::child;

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Close(_)) || socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Ten events, and then none, and no end.
fn events() -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
    let ten = stream::iter(0..10).map(|n| Ok(Event::default().data(n.to_string())));
    Sse::new(ten.chain(stream::pending()))
}

/// How often the service was asked, and answered.
#[derive(Debug, Default)]
struct Asked {
    web_sockets: AtomicU64,
    events: AtomicU64,
}

fn app(sonde: &Sonde, asked: &Arc<Asked>) -> Router {
    let [of_sockets, of_events] = [asked.clone(), asked.clone()];
    let sockets = async move |upgrade: WebSocketUpgrade| {
        of_sockets.web_sockets.fetch_add(1, Relaxed);
        upgrade.on_upgrade(echo)
    };
    let streams = async move || {
        of_events.events.fetch_add(1, Relaxed);
        events()
    };
    Router::new()
        .route("/echo", any(sockets))
        .route("/events", get(streams))
        .layer(sonde.layer())
}

/// Opens a WebSocket, says something, and leaves; or leaves before it has asked for one. Returns whether it was open.
async fn web_socket(address: SocketAddr, random: u64) -> bool {
    let request = "GET /echo HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(&request.as_bytes()[..cut(random, request.len())])
        .await
        .unwrap();
    if random.is_multiple_of(4) {
        return false;
    }
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 101");
    let _ = stream
        .write_all(&FRAME[..cut(random >> 8, FRAME.len())])
        .await;
    if random % 4 == 1 {
        let _ = stream.read(&mut [0; 64]).await;
    }
    true
}

/// A masked text of two letters, and how it comes back.
const FRAME: [u8; 8] = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
const ECHOED: [u8; 4] = [0x81, 0x02, b'h', b'i'];

/// Listens to events for a while, and leaves; or leaves before it has asked for some. Returns whether an answer came.
async fn event_source(address: SocketAddr, random: u64) -> bool {
    let request = "GET /events HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\n\r\n";
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(&request.as_bytes()[..cut(random, request.len())])
        .await
        .unwrap();
    if random.is_multiple_of(4) {
        return false;
    }
    let mut some = vec![0; 1 + usize::try_from(random >> 8).unwrap_or_default() % 256];
    stream.read_exact(&mut some).await.unwrap();
    true
}

/// Where a message is cut: at its end, unless it is one of a quarter, then anywhere.
fn cut(random: u64, length: usize) -> usize {
    if random.is_multiple_of(4) {
        usize::try_from(random >> 16).unwrap_or_default() % length
    } else {
        length
    }
}

/// Numbers that look random, the same each time.
fn randoms() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(0x9e37_79b9_7f4a_7c15_u64), |last| {
        let mut next = *last;
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        Some(next)
    })
}

fn sum(sonde: &Sonde, name: &str) -> u64 {
    let text = sonde.metrics().render();
    let samples = text.lines().filter_map(|line| line.strip_prefix(name));
    let samples = samples.filter(|rest| rest.starts_with(['{', '}', ' ']));
    samples
        .map(|rest| rest.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
        .sum()
}

/// Opens so many connections and cuts them at random, until none is left; returns how many were upgraded, and how many were
/// answered by events.
async fn open_and_cut(
    address: SocketAddr,
    randoms: &mut impl Iterator<Item = u64>,
    connections: usize,
) -> [u64; 2] {
    let (mut upgraded, mut streamed) = (0_u64, 0_u64);
    let mut open = JoinSet::new();
    for n in 0..connections {
        let random = randoms.next().unwrap_or_default();
        open.spawn(async move {
            yield_now().await;
            match n % 2 {
                0 => (web_socket(address, random).await, false),
                _ => (false, event_source(address, random).await),
            }
        });
        // Some hundred at a time: each is two file descriptors.
        if open.len() >= 100 || n + 1 == connections {
            while let Some(done) = open.join_next().await {
                let (one, other) = done.unwrap();
                upgraded += u64::from(one);
                streamed += u64::from(other);
            }
        }
    }
    [upgraded, streamed]
}

/// Waits until as many were accepted as were opened, and nothing is open and nothing in flight.
async fn settle(sonde: &Sonde, opened: u64) {
    let settled = async {
        let in_flight = || sum(sonde, "http_active_connections") != 0;
        let is_open = || sum(sonde, "http_open_connections") != 0;
        while sum(sonde, "http_connections_accepted_total") < opened || is_open() || in_flight() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let settled = tokio::time::timeout(Duration::from_mins(2), settled).await;
    assert!(settled.is_ok(), "{}", sonde.metrics().render());
}

/// Opens and cuts connections, and asserts that all of them were accepted and each request was counted once. Returns how
/// many were upgraded.
async fn open_cut_and_count(sonde: &Sonde, address: SocketAddr, asked: &Asked) -> u64 {
    let connections = size(400, 10_000);
    let [upgraded, streamed] = open_and_cut(address, &mut randoms(), connections).await;
    settle(sonde, connections as u64).await;
    let text = sonde.metrics().render();
    let accepted = sum(sonde, "http_connections_accepted_total");
    assert_eq!(accepted, u64::try_from(connections).unwrap(), "{text}");
    assert!(upgraded > 0 && streamed > 0, "{upgraded} {streamed}");
    assert_eq!(asked.web_sockets.load(Relaxed), upgraded);
    assert_eq!(asked.events.load(Relaxed), streamed);
    assert_requests(&text, upgraded, streamed);
    upgraded
}

/// Asserts that each upgrade and each stream was counted once, and nothing else.
#[track_caller]
fn assert_requests(text: &str, upgraded: u64, streamed: u64) {
    let labels = [
        (r#"outcome="upgraded",route="/echo",status="101""#, upgraded),
        // Nobody hears an endless stream to its end.
        (
            r#"outcome="cancelled",route="/events",status="200""#,
            streamed,
        ),
    ];
    let expected = labels
        .map(|(labels, count)| format!(r#"http_requests_total{{method="GET",{labels}}} {count}"#));
    let mut counted: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("http_requests_total{"))
        .collect();
    counted.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(counted, expected, "{text}");
    let streams = r#"http_stream_duration_seconds_count{method="GET",route="/events"}"#;
    assert!(text.contains(&format!("{streams} {streamed}\n")), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_at_random_leave_nothing_behind() {
    let (sonde, asked) = (
        radiosonde::build("checkout").unwrap().into_sonde(),
        Arc::default(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = axum::serve(sonde.listener(listener), app(&sonde, &asked)).into_future();
    let server = tokio::spawn(server);
    open_cut_and_count(&sonde, address, &asked).await;
    server.abort();

    // Whoever serves the connections of this server does not tell when another protocol has ended.
    let text = sonde.metrics().render();
    let of_sockets = r#"http_stream_duration_seconds_count{method="GET",route="/echo"}"#;
    assert!(!text.contains(of_sockets), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_web_sockets_is_taken_where_their_connections_are_served() {
    let collector = FaultCollector::start(Mode::status(200));
    let config = Config::new("checkout").otlp_endpoint(collector.endpoint());
    let (sonde, asked) = (
        radiosonde::build(config).unwrap().into_sonde(),
        Arc::default(),
    );
    let server = sonde.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let server = tokio::spawn(server.serve(app(&sonde, &asked)));
    let upgraded = open_cut_and_count(&sonde, address, &asked).await;
    server.abort();

    let text = sonde.metrics().render();
    let of_sockets =
        format!(r#"http_stream_duration_seconds_count{{method="GET",route="/echo"}} {upgraded}"#);
    assert!(
        text.contains(&format!("{of_sockets}\n")),
        "{of_sockets}\n{text}"
    );

    // No connection that is gone, however it went, has left its span behind in memory.
    sonde.shutdown(Duration::from_secs(30)).await;
    let spans = Account::of_spans(&sonde);
    assert_eq!(spans.all, sum(&sonde, "http_requests_total"));
    assert_eq!(spans.sent, collector.accepted("/v1/traces"));
}

/// Opens and cuts connections of a service whose spans are sent, and returns by how many KiB the process grew in the second
/// half of them.
#[cfg(target_os = "linux")]
fn growth() -> u64 {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sonde = radiosonde::build("checkout").unwrap().into_sonde();
        let server = sonde.bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr();
        tokio::spawn(server.serve(app(&sonde, &Arc::default())));
        let (mut randoms, half) = (randoms(), size(400, 10_000) / 2);
        open_and_cut(address, &mut randoms, half).await;
        settle(&sonde, half as u64).await;
        let before = crate::memory::resident();
        open_and_cut(address, &mut randoms, half).await;
        settle(&sonde, 2 * half as u64).await;
        crate::memory::resident().saturating_sub(before)
    })
}

#[cfg(target_os = "linux")]
#[test]
fn connections_that_are_gone_take_no_memory() {
    if child::is_child() {
        println!("grew {}", growth());
        return;
    }
    // In another process: it keeps what it is sent.
    let collector = FaultCollector::start(Mode::status(200));
    let endpoint = collector.endpoint();
    let name = "streams::connections_that_are_gone_take_no_memory";
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint)];
    let said = child::printed(&child::run(name, &variables));
    assert!(collector.accepted("/v1/traces") > 0, "{said}");
    let grew = said
        .split("grew ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    let grew: u64 = grew.unwrap_or_else(|| panic!("{said}")).parse().unwrap();
    println!("the second half of the connections took {grew} KiB");
    assert!(grew <= 4 * 1_024, "it grew by {grew} KiB");
}

#[tokio::test]
async fn a_web_socket_and_a_stream_of_events_over_one_connection_of_http_2_are_counted_once_each() {
    let (sonde, asked) = (
        radiosonde::build("checkout").unwrap().into_sonde(),
        Arc::default(),
    );
    let server = sonde.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let server = tokio::spawn(server.serve(app(&sonde, &asked)));
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
            .await
            .unwrap();
    let connection = tokio::spawn(connection);

    let request = Request::get(format!("http://{address}/events")).body(Empty::<Bytes>::new());
    let mut events = client.send_request(request.unwrap()).await.unwrap();
    let event = events.body_mut().frame().await.unwrap().unwrap();
    assert_eq!(event.into_data().unwrap(), "data: 0\n\n");

    // The server has told by now that it speaks other protocols within one of its streams.
    let request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://{address}/echo"))
        .header("sec-websocket-version", "13")
        .extension(Protocol::from_static("websocket"))
        .body(Empty::new());
    let response = client.send_request(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut socket = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    socket.write_all(&FRAME).await.unwrap();
    let mut echoed = [0; ECHOED.len()];
    socket.read_exact(&mut echoed).await.unwrap();
    assert_eq!(echoed, ECHOED);

    drop((events, socket, client));
    connection.await.unwrap().unwrap();
    settle(&sonde, 1).await;
    server.abort();
    let text = sonde.metrics().render();
    let counted: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("http_requests_total{"))
        .collect();
    let expected = [
        r#"http_requests_total{method="CONNECT",outcome="upgraded",route="/echo",status="200"} 1"#,
        r#"http_requests_total{method="GET",outcome="cancelled",route="/events",status="200"} 1"#,
    ];
    assert_eq!(counted, expected, "{text}");
    let streams = sum(&sonde, "http_stream_duration_seconds_count");
    assert_eq!(streams, 1, "{text}");
}
