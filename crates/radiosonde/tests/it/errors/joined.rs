//! Reports and the spans that they happened in, each as it arrives on its own way.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use futures_util::FutureExt as _;
use opentelemetry::trace::{SpanId, TraceId};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

use super::envelopes::events;
use super::{all_sent, dsn};
use crate::child::{self, printed};
use crate::exported::resource_spans;

/// Fails in three ways, and ends when all is sent.
async fn fail() {
    std::panic::set_hook(Box::new(|_| {}));
    let sonde = radiosonde::init("checkout").unwrap();
    let logs = async || {
        let price = tracing::info_span!("price");
        price.in_scope(|| tracing::error!("no price"));
    };
    let app = Router::new()
        .route("/logs", get(logs))
        .route(
            "/panics",
            get(async || -> StatusCode { panic!("no stock") }),
        )
        .route("/fails", get(async || StatusCode::BAD_GATEWAY))
        .layer(sonde.layer());
    for path in ["/logs", "/panics", "/fails"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = AssertUnwindSafe(app.clone().oneshot(request));
        let _ = answer.catch_unwind().await;
    }
    all_sent(&sonde, 3);
    let report = sonde.shutdown(std::time::Duration::from_secs(30)).await;
    assert_eq!(report.spans.sent, 4, "{report}");
}

#[test]
fn a_report_names_the_span_that_the_collector_got() {
    if child::is_child() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(fail());
    }
    let [sentry, collector] = [(); 2].map(|()| FaultCollector::start(Mode::status(200)));
    let name = "errors::joined::a_report_names_the_span_that_the_collector_got";
    let variables = [
        ("SENTRY_DSN", &*dsn(&sentry)),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint()),
    ];
    printed(&child::run(name, &variables));
    let spans = resource_spans(&collector).into_iter();
    let spans = spans.flat_map(|resource| resource.scope_spans);
    let spans: BTreeMap<_, _> = spans
        .flat_map(|scope| scope.spans)
        .map(|span| {
            let trace = TraceId::from_bytes(span.trace_id.try_into().unwrap());
            let id = SpanId::from_bytes(span.span_id.try_into().unwrap());
            (span.name, [trace.to_string(), id.to_string()])
        })
        .collect();
    let events = events(&sentry);
    assert_eq!(events.len(), 3, "{events:#?}");
    for (event, span) in events.iter().zip(["price", "GET /panics", "GET /fails"]) {
        let trace = &event["contexts"]["trace"];
        let named = ["trace_id", "span_id"].map(|id| trace[id].as_str().unwrap());
        assert_eq!(named, spans[span], "{event:#}");
    }
}
