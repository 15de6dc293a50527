//! Whatever headers a request comes with, it is served, and what goes out with its calls is well formed.

use std::convert::Infallible;
use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use axum::routing::get;
use radiosonde::trace::Propagator;
use radiosonde::{Config, Sonde, build};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// Serves a request whose headers are made of these bytes: lines, each of which chooses a name by its first byte.
pub(crate) fn run(bytes: &[u8]) {
    let mut request = Request::get("/").body(Body::empty()).unwrap();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Some((name, value)) = line.split_first() else {
            continue;
        };
        let name = NAMES[usize::from(*name) % NAMES.len()];
        if let Ok(value) = HeaderValue::from_bytes(value) {
            let name = HeaderName::from_static(name);
            request.headers_mut().append(name, value);
        }
    }
    let app = Router::new().route("/", get(call)).layer(sonde().layer());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let served = runtime.block_on(app.oneshot(request)).unwrap();
    check(served.headers());
}

/// Calls another service, and answers with the headers that the call had.
async fn call() -> HeaderMap {
    let echo = service_fn(async |request: Request<String>| {
        let mut response = Response::new(String::new());
        *response.headers_mut() = request.headers().clone();
        Ok::<_, Infallible>(response)
    });
    let request = Request::get("http://stock.internal/").body(String::new());
    let called = sonde().client_layer().layer(echo).oneshot(request.unwrap());
    called.await.unwrap().headers().clone()
}

/// Every format says the same, once, and within its bounds.
fn check(sent: &HeaderMap) {
    let value = |name: &str| {
        let mut values = sent.get_all(name).iter();
        let value = values.next()?.to_str().unwrap();
        assert!(values.next().is_none(), "{name} is there twice");
        Some(value)
    };
    let parent = value("traceparent").unwrap();
    let parts: Vec<_> = parent.split('-').collect();
    let [version, trace, span, flags] = parts[..] else {
        panic!("{parent}");
    };
    assert_eq!((version, trace.len(), span.len()), ("00", 32, 16));
    let is_lower_hex = |text: &str| text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    assert!(is_lower_hex(trace) && is_lower_hex(span), "{parent}");
    assert!(trace.contains(|c| c != '0') && span.contains(|c| c != '0'));
    let sampled = match flags {
        "00" => "0",
        "01" => "1",
        _ => panic!("{parent}"),
    };
    // Who wants a trace in any case has decided.
    let debug = value("x-b3-flags");
    assert!(matches!((debug, sampled), (None, _) | (Some("1"), "1")));
    let (decision, flags) = match debug {
        Some(_) => ("d", "3"),
        None => (sampled, sampled),
    };
    assert_eq!(value("b3").unwrap(), format!("{trace}-{span}-{decision}"));
    assert_eq!(value("x-b3-traceid"), Some(trace));
    assert_eq!(value("x-b3-spanid"), Some(span));
    assert_eq!(value("x-b3-sampled"), debug.is_none().then_some(sampled));
    assert_eq!(
        value("uber-trace-id").unwrap(),
        format!("{trace}:{span}:0:{flags}")
    );
    assert!(value("tracestate").is_none_or(|state| state.len() <= 512));
    assert!(value("baggage").is_none_or(|baggage| baggage.len() <= 8_192));
}

/// One service for all runs, which reads and writes every format.
fn sonde() -> &'static Sonde {
    static SONDE: OnceLock<Sonde> = OnceLock::new();
    SONDE.get_or_init(|| {
        let config = Config::new("fuzzed").propagators([
            Propagator::TraceContext,
            Propagator::Baggage,
            Propagator::B3,
            Propagator::B3Multi,
            Propagator::Jaeger,
        ]);
        build(config).unwrap().into_sonde()
    })
}

const NAMES: [&str; 9] = [
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "x-b3-flags",
    "uber-trace-id",
];
