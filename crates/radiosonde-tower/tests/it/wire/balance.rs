//! The balance over sockets: clients that leave at any moment, handlers that panic, both versions of HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use radiosonde_metrics::Registry;
use radiosonde_testkit::shapes::{Piece, Pieces};
use radiosonde_testkit::size;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, yield_now};

use super::server::Server;
use crate::balance::silence_expected_panics;
use crate::script::total_in;

/// How often each path was asked for, over each version.
type Counts = BTreeMap<(Version, &'static str), usize>;

/// What the service knows of the requests that reached it.
#[derive(Debug)]
struct Arrived {
    counts: Mutex<Counts>,
    /// As many permits as requests hang, of each version.
    hanging: [Semaphore; 2],
}

impl Arrived {
    fn new() -> Self {
        Self {
            counts: Mutex::default(),
            hanging: [(); 2].map(|()| Semaphore::new(0)),
        }
    }

    /// Counts a request at once, as the layer does: a server may drop a future that it has never polled.
    fn answer(
        self: Arc<Self>,
        request: &Request<Incoming>,
    ) -> impl Future<Output = Response<Pieces>> + use<> {
        let (version, path) = (request.version(), request.uri().path());
        let path = PATHS.into_iter().find(|known| *known == path).unwrap();
        let mut counts = self.counts.lock().unwrap();
        *counts.entry((version, path)).or_default() += 1;
        drop(counts);
        let text = || Piece::Data(Bytes::from_static(b"some text"));
        async move {
            match path {
                "/panic" => panic!("in call"),
                "/break" => Response::new(Pieces::new([text(), Piece::Panic])),
                "/fail" => {
                    let mut response = Response::new(Pieces::new([text()]));
                    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    response
                }
                "/hang" => {
                    self.hanging(version).add_permits(1);
                    std::future::pending().await
                }
                "/endless" => {
                    Response::new(Pieces::new([text(), Piece::Wait, text(), Piece::Hang]))
                }
                _ => Response::new(Pieces::new([text(), Piece::Wait, text()])),
            }
        }
    }

    fn hanging(&self, version: Version) -> &Semaphore {
        &self.hanging[usize::from(version == Version::HTTP_2)]
    }

    /// Returns once a request hangs, of which nobody has been told yet.
    async fn one_hangs(&self, version: Version) {
        self.hanging(version).acquire().await.unwrap().forget();
    }
}

/// Of ten requests, one each is left before its answer and within it, and one panics.
const PATHS: [&str; 10] = [
    "/hang", "/endless", "/panic", "/fail", "/text", "/text", "/text", "/text", "/text", "/break",
];

/// One of the clients, which asks for the paths in turn.
struct Client {
    address: SocketAddr,
    arrived: Arc<Arrived>,
    version: Version,
}

impl Client {
    /// Makes so many requests, and tells how many whole answers came.
    async fn ask(self, turns: usize) -> usize {
        let mut second = connect_2(self.address).await;
        let mut whole = 0;
        for turn in 0..turns {
            let answered = match self.version {
                Version::HTTP_2 => self.ask_2(&mut second, turn).await,
                _ => self.ask_1(turn).await,
            };
            whole += usize::from(answered);
        }
        whole
    }

    /// Asks over HTTP/1, with a connection of its own, and tells whether the whole answer came.
    async fn ask_1(&self, turn: usize) -> bool {
        let path = PATHS[turn % PATHS.len()];
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        match path {
            "/hang" => self.hang(turn).await,
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
    async fn ask_2(&self, client: &mut SendRequest<Empty<Bytes>>, turn: usize) -> bool {
        let path = PATHS[turn % PATHS.len()];
        let request = Request::get(format!("http://a{path}"))
            .body(Empty::new())
            .unwrap();
        let response = client.send_request(request);
        if path == "/hang" {
            tokio::select! {
                biased;
                _ = response => {}
                () = self.hang(turn) => {}
            }
            return false;
        }
        let Ok(mut response) = response.await else {
            return false;
        };
        if path == "/endless" {
            let _ = response.body_mut().frame().await;
            return false;
        }
        let status = response.status();
        response.into_body().collect().await.is_ok() && status.is_success()
    }

    /// How long a client waits that gets no answer: until a request is being worked on, or, perhaps, not even until it is read.
    async fn hang(&self, turn: usize) {
        if is_patient(turn) {
            self.arrived.one_hangs(self.version).await;
        } else {
            yield_now().await;
        }
    }
}

/// Whether who gets no answer waits until the request has arrived.
fn is_patient(turn: usize) -> bool {
    (turn / PATHS.len()).is_multiple_of(2)
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
    let (registry, arrived) = (Registry::new(), Arc::new(Arrived::new()));
    let turns = requests / CLIENTS;
    let whole = runtime.block_on(async {
        let answer = {
            let arrived = arrived.clone();
            move |request| arrived.clone().answer(&request)
        };
        let server = Server::observed(answer, &registry).await;
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let client = Client {
                address: server.address,
                arrived: arrived.clone(),
                version: VERSIONS[client % 2],
            };
            clients.spawn(client.ask(turns));
        }
        let whole = clients.join_all().await.into_iter().sum::<usize>();
        server.end().await;
        whole
    });
    let counts = arrived.counts.lock().unwrap();
    assert_arrived(&counts, turns);
    assert_counted(&registry.render(), &counts);
    let of_text = VERSIONS.map(|version| counts[&(version, "/text")]);
    assert_eq!(whole, of_text.into_iter().sum::<usize>());
}

/// Asserts that everything has arrived, from clients that took so many turns each, but requests that were left at once.
#[track_caller]
fn assert_arrived(counts: &Counts, turns: usize) {
    let each = CLIENTS / VERSIONS.len();
    for version in VERSIONS {
        for path in PATHS {
            let asks = |turn: &usize| PATHS[turn % PATHS.len()] == path;
            let asked = each * (0..turns).filter(asks).count();
            let patient = |turn: &usize| path != "/hang" || is_patient(*turn);
            let at_least = each * (0..turns).filter(asks).filter(patient).count();
            let arrived = counts[&(version, path)];
            let in_time = (at_least..=asked).contains(&arrived);
            assert!(
                in_time && at_least > 0,
                "{arrived} of {asked} {version:?} {path}"
            );
        }
    }
}

/// Asserts that what arrived was counted, by every outcome, and that nothing is in flight.
#[track_caller]
fn assert_counted(text: &str, counts: &Counts) {
    let arrived = |paths: &[&str]| {
        let counts = counts.iter().filter(|((_, path), _)| paths.contains(path));
        counts.map(|(_, count)| count).sum::<usize>()
    };
    for (outcome, paths) in [
        ("ok", &["/text"][..]),
        ("error", &["/fail"]),
        ("cancelled", &["/hang", "/endless"]),
        ("panicked", &["/panic", "/break"]),
        ("upgraded", &[]),
    ] {
        let part = format!("outcome=\"{outcome}\"");
        let counted = total_in(text, "http_requests_total", &part);
        assert_eq!(counted, float(arrived(paths)), "{outcome}\n{text}");
    }
    let all = float(arrived(&PATHS));
    for metric in ["http_requests_total", "http_request_duration_seconds_count"] {
        assert_eq!(total_in(text, metric, ""), all, "{text}");
    }
    let active = total_in(text, "http_active_connections", "");
    assert_eq!(active, 0.0, "{text}");
}

#[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
fn float(count: usize) -> f64 {
    count as f64
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
const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];
