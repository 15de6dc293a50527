//! Secrets that come in by every door, and go out by none.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use radiosonde::errors::{ErrorOptions, set_cause};
use radiosonde::health::{Check, CheckFailed, Status};
use radiosonde::layer::RequestOptions;
use radiosonde::{Config, Sonde, build};
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::{Layer as _, ServiceExt as _};

use crate::child::{self, printed};

/// Headers that hold secrets, each with one of its own.
const HEADERS: [&str; 40] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "cookie2",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
    "x-refresh-token",
    "x-session-token",
    "x-csrf-token",
    "x-xsrf-token",
    "csrf-token",
    "x-amz-security-token",
    "x-amz-credential",
    "x-amz-signature",
    "x-goog-signature",
    "x-goog-iam-authorization-token",
    "x-gitlab-token",
    "x-github-token",
    "x-hub-signature",
    "x-hub-signature-256",
    "x-vault-token",
    "x-consul-token",
    "x-shopify-access-token",
    "x-stripe-signature",
    "x-slack-signature",
    "x-twilio-signature",
    "x-forwarded-access-token",
    "x-forwarded-user-token",
    "x-id-token",
    "id-token",
    "x-jwt-assertion",
    "x-password",
    "password",
    "x-secret",
    "x-client-secret",
    "www-authenticate",
];

/// Parameters that hold secrets.
const PARAMETERS: [&str; 14] = [
    "access_token",
    "refresh_token",
    "id_token",
    "token",
    "api_key",
    "apikey",
    "key",
    "password",
    "passwd",
    "client_secret",
    "secret",
    "sig",
    "X-Amz-Signature",
    "code",
];

/// Where else secrets are, each of its own: in the settings, and in what else a request holds.
const ELSEWHERE: [&str; 18] = [
    "admin-token",
    "dsn-key",
    "otlp-authorization",
    "otlp-tenant",
    "otlp-malformed",
    "traces-endpoint",
    "metrics-endpoint",
    "logs-endpoint",
    "strategies-server",
    "userinfo",
    "baggage",
    "call-userinfo",
    "call-query",
    "call-header",
    "cause-userinfo",
    "cause-token",
    "cause-path",
    "check-userinfo",
];

/// Begins each secret, and nothing else.
const MARK: &str = "pl4nted";

/// Returns one of the secrets.
fn secret(name: &str) -> String {
    let is_known = [&HEADERS[..], &PARAMETERS, &ELSEWHERE]
        .concat()
        .contains(&name);
    assert!(is_known, "{name}");
    format!("{MARK}-{name}")
}

/// Calls another service, which is not there.
async fn call(sonde: Sonde) -> &'static str {
    let stock = tower::service_fn(async |_: Request<Body>| {
        Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
    });
    let (user, token) = (secret("call-userinfo"), secret("call-query"));
    let request = Request::get(format!("http://user:{user}@stock.internal/?token={token}"))
        .header("authorization", secret("call-header"))
        .body(Body::empty());
    let called = sonde.client_layer().layer(stock).oneshot(request.unwrap());
    called.await.map_or("failed", |_| "fine")
}

/// Fails, with an error that quotes what others keep secret.
async fn fail() -> StatusCode {
    let [user, token, path] =
        ["userinfo", "token", "path"].map(|of| secret(&format!("cause-{of}")));
    let cause =
        format!("GET http://user:{user}@stock/reset/token/{path}?token={token} answered 401");
    set_cause(&std::io::Error::other(cause));
    StatusCode::INTERNAL_SERVER_ERROR
}

/// A dependency whose driver quotes its address.
fn check() -> Check {
    let user = secret("check-userinfo");
    let failure = move || CheckFailed::new(format!("no route to postgres://app:{user}@db"));
    let check = Check::new("database", move || std::future::ready(Err(failure())));
    check.failure_threshold(1)
}

/// Asks as a stranger who knows no secret of the service and brings his own. Returns the answer.
async fn ask(sonde: &Sonde, path: &str) -> String {
    let calls = sonde.clone();
    let app = Router::new()
        .route("/", get(async move || call(calls).await))
        .route("/fail", get(fail))
        .route(
            "/panic",
            get(async || -> &'static str { panic!("as expected") }),
        )
        .merge(sonde.router())
        .layer(sonde.layer());
    let query = PARAMETERS
        .map(|name| format!("{name}={}", secret(name)))
        .join("&");
    let user = secret("userinfo");
    let mut request = Request::get(format!("http://user:{user}@localhost{path}?page=1&{query}"))
        .header("baggage", format!("session={}", secret("baggage")));
    for name in HEADERS {
        request = request.header(name, format!("Bearer {}", secret(name)));
    }
    let request = request.body(Body::empty()).unwrap();
    // A panic goes through to who serves.
    match tokio::spawn(app.oneshot(request)).await {
        Ok(response) => text(response.unwrap()).await,
        Err(_) => String::new(),
    }
}

/// Asks as an administrator, who is answered in full. Returns the answer.
async fn ask_as_administrator(sonde: &Sonde, path: &str) -> String {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {}", secret("admin-token")))
        .body(Body::empty());
    let response = sonde
        .admin_router()
        .oneshot(request.unwrap())
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    text(response).await
}

async fn text(response: axum::response::Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    String::from_utf8(body.unwrap().into()).unwrap()
}

/// Serves, and returns what it answered and what else is shown of it.
async fn serve(config: Config) -> String {
    let mut shown = format!("\nconfig: {config:?}\n");
    let sonde = radiosonde::init(config).unwrap();
    sonde.health().register(check()).unwrap();
    eventually("a check that fails", Duration::from_secs(30), || {
        let status = sonde.health().last_report().status;
        (status == Status::Degraded).then_some(())
    });
    for path in [
        "/",
        "/fail",
        "/panic",
        "/nowhere",
        "/health",
        "/health/ready",
        "/live",
        "/metrics",
    ] {
        let answer = ask(&sonde, path).await;
        writeln!(shown, "answer of {path}: {answer}").unwrap();
    }
    for path in [
        "/health?verbose",
        "/metrics",
        "/admin/log-filter",
        "/admin/catalog",
    ] {
        let answer = ask_as_administrator(&sonde, path).await;
        writeln!(shown, "answer of {path} to an administrator: {answer}").unwrap();
    }
    tracing::error!("something broke");
    writeln!(shown, "sonde: {sonde:?}").unwrap();
    let report = sonde.shutdown(Duration::from_secs(20)).await;
    writeln!(shown, "report: {report}").unwrap();
    shown
}

#[test]
fn sixty_secrets_are_planted_and_none_comes_out() {
    if child::is_child() {
        let options = RequestOptions::new()
            .record_query(true)
            .access_log(1.0)
            .capture_headers(["x-request-id"]);
        let errors = ErrorOptions::new().headers(HEADERS);
        let config = Config::new("checkout").requests(options).errors(errors);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        println!("{}", runtime.block_on(serve(config)));
        return;
    }
    let planted = HEADERS.len() + PARAMETERS.len() + ELSEWHERE.len();
    assert!(planted >= 60, "{planted}");
    let all = Mode::answer(
        "application/json",
        r#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1}}"#,
    );
    let [collector, sentry, jaeger] =
        [Mode::status(200), Mode::status(200), all].map(FaultCollector::start);
    let of = |signal: &str| {
        let token = secret(&format!("{signal}-endpoint"));
        format!("{}/v1/{signal}?token={token}", collector.endpoint())
    };
    let headers = format!(
        "authorization=Bearer%20{},x-tenant={}",
        secret("otlp-authorization"),
        secret("otlp-tenant")
    );
    let variables = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", of("traces")),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", of("metrics")),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", of("logs")),
        ("OTEL_EXPORTER_OTLP_HEADERS", headers),
        (
            "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
            format!("Authorization: {}", secret("otlp-malformed")),
        ),
        (
            "SENTRY_DSN",
            format!("http://{}@{}/1", secret("dsn-key"), sentry.addr()),
        ),
        (
            "RADIOSONDE_SAMPLING_STRATEGIES",
            format!(
                "{}/?token={}",
                jaeger.endpoint(),
                secret("strategies-server")
            ),
        ),
        ("RADIOSONDE_ADMIN_TOKEN", secret("admin-token")),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
    let name = "secrets::sixty_secrets_are_planted_and_none_comes_out";
    let shown = printed(&child::run(name, &variables));
    assert!(!shown.contains(MARK), "{shown}");
    for part in SHOWN {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }

    let (mut signals, mut queries) = (BTreeSet::new(), 0);
    for request in collector.requests().into_iter().chain(sentry.requests()) {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert!(!body.contains(MARK), "{}: {body}", request.path());
        let path = request.path().split('?').next().unwrap();
        signals.insert(path.to_owned());
        queries += body.matches("page=1").count();
        if path.contains("envelope") && body.contains("as expected") {
            signals.insert("a report of the panic".to_owned());
        }
        if body.contains("/reset/token/[Filtered]?token=[Filtered] answered 401") {
            signals.insert("a report with a cause".to_owned());
        }
        if body.contains("\"x-vault-token\":\"[Filtered]\"") {
            signals.insert("a report with headers".to_owned());
        }
        if body.contains("health check fails") && path.contains("envelope") {
            signals.insert("a report with breadcrumbs".to_owned());
        }
    }
    let expected = [
        "/api/1/envelope/",
        "/v1/logs",
        "/v1/metrics",
        "/v1/traces",
        "a report of the panic",
        "a report with a cause",
        "a report with breadcrumbs",
        "a report with headers",
    ];
    assert!(signals.iter().eq(expected), "{signals:?}");
    assert!(queries > 0, "queries came out, without their secrets");
    assert!(!jaeger.requests().is_empty(), "nobody asked for strategies");
}

#[test]
fn spans_refuse_to_record_headers_that_hold_secrets() {
    for name in HEADERS {
        let options = RequestOptions::new().capture_headers([name]);
        let refused = build(Config::new("checkout").requests(options));
        assert!(refused.is_err(), "{name}");
    }
}

/// What stands in all that is shown, or nothing was searched.
const SHOWN: [&str; 12] = [
    "config: Config",
    "sonde: Sonde",
    "report: ",
    "answer of /: fine",
    "answer of /health: {\"status\":\"degraded\"",
    "answer of /metrics: # ",
    "answer of /health?verbose to an administrator: ",
    "no route to postgres://***@db",
    "answer of /metrics to an administrator: # ",
    "answer of /admin/log-filter to an administrator: {\"directives\"",
    "answer of /admin/catalog to an administrator: {",
    "\"message\":\"something broke\"",
];
