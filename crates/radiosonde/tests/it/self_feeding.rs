//! What the way out says of itself is not sent out again.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
#[cfg(feature = "otlp-grpc")]
use radiosonde_testkit::fault::grpc;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

use crate::child::{self, printed};

/// Answers one request, logs once, and ends; everything is traced and logged, and exports are many.
/// Returns how many exports of metrics there were, how many spans and records, and how many of both were sent.
fn serve(patience: Duration) -> [u64; 4] {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sonde = radiosonde::init("checkout").unwrap();
        let app = Router::new()
            .route("/", get(async || tracing::info!("the only event")))
            .layer(sonde.layer());
        let _ = app.oneshot(Request::new(Body::empty())).await.unwrap();
        // Metrics go out again and again meanwhile, and their connection is traced.
        let sent_or_not = || {
            let metrics = sonde.metrics().render();
            let count = |name: &str| {
                let number = |line: &str| line.strip_prefix(name)?.parse::<u64>().ok();
                metrics.lines().find_map(number).unwrap_or_default()
            };
            count("radiosonde_metric_points_sent_total ")
                + count("radiosonde_metric_points_failed_total ")
        };
        let mut exports = 0;
        let mut before = 0;
        let given_up = std::time::Instant::now() + Duration::from_secs(30);
        while exports < 3 && std::time::Instant::now() < given_up {
            tokio::task::yield_now().await;
            let now = sent_or_not();
            exports += u64::from(now != before);
            before = now;
        }
        let report = sonde.shutdown(patience).await;
        let [spans, records] = [report.spans, report.log_records];
        [
            exports,
            spans.ended,
            records.ended,
            spans.sent + records.sent,
        ]
    })
}

/// A collector that does something, and how many spans and records it takes.
struct Case {
    does: &'static str,
    protocol: &'static str,
    mode: Mode,
    /// Whether it answers at all: then it may take as long as a busy machine needs.
    answers: bool,
    sent: u64,
}

impl Case {
    fn of(protocol: &'static str, [takes, drips, is_ill, refuses]: [Mode; 4]) -> Vec<Self> {
        let case = |does, mode, answers, sent| Self {
            does,
            protocol,
            mode,
            answers,
            sent,
        };
        vec![
            case("takes", takes, true, 3),
            case("refuses connections", Mode::Refuse, false, 0),
            case("is unreachable", Mode::BlackHole, false, 0),
            case("hangs", Mode::Hang, false, 0),
            case("resets", Mode::Reset, false, 0),
            case("drips", drips, false, 0),
            case("is ill", is_ill, false, 0),
            case("refuses all with success", refuses, true, 0),
        ]
    }

    /// Runs a service in a child, and looks at what became of it.
    fn holds(self) {
        let collector = FaultCollector::start(self.mode);
        let endpoint = collector.endpoint();
        let (patience, timeout) = if self.answers {
            ("20", "10000")
        } else {
            ("1", "100")
        };
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", self.protocol),
            (PATIENCE, patience),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", timeout),
            ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
            // OpenTelemetry tells of itself where some crate of the build has asked for that.
            ("RUST_LOG", "trace,opentelemetry=off"),
        ];
        let text = printed(&child::run(NAME, &variables));
        let case = format!("{}, a collector that {}", self.protocol, self.does);
        let told = |what: &str| {
            let mut lines = text.lines();
            let found = lines.find_map(|line| line.strip_prefix(what)?.parse::<u64>().ok());
            found.unwrap_or_else(|| panic!("{case}: {what} is not in {text}"))
        };
        assert_eq!(told("exports: "), 3, "{case}");
        // What was logged of the exports, there is a lot of it, is in the lines alone.
        let of_the_client = text.matches("\"target\":\"hyper_util").count();
        assert!(of_the_client > 0, "{case}: nothing is traced");
        assert_eq!(told("spans: "), 1, "{case}");
        // That telemetry is on, and the event of the service.
        assert_eq!(told("records: "), 2, "{case}");
        assert_eq!(told("sent: "), self.sent, "{case}");
    }
}

fn cases() -> Vec<Case> {
    let by_http = [
        Mode::status(200),
        Mode::drip(),
        Mode::status(503),
        Mode::partial(127),
    ];
    let cases = Case::of("http/protobuf", by_http);
    #[cfg(feature = "otlp-grpc")]
    let cases = {
        let by_grpc = [
            grpc::status("0"),
            grpc::drip(),
            grpc::status("14"),
            grpc::partial(127),
        ];
        cases.into_iter().chain(Case::of("grpc", by_grpc)).collect()
    };
    cases
}

#[test]
fn exports_make_neither_spans_nor_records_over_any_protocol_and_in_any_mode() {
    if child::is_child() {
        let patience = std::env::var(PATIENCE).unwrap().parse().unwrap();
        let [exports, spans, records, sent] = serve(Duration::from_secs(patience));
        println!("\nexports: {exports}\nspans: {spans}\nrecords: {records}\nsent: {sent}");
        return;
    }
    for case in cases() {
        case.holds();
    }
}

const NAME: &str =
    "self_feeding::exports_make_neither_spans_nor_records_over_any_protocol_and_in_any_mode";

/// For how many seconds the child may send what is left.
const PATIENCE: &str = "RADIOSONDE_TEST_PATIENCE";
