//! Responses of two hundred shapes go through everything that can be switched on, and are on the wire what they were.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::ext::ReasonPhrase;
use hyper_util::rt::{TokioExecutor, TokioIo};
use radiosonde::errors::ErrorOptions;
use radiosonde::layer::{GrpcOptions, RequestOptions};
use radiosonde::{Config, Sonde, build};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::shapes::{Shape, shapes};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::account::Account;
use crate::pipes::Server;

/// Telemetry with everything on but the header that has the id of the trace, which is one more.
fn everything(spans: &FaultCollector, reports: &FaultCollector) -> Sonde {
    let requests = RequestOptions::new()
        .access_log(1.0)
        .body_sizes(true)
        .capture_headers(["host", "te"])
        .capture_response_headers(["content-type", "etag"])
        .grpc(GrpcOptions::new())
        .record_query(true);
    let config = Config::new("checkout")
        .errors(ErrorOptions::new().events_per_minute(1_000_000))
        .otlp_endpoint(spans.endpoint())
        .requests(requests)
        .sentry_dsn(format!("http://key@{}/1", reports.addr()));
    build(config).unwrap().into_sonde()
}

/// Answers a request to `/3` in the shape of that number.
fn service(shapes: &Arc<Vec<Shape>>) -> Router {
    let shapes = shapes.clone();
    let answer = async move |Path(number): Path<usize>, request: Request| -> Response {
        // As most services do with what is sent to them.
        let _ = request.into_body().collect().await;
        let mut response = shapes[number].answer().map(Body::new);
        if let Some(reason) = shapes[number].reason {
            let reason = ReasonPhrase::from_static(reason);
            response.extensions_mut().insert(reason);
        }
        response
    };
    Router::new().route("/{number}", any(answer))
}

/// Answers with what it was sent.
async fn echo(request: Request) -> Response {
    let body = request.into_body().collect().await.unwrap();
    Response::new(Body::from(body.to_bytes()))
}

/// Takes a connection over, answers what is said there, and hangs up.
async fn take_over(mut request: Request) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut taken = TokioIo::new(upgrade.await.unwrap());
        let mut said = [0; 4];
        taken.read_exact(&mut said).await.unwrap();
        taken.write_all(b"pong").await.unwrap();
        taken.shutdown().await.unwrap();
    });
    let response = Response::builder();
    let response = match *request.method() {
        Method::CONNECT => response,
        _ => response.status(101).header("upgrade", "ping"),
    };
    response.body(Body::empty()).unwrap()
}

/// What a client of HTTP/2 sees of an answer. Of one that broke off, when is a matter of luck.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Whole(StatusCode, Box<[HeaderMap; 2]>, Bytes),
    BrokenOff,
}

async fn see(server: &Server, method: &Method, number: usize) -> Seen {
    let stream = TokioIo::new(server.connect());
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
    let (mut head, body) = response.into_parts();
    // It changes each second.
    head.headers.remove("date");
    match body.collect().await {
        Ok(body) => {
            let trailers = body.trailers().cloned().unwrap_or_default();
            let headers = Box::new([head.headers, trailers]);
            Seen::Whole(head.status, headers, body.to_bytes())
        }
        Err(_) => Seen::BrokenOff,
    }
}

/// How many requests were counted under each outcome.
fn outcomes(sonde: &Sonde) -> BTreeMap<String, u64> {
    let text = sonde.metrics().render();
    let mut outcomes = BTreeMap::new();
    for line in text.lines() {
        let Some(labels) = line.strip_prefix("http_requests_total{") else {
            continue;
        };
        let outcome = labels.split("outcome=\"").nth(1).unwrap();
        let outcome = outcome.split('"').next().unwrap();
        let count: u64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
        *outcomes.entry(outcome.to_owned()).or_default() += count;
    }
    outcomes
}

#[tokio::test]
async fn responses_of_every_shape_are_the_same_with_everything_on() {
    let [spans, reports] = [(), ()].map(|()| FaultCollector::start(Mode::status(200)));
    let sonde = everything(&spans, &reports);
    let shapes = Arc::new(shapes());
    let bare = Server::start(service(&shapes));
    let observed = Server::start(service(&shapes).layer(sonde.layer()));
    let mut expected = BTreeMap::new();
    for (number, shape) in shapes.iter().enumerate() {
        for version in ["HTTP/1.1", "HTTP/1.0", "HTTP/2"] {
            if version == "HTTP/2" {
                let [bare, observed] =
                    [&bare, &observed].map(|server| see(server, &shape.method, number));
                assert_eq!(bare.await, observed.await, "{version} {shape:?}");
            } else {
                let request = shape.request(&format!("/{number}?a=b"), version);
                let [bare, observed] = [&bare, &observed].map(|server| server.answer(&request));
                let bare = bare.await.expect("no answer");
                assert_eq!(Some(bare), observed.await, "{version} {shape:?}");
            }
            *expected.entry(shape.outcome().to_owned()).or_default() += 1;
        }
        assert_eq!(outcomes(&sonde), expected, "{shape:?}");
    }
    sonde.shutdown(Duration::from_secs(30)).await;
    let asked: u64 = expected.values().sum();
    assert_eq!(Account::of_spans(&sonde).all, asked);
}

#[tokio::test]
async fn what_comes_before_an_answer_and_after_it_is_the_same_with_everything_on() {
    let [spans, reports] = [(), ()].map(|()| FaultCollector::start(Mode::status(200)));
    let sonde = everything(&spans, &reports);
    let service = || Router::new().route("/echo", any(echo)).fallback(take_over);
    let bare = Server::start(service());
    let observed = Server::start(service().layer(sonde.layer()));
    let expect = "POST /echo HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
        expect: 100-continue\r\ncontent-length: 4\r\n\r\nbody";
    let upgrade = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: ping\r\n\r\nping";
    let connect = "CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\nping";
    for (request, line, end) in [
        (expect, "HTTP/1.1 100 Continue", "body"),
        (upgrade, "HTTP/1.1 101 Switching Protocols", "pong"),
        (connect, "HTTP/1.1 200 OK", "pong"),
    ] {
        let [bare, observed] = [&bare, &observed].map(|server| server.answer(request.as_bytes()));
        let bare = bare.await.expect("no answer");
        assert_eq!(bare.line, line, "{bare:?}");
        assert!(bare.rest.ends_with(&format!("\n{end}")), "{bare:?}");
        assert_eq!(Some(bare), observed.await, "{request}");
    }
    let expected = [("ok", 1), ("upgraded", 2)].map(|(outcome, count)| (outcome.to_owned(), count));
    assert_eq!(outcomes(&sonde), BTreeMap::from(expected));
    sonde.shutdown(Duration::from_secs(30)).await;
    assert_eq!(Account::of_spans(&sonde).all, 3);
}
