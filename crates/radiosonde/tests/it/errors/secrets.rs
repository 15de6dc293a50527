//! Secrets that are planted wherever one may turn up, and looked for in all that Sentry receives.

use std::error::Error;
use std::time::Duration;

use radiosonde::Config;
use radiosonde_testkit::fault::{FaultCollector, Mode};

use super::{all_sent, dsn, reporting};
use crate::child;

/// What is looked for. No other text contains it.
const SECRET: &str = "S3cr3tS3cr3t42";

/// Texts as drivers, clients and frameworks write them.
const MESSAGES: &[&str] = &[
    "cannot connect to postgres://app:SECRET@db.internal:5432/shop",
    "cannot connect to mysql://SECRET:x@db/shop",
    "dial tcp: redis://:SECRET@cache:6379",
    "amqps://guest:SECRET@queue/%2f is gone",
    "app:SECRET@tcp(db:3306)/shop is no address",
    "mongodb+srv://u:SECRET@cluster0.example.net/?w=1",
    "DSN https://SECRET@o1.ingest.sentry.io/42 refused",
    "GET https://api.example.com/v1?access_token=SECRET answered 401",
    "GET https://api.example.com/v1?X-Amz-Signature=SECRET answered 403",
    "POST /callback?code=7&client_secret=SECRET&state=9",
    "POST /token with grant_type=authorization_code&code=SECRET answered 400",
    "unknown member in user[name]=joe&user[password]=SECRET",
    "config[\"password\"] = \"SECRET\"",
    "redirect to /sso?SAMLResponse=SECRET",
    "host=db user=app password=SECRET dbname=shop",
    "Server=db;User Id=app;Pwd=SECRET;",
    "password: SECRET",
    "passwd 'x' given, passwd='SECRET' wanted",
    "invalid api key: SECRET",
    "unknown field in {\"apiKey\":\"SECRET\"}",
    "unknown field in {\\\"client_secret\\\": \\\"SECRET\\\"}",
    "Login { user: \"joe\", password: \"SECRET\" }",
    "Login { user: \"joe\", password: Some(\"SECRET\") }",
    "Config { tokens: [\"a\", \"SECRET\"] }",
    "Token(\"SECRET\") was revoked",
    "Authorization: Bearer SECRET",
    "authorization: Basic SECRET",
    "{\"authorization\": \"Bearer SECRET\", \"host\": \"x\"}",
    "Proxy-Authorization: Digest username=a, response=SECRET",
    "Cookie: theme=dark; id=SECRET",
    "set-cookie: id=SECRET; HttpOnly",
    "x-api-key: SECRET",
    "x-csrf-token=SECRET",
    "XSRF-TOKEN=SECRET; path=/",
    "sent bearer SECRET",
    "sent Basic SECRET==",
    "JSESSIONID=SECRET",
    "connect.sid=SECRET",
    "identity = SECRET",
    "credentials=SECRET",
    "jwt=SECRET",
    "no user for eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SECRET",
    "git: ghp_16C7e42F292cSECRET is no token",
    "slack said no to xoxb-12-34-SECRET",
    "stripe: sk_live_SECRET is expired",
    "gitlab: glpat-SECRET_x",
    "GET /password-reset/token/SECRET answered 500",
    "GET /session/SECRET/items answered 500",
    "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----",
    "OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20SECRET",
    "SENTRY_DSN=https://SECRET@sentry.example.com/1",
    "request failed: error sending request for url (https://u:SECRET@host/)",
];

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Says(String);

#[derive(Debug, thiserror::Error)]
#[error("outside: {text}")]
struct Outside {
    text: String,
    source: Says,
}

#[tokio::test]
async fn none_of_them_is_sent() {
    let collector = FaultCollector::start(Mode::status(200));
    let options = radiosonde::errors::ErrorOptions::new().events_per_minute(1_000);
    let (sonde, dispatch) = reporting(&collector, Config::new("checkout").errors(options));
    let mut planted = 0;
    for message in MESSAGES {
        let text = message.replace("SECRET", SECRET);
        assert!(text.contains(SECRET), "{message}");
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::error!("{text}");
            tracing::error!(detail = text, debug = ?text, "it broke");
            let error = Outside {
                text: text.clone(),
                source: Says(text.clone()),
            };
            tracing::error!(error = &error as &dyn Error, "it broke");
        });
        planted += 3;
        // The queue holds a hundred.
        let sent = || super::count(&sonde, "radiosonde_error_events_sent_total ") == planted;
        radiosonde_testkit::eventually("the reports", Duration::from_mins(1), || {
            sent().then_some(())
        });
    }
    tracing::dispatcher::with_default(&dispatch, || {
        tracing::error!(password = SECRET, api_key = ?SECRET, session = 42, user.sid = SECRET, "it broke");
    });
    let report = sonde.shutdown(Duration::from_secs(30)).await.error_reports;
    assert_eq!((report.ended, report.sent), (planted + 1, planted + 1));
    for request in collector.requests() {
        let text = String::from_utf8_lossy(&request.body);
        assert!(!text.contains(SECRET), "{text}");
        assert!(text.contains("[Filtered]"), "{text}");
    }
}

#[test]
fn none_of_a_panic_is_sent() {
    if child::is_child() {
        std::panic::set_hook(Box::new(|_| {}));
        let sonde = radiosonde::init("checkout").unwrap();
        for (message, panics) in MESSAGES.iter().zip(1..) {
            let text = message.replace("SECRET", SECRET);
            let thread = std::thread::Builder::new().name(format!("password={SECRET}"));
            let thread = thread.spawn(move || panic!("{text}")).unwrap();
            thread.join().unwrap_err();
            // As many as wait may be too heavy together.
            all_sent(&sonde, panics);
        }
        return;
    }
    let collector = FaultCollector::start(Mode::status(200));
    let name = "errors::secrets::none_of_a_panic_is_sent";
    child::printed(&child::run(name, &[("SENTRY_DSN", &dsn(&collector))]));
    let events = super::events(&collector);
    assert_eq!(events.len(), MESSAGES.len());
    for event in events {
        assert!(!event.to_string().contains(SECRET), "{event:#}");
        let panic = event["exception"]["values"][0]["value"].as_str();
        assert!(panic.unwrap().contains("[Filtered]"), "{event:#}");
    }
}

/// A request that brings the text in all that is told of it, logs it and says it of itself, and fails with it.
#[cfg(feature = "axum")]
async fn fail_with(sonde: &radiosonde::Sonde, text: String) {
    use axum::Router;
    use axum::body::Body;
    use axum::http::{HeaderValue, Request, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt as _;

    // What no header may hold is no part of one.
    let referer = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("token=none"));
    let fail = async move || {
        tracing::info!(detail = text, "{text}");
        tracing::warn!(error = &Says(text.clone()) as &dyn Error, "it goes on");
        radiosonde::errors::set_cause(&Outside {
            source: Says(format!("inside: {text}")),
            text,
        });
        StatusCode::INTERNAL_SERVER_ERROR
    };
    let app = Router::new()
        .route("/reset/token/{token}", get(fail))
        .layer(sonde.layer());
    let uri = format!("http://joe:{SECRET}@shop/reset/token/{SECRET}?page=2&code={SECRET}");
    let request = Request::get(uri)
        .header("cookie", SECRET)
        .header("x-api-key", SECRET)
        .header("x-forwarded-for", SECRET)
        .header("referer", referer);
    let answer = app.oneshot(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn none_of_a_request_is_sent_whatever_is_told_of_it() {
    use tracing::instrument::WithSubscriber as _;

    let collector = FaultCollector::start(Mode::status(200));
    let options = radiosonde::errors::ErrorOptions::new()
        .events_per_minute(1_000)
        .headers(["cookie", "x-api-key", "x-forwarded-for", "referer"]);
    let (sonde, dispatch) = reporting(&collector, Config::new("checkout").errors(options));
    for (message, reports) in MESSAGES.iter().zip(1..) {
        let text = message.replace("SECRET", SECRET);
        let failed = fail_with(&sonde, text);
        failed.with_subscriber(dispatch.clone()).await;
        // As many as wait may be too heavy together.
        let sent = || super::count(&sonde, "radiosonde_error_events_sent_total ") == reports;
        radiosonde_testkit::eventually("the report", Duration::from_mins(1), || {
            sent().then_some(())
        });
    }
    sonde.shutdown(Duration::from_secs(30)).await;
    let events = super::envelopes::events(&collector);
    assert_eq!(events.len(), MESSAGES.len());
    for event in events {
        assert!(!event.to_string().contains(SECRET), "{event:#}");
        let crumbs = event["breadcrumbs"]["values"].as_array();
        assert_eq!(crumbs.map(Vec::len), Some(2), "{event:#}");
        assert_eq!(event["request"]["query_string"], "page=2&code=[Filtered]");
        assert_eq!(event["request"]["headers"]["cookie"], "[Filtered]");
        assert_eq!(
            event["exception"]["values"].as_array().map(Vec::len),
            Some(2)
        );
    }
}
