//! Requests with the headers of a trace.

use axum::Router;
use axum::body::Body;
use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue, Request};
use tower::ServiceExt as _;

use crate::asked::uri;

pub(crate) type Headers = Vec<(HeaderName, HeaderValue)>;

/// Headers by name, of which the first are none.
pub(crate) type Cases = Vec<(&'static str, Headers)>;

/// The headers of the W3C: ordinary ones, and the longest and the most that are read at all.
pub(crate) fn of_the_w3c() -> Cases {
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

/// The headers of Zipkin and of Jaeger: ordinary ones, the longest that are read, and those that are too long.
pub(crate) fn of_others() -> Cases {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";
    let single = |name: &'static str, text: String| of(&[(name, text)]);
    let several = |trace: &str| {
        of(&[
            ("x-b3-traceid", trace.to_owned()),
            ("x-b3-spanid", SPAN.to_owned()),
            ("x-b3-parentspanid", SPAN.to_owned()),
            ("x-b3-sampled", "0".to_owned()),
            ("x-b3-flags", "0".to_owned()),
        ])
    };
    vec![
        ("none", Vec::new()),
        ("b3", single("b3", format!("{TRACE}-{SPAN}-0"))),
        (
            "b3, with all its parts",
            single("b3", format!("{TRACE}-{SPAN}-0-{SPAN}")),
        ),
        ("b3, 64 KB of dashes", single("b3", "-".repeat(65_536))),
        ("b3 in several headers", several(TRACE)),
        (
            "b3 in several headers, 64 KB of digits",
            several(&"0".repeat(65_536)),
        ),
        (
            "uber-trace-id",
            single("uber-trace-id", format!("{TRACE}:{SPAN}:0:0")),
        ),
        (
            "uber-trace-id, escaped, with all its parts",
            single(
                "uber-trace-id",
                format!("{TRACE}%3A{SPAN}%3A{SPAN}%3A{SPAN}"),
            ),
        ),
        (
            "uber-trace-id, nothing but escapes",
            single("uber-trace-id", "%3A".repeat(32)),
        ),
        (
            "uber-trace-id, 64 KB of colons",
            single("uber-trace-id", ":".repeat(65_536)),
        ),
    ]
}

fn of(pairs: &[(&'static str, String)]) -> Headers {
    let value = |text: &String| text.parse().expect("a value");
    let pairs = pairs.iter();
    pairs
        .map(|(name, text)| (HeaderName::from_static(name), value(text)))
        .collect()
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
