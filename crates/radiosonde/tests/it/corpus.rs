//! Every hostile request against every endpoint: the answer is that of the same service without a layer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use radiosonde::errors::ErrorOptions;
use radiosonde::health::Check;
use radiosonde::layer::{GrpcOptions, RequestOptions};
use radiosonde::slo::Objective;
use radiosonde::testing::Telemetry;
use radiosonde::trace::Propagator;
use radiosonde::{Config, LogFormat, Sonde, build};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::hostile::{HostileRequest, requests};
use radiosonde_testkit::size;
use radiosonde_testkit::strict::{Format, parse};

use crate::errors::events;
use crate::exported::resource_spans;
use crate::pipes::{ADDED, Answer, Server};

/// What the service itself answers: to the byte as without the layer.
const OWN: [&str; 5] = [
    "/orders/7",
    "/echo",
    "/fail",
    "/shop.Orders/Get",
    "/nowhere",
];

/// What Radiosonde answers, where ages and counts change from one answer to the next.
const PROVIDED: [&str; 18] = [
    "/live",
    "/ready",
    "/health",
    "/health/live",
    "/health/ready",
    "/health/startup",
    "/health/database",
    "/health/none",
    "/metrics",
    "/health/metrics",
    "/slo",
    "/admin",
    "/admin/catalog",
    "/admin/log-filter",
    "/admin/out-of-service",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/List",
    "/grpc.health.v1.Health/Watch",
];

/// What answers administrators alone, where they have a token.
const GUARDED: [&str; 6] = [
    "/metrics",
    "/slo",
    "/admin",
    "/admin/catalog",
    "/admin/log-filter",
    "/admin/out-of-service",
];

/// All headers that traces come by are read, the hostile ones of each.
const EVERY_FORMAT: [Propagator; 5] = [
    Propagator::TraceContext,
    Propagator::Baggage,
    Propagator::B3,
    Propagator::B3Multi,
    Propagator::Jaeger,
];

/// The same service three times: bare, with the layers, and where administrators have a token.
struct Twins {
    bare: Server,
    observed: Server,
    guarded: Server,
}

impl Twins {
    /// Asks endpoints from `first` on: every one at full size, else one of each kind, in turn. Returns what went wrong.
    async fn ask(&self, first: usize, request: &HostileRequest) -> Vec<String> {
        let mut wrong = Vec::new();
        for path in some_of(&OWN, first) {
            let answers = answers([&self.bare, &self.observed], request, path).await;
            wrong.extend(unless(answers, |bare, observed| bare == observed));
        }
        for path in some_of(&PROVIDED, first) {
            let answers = answers([&self.bare, &self.observed], request, path).await;
            wrong.extend(unless(answers, |bare, observed| {
                bare.line == observed.line && !is_broken(path, observed)
            }));
        }
        if request.goes_elsewhere() {
            return wrong;
        }
        for path in some_of(&GUARDED, first) {
            let answers = answers([&self.bare, &self.guarded], request, path).await;
            wrong.extend(unless(answers, is_kept_out));
        }
        wrong
    }
}

fn some_of<'a>(paths: &'a [&'a str], first: usize) -> impl Iterator<Item = &'a str> {
    let from_first = paths.iter().cycle().skip(first % paths.len());
    from_first.take(size(1, paths.len())).copied()
}

/// What was asked, and what two servers answered.
type Answers = (String, [Option<Answer>; 2]);

async fn answers([one, other]: [&Server; 2], request: &HostileRequest, path: &str) -> Answers {
    let bytes = request.bytes(path);
    let answers = [one.answer(&bytes).await, other.answer(&bytes).await];
    (format!("{request:?} at {path}"), answers)
}

/// Returns what went wrong, if it did: one has not answered, or the answers are not as they should be.
fn unless(
    (asked, answers): Answers,
    right: impl FnOnce(&Answer, &Answer) -> bool,
) -> Option<String> {
    match &answers {
        [Some(one), Some(other)] if right(one, other) => None,
        [one, other] => Some(format!("{asked}: {one:?}, but {other:?}")),
    }
}

/// Tells whether an endpoint of ours has failed. That the service is not up is no failure of those that say so.
fn is_broken(path: &str, answer: &Answer) -> bool {
    let says_health = ["/live", "/ready", "/health"].contains(&path)
        || (path.starts_with("/health/") && path != "/health/metrics");
    let is_verdict = says_health && answer.line.starts_with("HTTP/1.1 503");
    answer.line.starts_with("HTTP/1.1 5") && !is_verdict
}

/// Tells whether who shows no token was refused; the server may have refused the request before, whatever it shows.
fn is_kept_out(bare: &Answer, guarded: &Answer) -> bool {
    let refused_anyhow = bare.line == guarded.line && !bare.line.starts_with("HTTP/1.1 2");
    guarded.line.starts_with("HTTP/1.1 401")
        || (refused_anyhow && !guarded.line.starts_with("HTTP/1.1 5"))
}

/// Counts the panics of the process, which is this test's own.
fn count_panics() -> Arc<AtomicUsize> {
    let panics = Arc::new(AtomicUsize::new(0));
    let counted = panics.clone();
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        counted.fetch_add(1, Relaxed);
        previous(panic);
    }));
    panics
}

fn objective() -> Objective {
    Objective::availability("orders", 99.0)
}

/// A service whose spans and reports arrive somewhere.
fn exporting(spans: &FaultCollector, reports: &FaultCollector) -> Sonde {
    let requests = RequestOptions::new()
        .record_query(true)
        .capture_headers(["user-agent", "x-request-id"])
        .grpc(GrpcOptions::new());
    let errors = ErrorOptions::new().events_per_minute(1_000_000).headers([
        "user-agent",
        "x-request-id",
        "referer",
    ]);
    let config = Config::new("checkout")
        .otlp_endpoint(spans.endpoint())
        .propagators(EVERY_FORMAT)
        .sentry_dsn(format!("http://key@{}/1", reports.addr()))
        .objective(objective())
        .requests(requests)
        .errors(errors);
    build(config).unwrap().into_sonde()
}

/// What has a text of somebody else in it that was made for a terminal, or for nobody.
fn is_odd(text: &str) -> bool {
    text.chars().any(char::is_control)
}

/// Looks at what arrived: all of it can be read, and what names it is the service's own.
fn read_spans(collector: &FaultCollector) {
    let resources = resource_spans(collector).into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    let spans: Vec<_> = scopes.flat_map(|scope| scope.spans).collect();
    let names: BTreeSet<_> = spans.iter().map(|span| span.name.as_str()).collect();
    // Methods, times routes.
    assert!(spans.len() > 100, "{}", spans.len());
    assert!(names.len() <= 70, "{names:?}");
    for span in &spans {
        assert!(
            !is_odd(&span.name) && !is_odd(&span.trace_state),
            "{span:?}"
        );
        assert_eq!(
            (span.trace_id.len(), span.span_id.len()),
            (16, 8),
            "{span:?}"
        );
    }
}

fn read_reports(collector: &FaultCollector) {
    let events = events(collector);
    assert!(events.len() > 10, "{}", events.len());
    for event in events {
        assert_eq!(
            event["transaction"].as_str().map(is_odd),
            Some(false),
            "{event:#}"
        );
        let path = event["request"]["url"].as_str().unwrap();
        assert!(path.len() <= 8_192, "{event:#}");
    }
}

fn read_metrics(metrics: &str) {
    parse(Format::Text, metrics).unwrap();
    let answered = metrics
        .lines()
        .filter(|line| line.starts_with("http_requests_total{"));
    // Methods, times routes, each of which answers a method with one status.
    assert!(answered.count() <= 7 * 9, "{metrics}");
    let calls = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("rpc_requests_total{"));
    let methods: BTreeSet<_> = calls
        .map(|line| line.split("rpc_method=\"").nth(1).unwrap())
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    // The one that answers calls, and all that do not.
    let expected = BTreeSet::from(["_OTHER", "shop.Orders/Get"]);
    assert_eq!(methods, expected, "{metrics}");
}

/// The service, without a layer.
fn service(sonde: &Sonde) -> Router {
    let call = [("content-type", "application/grpc"), ("grpc-status", "0")];
    Router::new()
        .route("/fail", any(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/orders/{id}", get(async || "an order"))
        .route(
            "/echo",
            post(async |body: String| body).get(async || "an echo"),
        )
        .route("/shop.Orders/Get", any(async move || (call, "")))
        .merge(sonde.admin_router())
        .merge(sonde.grpc_health(["shop.Orders"]))
}

/// Asks for what is there only when it is configured.
async fn ask_for_what_is_configured(server: &Server) {
    for path in ["/slo", "/health/database"] {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\r\n");
        let answer = server.answer(request.as_bytes()).await;
        let line = answer.map(|answer| answer.line);
        assert_eq!(line.as_deref(), Some("HTTP/1.1 200 OK"), "{path}");
    }
}

/// Sends every hostile request to all of them, and returns what went wrong.
async fn ask_all(twins: &Twins, telemetry: &Telemetry) -> Vec<String> {
    let mut wrong = Vec::new();
    for (turn, request) in requests().iter().enumerate() {
        wrong.extend(twins.ask(turn, request).await);
        // More than some thousand lines that wait to be written are lost, as they should be.
        if turn % 100 == 0 {
            let _ = telemetry.logs();
        }
    }
    wrong
}

#[test]
fn every_endpoint_answers_as_without_the_layer_whatever_it_is_sent() {
    let name = "corpus::every_endpoint_answers_as_without_the_layer_whatever_it_is_sent";
    if !crate::child::is_child() {
        crate::child::printed(&crate::child::run(name, &[]));
        return;
    }
    let panics = count_panics();
    let requests_options = RequestOptions::new()
        .access_log(1.0)
        .body_sizes(true)
        .grpc(GrpcOptions::new())
        .trace_id_header(ADDED);
    let config = Config::new("checkout")
        .log_format(LogFormat::Json)
        .propagators(EVERY_FORMAT)
        .objective(objective())
        .requests(requests_options);
    let telemetry = Telemetry::new(config);
    let sonde = telemetry.sonde().clone();
    let database = Check::new("database", async || Ok(()));
    sonde.health().register(database).unwrap();
    let guarded = Config::new("checkout")
        .objective(objective())
        .admin_token("mgKqCnD1cVVSBWzJ");
    let guarded = build(guarded).unwrap().into_sonde();
    let [spans, reports] = [(), ()].map(|()| FaultCollector::start(Mode::status(200)));
    let exporting = exporting(&spans, &reports);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let served = async {
        let observed = service(&sonde)
            .layer(exporting.layer())
            .layer(sonde.layer());
        let twins = Twins {
            bare: Server::start(service(&sonde)),
            observed: Server::start(observed),
            guarded: Server::start(service(&guarded)),
        };
        ask_for_what_is_configured(&twins.observed).await;
        let wrong = ask_all(&twins, &telemetry).await;
        exporting.shutdown(Duration::from_secs(30)).await;
        wrong
    };
    // All of it runs on this thread.
    let wrong = telemetry.record(|| runtime.block_on(served));
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(panics.load(Relaxed), 0);

    // What came of it can be read.
    read_spans(&spans);
    read_reports(&reports);
    read_metrics(&sonde.metrics().render());
    let logs = telemetry.logs();
    assert!(logs.lines().len() > 100, "{}", logs.lines().len());
    for line in logs.lines() {
        let parsed: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(
            parsed.is_object() && !line.chars().any(char::is_control),
            "{line:?}"
        );
    }
}
