//! What waits takes no more memory than it may.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use radiosonde::Config;
use radiosonde::layer::with_current_request;
use radiosonde::trace::SamplingOptions;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

use crate::child;

/// How many requests have been made whose end does not come.
const HELD: usize = 600;

/// The memory of this process in KiB.
pub(crate) fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4
}

/// What a counter says.
fn total(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |number| number.trim().parse().unwrap())
}

/// Fills every queue: of spans, of log records, of lines, of spans that wait for their request.
///
/// Returns by how many KiB the process has grown, with all of it still there.
///
/// Reports to Sentry have a bound of their own, and the symbols of a test program would be in the figure.
fn fill() -> u64 {
    let sampling = SamplingOptions::new().ratio(0.5).keep_errors();
    let config = Config::new("checkout").sampling(sampling).log_limit(0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sonde = radiosonde::init(config).unwrap();
        // The largest value of an attribute that is not cut.
        let value = || "x".repeat(1_024);
        let order = async || {
            for _ in 0..8 {
                let span = tracing::info_span!(
                    "work",
                    a = tracing::field::Empty,
                    b = tracing::field::Empty,
                    c = tracing::field::Empty
                );
                for field in ["a", "b", "c"] {
                    span.record(field, "x".repeat(1_024));
                }
            }
            StatusCode::OK
        };
        let go = Arc::new(tokio::sync::Semaphore::new(0));
        let (waits, work) = (go.clone(), order);
        let did = Arc::new([const { AtomicUsize::new(0) }; 2]);
        let [done, wait] = [did.clone(), did.clone()];
        let hold = async move || {
            // Closed at once for all, those too that have not come this far yet.
            assert!(waits.acquire().await.is_err());
            work().await;
            let span = with_current_request(|request| request.span()).flatten();
            if !span.unwrap().is_sampled() {
                wait[1].fetch_add(1, Relaxed);
            }
            done[0].fetch_add(1, Relaxed);
            std::future::pending::<StatusCode>().await
        };
        let app = Router::new()
            .route("/", get(order))
            .route("/hold", get(hold))
            .layer(sonde.layer());
        // Half of these are not sampled, and their spans wait for their end.
        for _ in 0..HELD {
            let request = Request::get("/hold").body(Body::empty()).unwrap();
            tokio::spawn(app.clone().oneshot(request));
        }
        let ask = async |times| {
            for _ in 0..times {
                let _ = app.clone().oneshot(Request::new(Body::empty())).await;
                tracing::info!(value = value(), "{}", "y".repeat(4_096));
            }
        };
        // What is made once is made.
        ask(20).await;
        let before = resident();
        go.close();
        let has_lost = |metrics: &str| {
            [
                "radiosonde_spans_dropped_total ",
                "radiosonde_log_records_dropped_total ",
                "radiosonde_log_lines_lost_total ",
            ]
            .iter()
            .all(|name| total(metrics, name) > 100)
        };
        let given_up = Instant::now() + Duration::from_mins(5);
        while did[0].load(Relaxed) < HELD || !has_lost(&sonde.metrics().render()) {
            ask(200).await;
            let in_time = Instant::now() < given_up;
            assert!(in_time, "{}", sonde.metrics().render());
        }
        let grown = resident().saturating_sub(before);
        // What these requests did waits for their end, as far as there is room: eight spans with three kilobytes each.
        let waits = did[1].load(Relaxed) * 8 * 3 * 1_024;
        assert!(
            waits > 2 * 2 * 1_024 * 1_024,
            "{waits} bytes do not fill the room"
        );
        // Not ended: nobody reads the log, and nobody takes the spans.
        std::mem::forget(sonde);
        grown
    })
}

#[test]
fn with_all_queues_full_the_process_has_grown_by_16_mib_at_most() {
    if child::is_child() {
        // At once, whatever comes of it: nobody reads what the test harness would print.
        let grew = std::panic::catch_unwind(fill);
        if let Ok(kib) = grew {
            eprintln!("grew {kib}");
        }
        std::process::exit(i32::from(grew.is_err()));
    }
    let collector = FaultCollector::start(Mode::Hang);
    let endpoint = collector.endpoint();
    let name = "memory::with_all_queues_full_the_process_has_grown_by_16_mib_at_most";
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_METRICS_EXPORTER", "none"),
    ];
    // Standard output is a pipe that nobody reads.
    let mut child = child::command(name, &variables)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut grew = None;
    while stderr.read_line(&mut said).unwrap() > 0 {
        let last = said.lines().last().unwrap_or_default();
        grew = grew.or(last
            .strip_prefix("grew ")
            .and_then(|kib| kib.parse::<u64>().ok()));
    }
    let _ = child.stdout.take().unwrap().read(&mut [0]);
    assert!(child.wait().unwrap().success(), "{said}");
    let grew = grew.unwrap_or_else(|| panic!("{said}"));
    println!("the process grew by {grew} KiB");
    assert!(grew <= 16 * 1_024, "it grew by {grew} KiB");
}
