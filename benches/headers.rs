//! Requests with the headers of a trace.

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, Request};
use tower::ServiceExt as _;

use crate::asked::uri;

pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

/// The headers of a trace, by name: none, ordinary ones, and the longest and the most that are read at all.
pub(crate) fn headers() -> Vec<(&'static str, Headers)> {
    let of = |pairs: &[(&'static str, String)]| -> Headers {
        let value = |text: &String| text.parse().expect("a value");
        let pairs = pairs.iter();
        pairs
            .map(|(name, text)| (HeaderName::from_static(name), value(text)))
            .collect()
    };
    let parent = |flags| format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
    let sampled = ("traceparent", parent("01"));
    let parent = ("traceparent", parent("00"));
    let many: Vec<_> = (0..64)
        .map(|n| format!("key{n}={}", "%20".repeat(30)))
        .collect();
    let states: Vec<_> = (0..32).map(|n| format!("k{n}=0123456789")).collect();
    vec![
        ("none", Vec::new()),
        ("traceparent", of(std::slice::from_ref(&parent))),
        (
            "traceparent and a full tracestate",
            of(&[parent.clone(), ("tracestate", states.join(","))]),
        ),
        ("traceparent, sampled", of(std::slice::from_ref(&sampled))),
        (
            "traceparent, sampled, and a full tracestate",
            of(&[sampled, ("tracestate", states.join(","))]),
        ),
        (
            "baggage, 64 members in 6 KB, escaped",
            of(&[parent.clone(), ("baggage", many.join(","))]),
        ),
        (
            "baggage, one member of 8 KB",
            of(&[
                parent.clone(),
                ("baggage", format!("a={}", "x".repeat(8_100))),
            ]),
        ),
        (
            "baggage, one member of 8 KB, escaped",
            of(&[
                parent.clone(),
                ("baggage", format!("a={}", "%41".repeat(2_700))),
            ]),
        ),
        (
            "baggage, 64 KB of commas",
            of(&[parent.clone(), ("baggage", ",".repeat(65_536))]),
        ),
        (
            "traceparent, 64 KB of dashes",
            of(&[("traceparent", "-".repeat(65_536))]),
        ),
    ]
}

/// Makes a request with these headers, and has it answered.
pub(crate) fn answer_with(app: &mut Router, headers: &Headers) {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri(3, 42);
    for (name, value) in headers {
        request.headers_mut().append(name.clone(), value.clone());
    }
    let answered = app.oneshot(request).now_or_never();
    assert!(matches!(answered, Some(Ok(_))), "a handler waited");
}
