//! The end of a service for which everything hangs at once: its collector, its Sentry, its log, and a client of an event stream.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::http::{self, RawConnection};
use radiosonde_testkit::{eventually, size};
use tokio::runtime::{Builder, Runtime};

use crate::child;

/// A stream of events of which there is one, and that does not end.
async fn events() -> Response {
    let first = Ok::<_, std::convert::Infallible>(Bytes::from_static(b"data: 1\n\n"));
    let body = stream::iter([first]).chain(stream::pending());
    let response = Response::builder().header("content-type", "text/event-stream");
    response.body(Body::from_stream(body)).unwrap()
}

/// Returns the runtime that the test has chosen for this child: of one thread, or with so many workers.
pub(crate) fn runtime() -> Runtime {
    let workers = std::env::var(WORKERS).unwrap().parse().unwrap();
    let mut builder = if workers == 0 {
        Builder::new_current_thread()
    } else {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(workers);
        builder
    };
    builder.enable_all().build().unwrap()
}

fn serve(listens: impl FnOnce(SocketAddr)) {
    runtime().block_on(async {
        let sonde = radiosonde::init("checkout").unwrap();
        // More than wait, and than the pipe holds.
        let chatter = async || {
            for _ in 0..1_000 {
                tracing::info!("{}", "y".repeat(4_096));
            }
        };
        let app = Router::new()
            .route("/events", get(events))
            .route("/chatter", get(chatter))
            .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .merge(sonde.router())
            .layer(sonde.layer());
        let server = sonde.bind("127.0.0.1:0").await.unwrap();
        listens(server.local_addr());
        server.serve(app).await;
    });
}

/// Starts a test in a child, and waits until that says on standard error where it [listens](LISTENS). Returns that as well, and what it
/// says after it, to its end. Its standard output is a pipe that nobody reads yet.
pub(crate) fn start(
    test: &str,
    variables: &[(&str, &str)],
) -> (Child, SocketAddr, JoinHandle<Vec<String>>) {
    let mut child = child::command(test, variables)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut lines = stderr.lines().map(Result::unwrap);
    let address = lines.find_map(|line| line.strip_prefix(LISTENS)?.parse().ok());
    // It must not fill the pipe.
    let rest = std::thread::spawn(move || lines.collect());
    (child, address.unwrap(), rest)
}

fn has_lost_lines(address: SocketAddr) -> bool {
    let metrics = http::get(address, "/metrics", &[]).unwrap().text();
    let lost = metrics.lines().find_map(|line| {
        let count = line.strip_prefix("radiosonde_log_lines_lost_total ")?;
        count.parse::<u64>().ok()
    });
    lost.unwrap_or_default() > 0
}

/// Ends a child by a signal, and returns how it ended and how long that took.
pub(crate) fn end(mut child: Child) -> (ExitStatus, Duration) {
    let kill = format!("kill -TERM {}", child.id());
    let before = Instant::now();
    let sent = std::process::Command::new("sh")
        .args(["-c", &kill])
        .status();
    assert!(sent.unwrap().success());
    let status = eventually("the end", Duration::from_mins(2), || {
        child.try_wait().unwrap()
    });
    (status, before.elapsed())
}

#[test]
fn with_everything_hanging_at_once_a_service_ends_in_time_and_well() {
    if child::is_child() {
        serve(|address| eprintln!("{LISTENS}{address}"));
        // Not back to the harness: it would write to standard output, and wait.
        std::process::exit(0);
    }
    // A stream that does not end is given all of the drain timeout. Empty is the default.
    let drains = [
        ("100ms", Duration::from_millis(100)),
        ("", Duration::from_secs(20)),
    ];
    for (drain, lasts) in &drains[..size(1, 2)] {
        for workers in ["0", "1", "2"] {
            let took = ends(workers, (drain, *lasts));
            println!(
                "{workers} workers: it took {took:?}, of which {lasts:?} are the drain timeout"
            );
        }
    }
}

/// Runs a service with so many workers in a child, has everything hang, and ends it. Returns how long that took.
fn ends(workers: &str, (drain, lasts): (&str, Duration)) -> Duration {
    let name = "hanging::with_everything_hanging_at_once_a_service_ends_in_time_and_well";
    let collector = FaultCollector::start(Mode::Hang);
    let sentry = FaultCollector::start(Mode::Hang);
    let endpoint = collector.endpoint();
    let dsn = format!("http://key@{}/1", sentry.addr());
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("SENTRY_DSN", &*dsn),
        ("RADIOSONDE_DRAIN_TIMEOUT", drain),
        (WORKERS, workers),
    ];
    let (child, address, rest) = start(name, &variables);

    let mut client = RawConnection::open(address).unwrap();
    client.send_head("GET", "/events", &[]).unwrap();
    assert_eq!(client.read_head().unwrap().status, 200);
    assert_eq!(http::get(address, "/fail", &[]).unwrap().status, 500);
    let patience = Duration::from_mins(1);
    eventually("lines that are lost", patience, || {
        assert_eq!(http::get(address, "/chatter", &[]).unwrap().status, 200);
        has_lost_lines(address).then_some(())
    });
    eventually("exports and reports that hang", patience, || {
        let hang = !collector.requests().is_empty() && !sentry.requests().is_empty();
        hang.then_some(())
    });

    let (status, took) = end(child);
    let case = format!("{workers} workers, {took:?} with a drain timeout of {lasts:?}");
    assert!(status.success(), "{case}: {status}, {:?}", rest.join());
    // What was promised, at full size. A machine that is busy may take its time.
    let telemetry = Duration::from_secs(size(60, 5) as u64);
    assert!(took >= lasts, "{case}: the stream was cut early");
    assert!(took < lasts + telemetry, "{case}");
    assert!(client.read_bytes(1_000).is_err(), "the stream was not cut");
    took
}

/// What stands before the address.
pub(crate) const LISTENS: &str = "listens on ";

/// How many workers the runtime of a child has.
pub(crate) const WORKERS: &str = "RADIOSONDE_TEST_WORKERS";
