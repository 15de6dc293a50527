//! The balance over sockets: clients that leave at any moment, handlers that panic, both versions of HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use radiosonde_metrics::Registry;
use radiosonde_testkit::size;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, yield_now};

use super::pieces::{Piece, Pieces};
use super::server::Server;
use crate::balance::silence_expected_panics;
use crate::script::total_in;

/// What the service knows of the requests that reached it.
#[derive(Debug, Default)]
struct Arrived {
    all: AtomicUsize,
    panicking: AtomicUsize,
    failing: AtomicUsize,
}

impl Arrived {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Pieces> {
        self.all.fetch_add(1, Relaxed);
        let text = || Piece::Data(Bytes::from_static(b"some text"));
        match request.uri().path() {
            "/panic" => {
                self.panicking.fetch_add(1, Relaxed);
                panic!("in call");
            }
            "/break" => {
                self.panicking.fetch_add(1, Relaxed);
                Response::new(Pieces::new([text(), Piece::Panic]))
            }
            "/fail" => {
                self.failing.fetch_add(1, Relaxed);
                let mut response = Response::new(Pieces::new([text()]));
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }
            "/hang" => std::future::pending().await,
            "/endless" => Response::new(Pieces::new([text(), Piece::Wait, text(), Piece::Hang])),
            _ => Response::new(Pieces::new([text(), Piece::Wait, text()])),
        }
    }
}

/// Of ten requests, one each is left before its answer and within it, and one panics.
const PATHS: [&str; 10] = [
    "/hang", "/endless", "/panic", "/fail", "/text", "/text", "/text", "/text", "/text", "/break",
];

/// Asks over HTTP/1, with a connection of its own, and tells whether the whole answer came.
async fn ask_1(address: SocketAddr, turn: usize) -> bool {
    let path = PATHS[turn % PATHS.len()];
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    match path {
        // Perhaps before the request was read, perhaps after it.
        "/hang" => yield_now().await,
        "/endless" => {
            let mut some = [0; 64];
            let _ = stream.read(&mut some[..=turn % 63]).await;
        }
        _ => {
            let _ = stream.read_to_end(&mut answer).await;
        }
    }
    answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"\r\n0\r\n\r\n")
}

/// Asks over HTTP/2, and tells whether the whole answer came.
async fn ask_2(client: &mut SendRequest<Empty<Bytes>>, turn: usize) -> bool {
    let path = PATHS[turn % PATHS.len()];
    let request = Request::get(format!("http://a{path}"))
        .body(Empty::new())
        .unwrap();
    let response = client.send_request(request);
    match path {
        "/hang" => {
            tokio::select! {
                biased;
                _ = response => {}
                () = yield_now() => {}
            }
            false
        }
        "/endless" => match response.await {
            Ok(mut response) => {
                let _ = response.body_mut().frame().await;
                false
            }
            Err(_) => false,
        },
        _ => match response.await {
            Ok(response) => {
                let status = response.status();
                response.into_body().collect().await.is_ok() && status.is_success()
            }
            Err(_) => false,
        },
    }
}

async fn connect_2(address: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let executor = TokioExecutor::new();
    let (client, connection) = hyper::client::conn::http2::handshake(executor, stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

/// Makes requests over both versions, by 16 clients at once, and asserts that what arrived is accounted for.
fn requests_at(runtime: &Runtime, requests: usize) {
    silence_expected_panics();
    let (registry, arrived) = (Registry::new(), Arc::new(Arrived::default()));
    let whole = runtime.block_on(async {
        let answer = {
            let arrived = arrived.clone();
            move |request| arrived.clone().answer(request)
        };
        let server = Server::observed(answer, &registry).await;
        let address = server.address;
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            clients.spawn(async move {
                let mut second = connect_2(address).await;
                let mut whole = 0;
                for turn in (client..requests).step_by(CLIENTS) {
                    let turn = turn / CLIENTS;
                    let answered = if client % 2 == 0 {
                        ask_1(address, turn).await
                    } else {
                        ask_2(&mut second, turn).await
                    };
                    whole += usize::from(answered);
                }
                whole
            });
        }
        let whole = clients.join_all().await.into_iter().sum::<usize>();
        let settled = async {
            while total_in(&registry.render(), "http_active_connections", "") != 0.0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let settled = tokio::time::timeout(Duration::from_mins(1), settled).await;
        assert!(settled.is_ok(), "{}", registry.render());
        whole
    });
    let text = registry.render();
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    let count = |count: &AtomicUsize| count.load(Relaxed) as f64;
    let outcome = |outcome: &str| {
        total_in(
            &text,
            "http_requests_total",
            &format!("outcome=\"{outcome}\""),
        )
    };
    let all = count(&arrived.all);
    assert_eq!(total_in(&text, "http_requests_total", ""), all, "{text}");
    assert_eq!(
        total_in(&text, "http_request_duration_seconds_count", ""),
        all,
        "{text}"
    );
    assert_eq!(outcome("panicked"), count(&arrived.panicking), "{text}");
    assert_eq!(outcome("error"), count(&arrived.failing), "{text}");
    // Who has read a whole answer has not left. Whether somebody who left had been answered by then is a matter of luck.
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    let (whole, asked) = (whole as f64, requests as f64);
    assert!(outcome("ok") >= whole, "{whole}\n{text}");
    assert!(whole >= asked * 0.4, "{whole} of {asked}\n{text}");
    assert!(outcome("cancelled") > 0.0, "{text}");
}

#[test]
fn requests_over_sockets_are_accounted_for_on_one_thread() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    requests_at(&runtime, size(1_600, 50_000));
}

#[test]
fn requests_over_sockets_are_accounted_for_on_several_threads() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    requests_at(&runtime, size(1_600, 50_000));
}

const CLIENTS: usize = 16;
