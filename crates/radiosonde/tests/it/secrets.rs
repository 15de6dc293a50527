//! Secrets that come in by every door, and go out by none.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use radiosonde::Config;
use radiosonde::layer::RequestOptions;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

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

/// Begins each secret, and nothing else.
const MARK: &str = "pl4nted";

async fn ask(sonde: &radiosonde::Sonde, path: &str) {
    let app = Router::new()
        .route("/", get(async || "fine"))
        .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route(
            "/panic",
            get(async || -> &'static str { panic!("as expected") }),
        )
        .merge(sonde.router())
        .layer(sonde.layer());
    let query = PARAMETERS
        .map(|name| format!("{name}={MARK}{name}"))
        .join("&");
    let mut request = Request::get(format!("http://user:{MARK}@localhost{path}?page=1&{query}"));
    for name in HEADERS {
        request = request.header(name, format!("Bearer {MARK}{name}"));
    }
    let request = request.body(Body::empty()).unwrap();
    // A panic goes through to who serves.
    let _ = tokio::spawn(app.oneshot(request)).await;
}

#[test]
fn sixty_secrets_are_planted_and_none_comes_out() {
    if child::is_child() {
        let options = RequestOptions::new()
            .record_query(true)
            .access_log(1.0)
            .capture_headers(["x-request-id"]);
        let config = Config::new("checkout").requests(options);
        println!("{config:?}");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        return runtime.block_on(async {
            let sonde = radiosonde::init(config).unwrap();
            for path in ["/", "/fail", "/panic", "/nowhere", "/health"] {
                ask(&sonde, path).await;
            }
            tracing::error!("something broke");
            println!("{sonde:?}\n{}", sonde.metrics().render());
            println!("{}", sonde.shutdown(Duration::from_secs(5)).await);
        });
    }
    let collector = FaultCollector::start(Mode::status(200));
    let sentry = FaultCollector::start(Mode::status(200));
    let (endpoint, address) = (collector.endpoint(), sentry.addr());
    let dsn = format!("http://{MARK}key@{address}/1");
    let headers = format!("authorization=Bearer%20{MARK},x-tenant={MARK}");
    let bad = format!("Authorization: {MARK}");
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_EXPORTER_OTLP_HEADERS", &*headers),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", &*bad),
        ("SENTRY_DSN", &*dsn),
    ];
    let name = "secrets::sixty_secrets_are_planted_and_none_comes_out";
    let text = printed(&child::run(name, &variables));
    assert!(!text.contains(MARK), "{text}");
    let sent = collector.requests().into_iter().chain(sentry.requests());
    let (mut count, mut queries) = (0, 0);
    for request in sent {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert!(!body.contains(MARK), "{}: {body}", request.path());
        count += 1;
        queries += body.matches("page=1").count();
    }
    assert!(count >= 3, "spans, metrics and log records came out");
    assert!(queries > 0, "queries came out, without their secrets");
    assert!(collector.accepted("/v1/traces") >= 4);
}
