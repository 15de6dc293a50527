//! What goes over the wire is the same with and without the layer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper_util::rt::{TokioExecutor, TokioIo};
use proptest::prelude::*;
use radiosonde_metrics::Registry;
use radiosonde_testkit::shapes::{Piece, Pieces, Shape, shapes};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::server::Server;
use crate::script::{total, total_in};

/// The same service twice: bare, and with the layer.
struct Twins {
    bare: Server,
    observed: Server,
    registry: Registry,
}

impl Twins {
    /// Answers a request to `/3` in the shape of that number.
    async fn of(shapes: Vec<Shape>) -> Self {
        let shapes = Arc::new(shapes);
        let answer = move |request: Request<Incoming>| {
            let shapes = shapes.clone();
            async move {
                let number: usize = request.uri().path()[1..].parse().unwrap();
                // As most services do with what is sent to them.
                let _ = request.into_body().collect().await;
                answer_in(&shapes[number])
            }
        };
        let registry = Registry::new();
        Self {
            bare: Server::bare(answer.clone()).await,
            observed: Server::observed(answer, &registry).await,
            registry,
        }
    }

    /// Says this to both, asserts that both answer the same, and returns that.
    async fn answer(&self, request: &[u8]) -> Vec<u8> {
        let bare = exchange(self.bare.address, request).await;
        let observed = exchange(self.observed.address, request).await;
        let (bare_text, observed_text) = (bare.escape_ascii(), observed.escape_ascii());
        let request = request.escape_ascii();
        assert_eq!(
            bare_text.to_string(),
            observed_text.to_string(),
            "{request}"
        );
        bare
    }
}

/// The answer, with its own words behind the status where it has some.
fn answer_in(shape: &Shape) -> Response<Pieces> {
    let mut response = shape.answer();
    if let Some(reason) = shape.reason {
        let reason = ReasonPhrase::from_static(reason);
        response.extensions_mut().insert(reason);
    }
    response
}

/// The outcomes of what was asked so far.
#[derive(Debug, Default)]
struct Outcomes(BTreeMap<&'static str, f64>);

impl Outcomes {
    /// Notes that a shape was asked for, and asserts that it was counted as what it is, and that nothing else was counted.
    #[track_caller]
    fn assert_next(&mut self, shape: &Shape, registry: &Registry) {
        *self.0.entry(shape.outcome()).or_default() += 1.0;
        let text = registry.render();
        for outcome in ["ok", "error", "cancelled", "panicked", "upgraded"] {
            let part = format!("outcome=\"{outcome}\"");
            let counted = total_in(&text, "http_requests_total", &part);
            let expected = self.0.get(outcome).copied().unwrap_or_default();
            assert_eq!(counted, expected, "{outcome} at {shape:?}");
        }
    }
}

/// Sends bytes and reads until the server hangs up.
async fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has told what it had to tell.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

fn head(method: &Method, number: usize, version: &str, more: &str) -> String {
    format!("{method} /{number} {version}\r\nhost: a\r\nconnection: close\r\n{more}\r\n")
}

#[tokio::test]
async fn two_hundred_shapes_of_responses_are_the_same_over_http_1() {
    let shapes = shapes();
    assert!(shapes.len() >= 200, "{}", shapes.len());
    let twins = Twins::of(shapes.clone()).await;
    let mut outcomes = Outcomes::default();
    for (number, shape) in shapes.iter().enumerate() {
        let path = format!("/{number}");
        let answer = twins.answer(&shape.request(&path, "HTTP/1.1")).await;
        outcomes.assert_next(shape, &twins.registry);
        let line = format!("HTTP/1.1 {}", shape.status.as_str());
        assert!(
            answer.starts_with(line.as_bytes()),
            "{shape:?}: {}",
            answer.escape_ascii()
        );
        if shape.method == Method::GET {
            twins.answer(&shape.request(&path, "HTTP/1.0")).await;
            outcomes.assert_next(shape, &twins.registry);
        }
    }
}

#[tokio::test]
async fn trailers_go_over_http_1_where_both_ends_want_them() {
    let body = Pieces::new([Piece::text("text"), Piece::Trailers]);
    let shape = Shape::new(Method::GET, 200, body).with(header::TRAILER, "x-checksum");
    let twins = Twins::of(vec![shape.clone()]).await;
    let answer = twins.answer(&shape.request("/0", "HTTP/1.1")).await;
    assert!(
        answer.ends_with(b"0\r\nx-checksum: abc\r\n\r\n"),
        "{}",
        answer.escape_ascii()
    );
}

#[tokio::test]
async fn a_body_that_is_waited_for_is_announced_by_100_continue() {
    let shape = Shape::new(Method::POST, 200, Pieces::new([Piece::text("thanks")]));
    let twins = Twins::of(vec![shape]).await;
    let request = head(
        &Method::POST,
        0,
        "HTTP/1.1",
        "expect: 100-continue\r\ncontent-length: 4\r\n",
    );
    let answer = twins.answer(format!("{request}body").as_bytes()).await;
    assert!(
        answer.starts_with(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"),
        "{}",
        answer.escape_ascii()
    );
}

#[tokio::test]
async fn requests_in_one_packet_are_answered_in_turn() {
    let text = |text| {
        Shape::new(
            Method::GET,
            200,
            Pieces::new([Piece::Wait, Piece::text(text)]),
        )
    };
    let twins = Twins::of(vec![text("first"), text("second"), text("third")]).await;
    let requests: String = (0..3)
        .map(|number| match number {
            2 => head(&Method::GET, number, "HTTP/1.1", ""),
            _ => format!("GET /{number} HTTP/1.1\r\nhost: a\r\n\r\n"),
        })
        .collect();
    let answer = twins.answer(requests.as_bytes()).await;
    let bodies = ["first", "second", "third"];
    let found = bodies.map(|body| {
        answer
            .windows(body.len())
            .position(|part| part == body.as_bytes())
    });
    assert!(
        found.is_sorted() && found[0].is_some(),
        "{}",
        answer.escape_ascii()
    );
}

/// Takes a connection over, says something, and hangs up.
async fn take_over(mut request: Request<Incoming>) -> Response<Pieces> {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut taken = TokioIo::new(upgrade.await.unwrap());
        let mut said = [0; 4];
        taken.read_exact(&mut said).await.unwrap();
        taken.write_all(b"pong").await.unwrap();
        taken.shutdown().await.unwrap();
    });
    let mut response = Response::new(Pieces::default());
    if request.method() != Method::CONNECT {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let (name, value) = (header::UPGRADE, http::HeaderValue::from_static("ping"));
        response.headers_mut().insert(name, value);
    }
    response
}

#[tokio::test]
async fn a_connection_that_changes_its_protocol_belongs_to_the_service() {
    let registry = Registry::new();
    let twins = Twins {
        bare: Server::bare(take_over).await,
        observed: Server::observed(take_over, &registry).await,
        registry,
    };
    let upgrade = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: ping\r\n\r\nping";
    let connect = "CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\nping";
    for (request, line) in [(upgrade, "HTTP/1.1 101"), (connect, "HTTP/1.1 200")] {
        let answer = twins.answer(request.as_bytes()).await;
        assert!(
            answer.starts_with(line.as_bytes()),
            "{}",
            answer.escape_ascii()
        );
        assert!(
            answer.ends_with(b"\r\n\r\npong"),
            "{}",
            answer.escape_ascii()
        );
    }
    assert_eq!(
        total(&twins.registry, "http_requests_total", "upgraded"),
        2.0
    );
}

/// What a client of HTTP/2 sees of an answer. Of one that broke off, when is a matter of luck.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Whole(StatusCode, Box<[HeaderMap; 2]>, Bytes),
    BrokenOff,
}

async fn see(address: SocketAddr, method: &Method, number: usize) -> Seen {
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(format!("http://a/{number}"));
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = client.send_request(request).await else {
        return Seen::BrokenOff;
    };
    let (head, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => {
            let trailers = body.trailers().cloned().unwrap_or_default();
            let headers = Box::new([head.headers, trailers]);
            Seen::Whole(head.status, headers, body.to_bytes())
        }
        Err(_) => Seen::BrokenOff,
    }
}

#[tokio::test]
async fn two_hundred_shapes_of_responses_are_the_same_over_http_2() {
    let shapes = shapes();
    let twins = Twins::of(shapes.clone()).await;
    let mut outcomes = Outcomes::default();
    for (number, shape) in shapes.iter().enumerate() {
        let bare = see(twins.bare.address, &shape.method, number).await;
        let observed = see(twins.observed.address, &shape.method, number).await;
        assert_eq!(bare, observed, "{shape:?}");
        outcomes.assert_next(shape, &twins.registry);
    }
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        6 => prop::collection::vec(any::<u8>(), 0..200).prop_map(|data| Piece::Data(data.into())),
        2 => Just(Piece::Wait),
        1 => Just(Piece::Fail),
        1 => Just(Piece::Trailers),
    ]
}

prop_compose! {
    fn shape()(
        status in prop::sample::select(vec![200, 201, 204, 304, 404, 500]),
        pieces in prop::collection::vec(piece(), 0..8),
        knows_itself in any::<bool>(),
        announced in prop::option::of(0..600_usize),
        accepts_trailers in any::<bool>(),
    ) -> Shape {
        let body = Pieces::new(pieces);
        let body = if knows_itself { body.that_knows_itself() } else { body };
        let mut shape = Shape::new(Method::GET, status, body);
        // A server that is told two lengths breaks off.
        if let Some(bytes) = announced.filter(|_| !knows_itself) {
            shape = shape.announcing(bytes);
        }
        if accepts_trailers {
            shape = shape.with(header::TRAILER, "x-checksum");
        }
        shape
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_body_is_the_same(shapes in prop::collection::vec(shape(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let count = shapes.len();
            let twins = Twins::of(shapes).await;
            for number in 0..count {
                twins.answer(head(&Method::GET, number, "HTTP/1.1", "te: trailers\r\n").as_bytes()).await;
            }
        });
    }
}
