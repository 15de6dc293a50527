//! Connections that stay: web sockets and event streams, opened and cut at random.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::{StreamExt as _, stream};
use radiosonde::{Config, Sonde};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::size;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, yield_now};

use crate::account::Account;

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Close(_)) || socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Ten events, and then none, and no end.
async fn events() -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
    let ten = stream::iter(0..10).map(|n| Ok(Event::default().data(n.to_string())));
    Sse::new(ten.chain(stream::pending()))
}

fn app(sonde: &Sonde) -> Router {
    Router::new()
        .route(
            "/echo",
            get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)),
        )
        .route("/events", get(events))
        .layer(sonde.layer())
}

/// Opens a WebSocket, says something if it gets so far, and leaves. Returns whether it was open.
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
    // A masked text of two letters, the whole or part of it.
    let frame = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
    let _ = stream
        .write_all(&frame[..cut(random >> 8, frame.len())])
        .await;
    if random % 4 == 1 {
        let _ = stream.read(&mut [0; 64]).await;
    }
    true
}

/// Listens to events for a while, and leaves. Returns whether an answer came.
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
    stream.read_exact(&mut some).await.is_ok()
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

/// Opens connections and cuts them at random, until none is left; returns how many were upgraded, and how many were answered
/// by events.
async fn open_and_cut(sonde: &Sonde, address: SocketAddr) -> (u64, u64) {
    let connections = size(400, 10_000);
    let mut randoms = randoms();
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

    let settled = async {
        while sum(sonde, "http_open_connections") + sum(sonde, "http_active_connections") != 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let settled = tokio::time::timeout(Duration::from_mins(2), settled).await;
    let text = sonde.metrics().render();
    assert!(settled.is_ok(), "{text}");

    let opened = u64::try_from(connections).unwrap();
    assert_eq!(
        sum(sonde, "http_connections_accepted_total"),
        opened,
        "{text}"
    );
    (upgraded, streamed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_at_random_leave_nothing_behind() {
    let sonde = radiosonde::build("checkout").unwrap().into_sonde();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = axum::serve(sonde.listener(listener), app(&sonde)).into_future();
    let server = tokio::spawn(server);
    let (upgraded, streamed) = open_and_cut(&sonde, address).await;
    server.abort();

    assert_requests(&sonde, upgraded, streamed);
    // Whoever serves the connections of this server does not tell when another protocol has ended.
    let text = sonde.metrics().render();
    let of_sockets = r#"http_stream_duration_seconds_count{method="GET",route="/echo"}"#;
    assert!(!text.contains(of_sockets), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_web_sockets_is_taken_where_their_connections_are_served() {
    let collector = FaultCollector::start(Mode::status(200));
    let config = Config::new("checkout").otlp_endpoint(collector.endpoint());
    let sonde = radiosonde::build(config).unwrap().into_sonde();
    let server = sonde.bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr();
    let server = tokio::spawn(server.serve(app(&sonde)));
    let (upgraded, streamed) = open_and_cut(&sonde, address).await;
    server.abort();

    assert_requests(&sonde, upgraded, streamed);
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

/// Asserts that each upgrade and each stream was counted once.
#[track_caller]
fn assert_requests(sonde: &Sonde, upgraded: u64, streamed: u64) {
    let text = sonde.metrics().render();
    let outcome = |outcome: &str, route: &str| {
        let line = text.lines().find(|line| {
            line.starts_with("http_requests_total{")
                && line.contains(&format!("outcome=\"{outcome}\",route=\"{route}\""))
        });
        line.map_or(0, |line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
    };
    assert_eq!(outcome("upgraded", "/echo"), upgraded, "{text}");
    // Nobody hears an endless stream to its end.
    assert_eq!(outcome("ok", "/events"), 0, "{text}");
    assert!(outcome("cancelled", "/events") >= streamed, "{text}");
    let streams = sum(
        sonde,
        r#"http_stream_duration_seconds_count{method="GET",route="/events""#,
    );
    assert_eq!(streams, outcome("cancelled", "/events"), "{text}");
}
