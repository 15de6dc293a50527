//! How long does it take to read the worst headers of a trace that anybody may send?
//!
//! Those of the hostile requests that tests send, each by itself, beside a request without any, where all formats are read. The
//! slowest ten are told; none may take more than ten microseconds.

mod router;

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, Request};
use radiosonde::Config;
use radiosonde::trace::{Propagator, SamplingOptions};
use radiosonde_benches::{Case, Group, Mode};
use radiosonde_testkit::hostile;
use tower::ServiceExt as _;

type Headers = Vec<(HeaderName, HeaderValue)>;

fn main() {
    let mode = Mode::from_args();
    let hostile = hostile_headers();
    for (title, share) in [
        ("Hostile headers of a trace", 0.0),
        ("Hostile headers of a trace, sampled", 1.0),
    ] {
        let app = service(share);
        let cases = hostile.iter().map(|(name, headers)| {
            let app = &app;
            Case::new(name, move |turns| {
                let mut app = app.clone();
                (0..turns).for_each(|_| answer_with(&mut app, headers));
            })
        });
        Group::new(title, cases).over("none").slowest(10).run(&mode);
    }
}

/// A service that reads all formats, of whose traces this share is sampled and sent to where nobody listens.
fn service(share: f64) -> Router {
    let config = Config::new("benches")
        .propagators([
            Propagator::TraceContext,
            Propagator::Baggage,
            Propagator::B3,
            Propagator::B3Multi,
            Propagator::Jaeger,
        ])
        .otlp_endpoint("http://127.0.0.1:9")
        .sampling(SamplingOptions::new().ratio(share));
    let parts = radiosonde::build(config).expect("the environment is well-formed");
    let layer = parts.sonde().layer();
    router::served(router::routes().layer(layer))
}

/// Makes a request with these headers, and has it answered.
fn answer_with(app: &mut Router, headers: &Headers) {
    let mut request = Request::get("/api/resource3/42")
        .body(Body::empty())
        .expect("a request");
    for (name, value) in headers {
        request.headers_mut().append(name.clone(), value.clone());
    }
    let answered = app.oneshot(request).now_or_never();
    assert!(matches!(answered, Some(Ok(_))), "a handler waited");
}

/// Headers by name, of which the first are none, and no others are there twice.
fn hostile_headers() -> Vec<(String, Headers)> {
    let mut all = BTreeMap::new();
    for request in hostile::requests() {
        let of = |name: &'static str| {
            let name = HeaderName::from_static(name);
            let values = request.values(name.as_str()).map(HeaderValue::from_bytes);
            let values: Vec<_> = values.filter_map(Result::ok).collect();
            values.into_iter().map(move |value| (name.clone(), value))
        };
        let headers: Headers = NAMES.into_iter().flat_map(of).collect();
        if !headers.is_empty() {
            let key = format!("{headers:?}");
            all.entry(key).or_insert((request.name, headers));
        }
    }
    let none = [("none".to_owned(), Headers::new())];
    none.into_iter().chain(all.into_values()).collect()
}

/// The headers of all formats.
const NAMES: [&str; 10] = [
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "uber-trace-id",
];
