use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Request, Response};
use opentelemetry::InstrumentationScope;
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler, SdkTracerProvider, Span as SdkSpan, SpanData, SpanProcessor,
};
use radiosonde_metrics::Registry;
use radiosonde_tower::client::{ClientOptions, ObserveClientLayer};
use radiosonde_tower::grpc::GrpcOptions;
use tower::{Layer as _, ServiceExt as _, service_fn};
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;
use crate::config::Propagator;

/// The spans that ended.
#[derive(Debug, Clone, Default)]
struct Ended(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Ended {
    fn on_start(&self, _: &mut SdkSpan, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().unwrap().push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// A client that answers with one status, or fails with none.
struct Client {
    tracer: SdkTracer,
    exported: bool,
    ended: Ended,
    registry: Registry,
    record_query: bool,
}

impl Client {
    fn new(sampler: Sampler, exported: bool) -> Self {
        let ended = Ended::default();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(ended.clone())
            .with_sampler(sampler)
            .build();
        Self {
            tracer: provider.tracer_with_scope(InstrumentationScope::builder("test").build()),
            exported,
            ended,
            registry: Registry::new(),
            record_query: false,
        }
    }

    fn sampled() -> Self {
        Self::new(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)), true)
    }

    /// Makes a request, and returns the headers that it was sent with.
    fn send(&self, request: Request<()>, status: Option<u16>) -> HeaderMap {
        let options = ClientOptions::new()
            .record_query(self.record_query)
            .observer(ClientSpans::new(
                self.tracer.clone(),
                Propagation::new(vec![Propagator::TraceContext]),
                self.exported,
            ));
        let sent = Mutex::new(HeaderMap::new());
        let service = service_fn(async |request: Request<()>| {
            *sent.lock().unwrap() = request.headers().clone();
            let mut response = Response::new(String::new());
            *response.status_mut() = status.ok_or("failed")?.try_into().unwrap();
            Ok::<_, &str>(response)
        });
        let layer = ObserveClientLayer::new(&self.registry, options);
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let _ = runtime
            .unwrap()
            .block_on(layer.layer(service).oneshot(request));
        sent.into_inner().unwrap()
    }

    fn get(&self, uri: &str, status: Option<u16>) -> HeaderMap {
        self.send(Request::get(uri).body(()).unwrap(), status)
    }

    /// The only span.
    #[track_caller]
    fn span(&self) -> SpanData {
        let spans = self.ended.0.lock().unwrap();
        let [span] = &spans[..] else {
            panic!("not one span: {spans:?}")
        };
        span.clone()
    }

    fn has_span(&self) -> bool {
        !self.ended.0.lock().unwrap().is_empty()
    }
}

fn attributes_of(span: &SpanData) -> BTreeMap<&str, String> {
    let attributes = span.attributes.iter();
    attributes
        .map(|pair| (pair.key.as_str(), pair.value.to_string()))
        .collect()
}

fn parent(flags: TraceFlags, is_remote: bool) -> Context {
    let (trace_id, span_id) = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
    let state = "a=1".parse().unwrap();
    let span = SpanContext::new(trace_id, span_id, flags, is_remote, state);
    Context::new().with_remote_span_context(span)
}

/// The header of the trace that `parent` is of.
fn traceparent(span_id: &str, flags: &str) -> String {
    format!("00-{}-{span_id}-{flags}", "01".repeat(16))
}

#[test]
fn a_span_says_what_the_conventions_ask_for_and_no_secret() {
    let client = Client::sampled();
    let request = Request::post("https://user:secret@api.example.com/orders/7?token=secret");
    client.send(request.body(()).unwrap(), Some(201));
    let span = client.span();
    assert_eq!(span.name, "POST");
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.status, Status::Unset);
    let expected = [
        ("http.request.method", "POST"),
        ("http.response.status_code", "201"),
        ("network.protocol.version", "1.1"),
        ("radiosonde.outcome", "ok"),
        ("server.address", "api.example.com"),
        ("server.port", "443"),
        ("url.full", "https://api.example.com/orders/7"),
    ];
    let expected = expected.map(|(key, value)| (key, value.to_owned()));
    assert_eq!(attributes_of(&span), BTreeMap::from(expected));
}

#[test]
fn a_query_is_recorded_when_asked_for_without_signatures() {
    let mut client = Client::sampled();
    client.record_query = true;
    client.get("http://[::1]:81/a?page=2&sig=secret", Some(200));
    let span = client.span();
    let attributes = attributes_of(&span);
    assert_eq!(
        attributes["url.full"],
        "http://[::1]:81/a?page=2&sig=REDACTED"
    );
    assert_eq!(attributes["server.address"], "::1");
}

#[test]
fn a_refused_request_and_one_without_an_answer_are_errors() {
    for (status, error) in [(Some(404), "404"), (Some(503), "503"), (None, "inner")] {
        let client = Client::sampled();
        client.get("http://a/", status);
        let span = client.span();
        let attributes = attributes_of(&span);
        assert_eq!(span.status, Status::error(""));
        assert_eq!(attributes["error.type"], error);
        let code = attributes.get("http.response.status_code").cloned();
        assert_eq!(code, status.map(|status| status.to_string()));
    }
}

#[test]
fn an_unknown_method_is_called_http_and_an_address_is_cut() {
    let client = Client::sampled();
    let uri = format!("http://a/{}", "x".repeat(5_000));
    let request = Request::builder().method("BREW").uri(uri).body(());
    client.send(request.unwrap(), Some(200));
    let span = client.span();
    let attributes = attributes_of(&span);
    assert_eq!(span.name, "HTTP");
    assert_eq!(attributes["http.request.method"], "_OTHER");
    assert_eq!(attributes["http.request.method_original"], "BREW");
    assert_eq!(attributes["url.full"].len(), 1_024);
}

#[test]
fn a_span_is_a_child_of_what_is_current_and_goes_along() {
    let client = Client::sampled();
    let _current = parent(TraceFlags::SAMPLED, false).attach();
    let headers = client.get("http://a/", Some(200));
    let span = client.span();
    assert_eq!(span.parent_span_id, SpanId::from_bytes([2; 8]));
    let span_id = span.span_context.span_id().to_string();
    assert_eq!(headers["traceparent"], traceparent(&span_id, "01"));
    assert_eq!(headers["tracestate"], "a=1");
}

#[test]
fn a_span_is_a_child_of_the_tracing_span_around_it() {
    let client = Client::sampled();
    let bridge = tracing_opentelemetry::layer().with_tracer(client.tracer.clone());
    let subscriber = tracing_subscriber::registry().with(bridge);
    tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("around").in_scope(|| client.get("http://a/", Some(200)));
    });
    let spans = client.ended.0.lock().unwrap();
    let [client, around] = &spans[..] else {
        panic!("not two spans: {spans:?}")
    };
    assert_eq!(around.name, "around");
    assert_eq!(client.parent_span_id, around.span_context.span_id());
    assert_eq!(
        client.span_context.trace_id(),
        around.span_context.trace_id()
    );
}

#[test]
fn without_a_trace_around_it_a_request_begins_one() {
    let client = Client::sampled();
    let headers = client.get("http://a/", Some(200));
    let context = client.span().span_context;
    let expected = format!("00-{}-{}-01", context.trace_id(), context.span_id());
    assert_eq!(headers["traceparent"], expected);
    assert!(!headers.contains_key("tracestate"));
}

#[test]
fn a_trace_that_is_not_sampled_goes_along_without_a_span() {
    let client = Client::sampled();
    let _current = parent(TraceFlags::default(), false).attach();
    let headers = client.get("http://a/", Some(200));
    assert!(!client.has_span());
    let expected = traceparent(&"02".repeat(8), "00");
    assert_eq!(headers["traceparent"], expected);
    assert_eq!(headers["tracestate"], "a=1");
}

#[test]
fn a_sampler_is_asked_of_a_trace_that_came_from_elsewhere() {
    let _current = parent(TraceFlags::default(), true).attach();
    let client = Client::new(Sampler::AlwaysOn, true);
    let headers = client.get("http://a/", Some(200));
    let span_id = client.span().span_context.span_id().to_string();
    assert_eq!(headers["traceparent"], traceparent(&span_id, "01"));
    let client = Client::sampled();
    let headers = client.get("http://a/", Some(200));
    assert!(!client.has_span());
    let sent = headers["traceparent"].to_str().unwrap();
    assert!(sent.starts_with(&traceparent("", "")[..36]) && sent.ends_with("-00"));
}

#[test]
fn a_trace_that_begins_here_and_is_not_sampled_says_so() {
    let client = Client::new(Sampler::AlwaysOff, true);
    let headers = client.get("http://a/", Some(200));
    assert!(!client.has_span());
    assert!(headers["traceparent"].to_str().unwrap().ends_with("-00"));
}

#[test]
fn where_nothing_is_exported_a_trace_passes_through() {
    let client = Client::new(Sampler::AlwaysOff, false);
    let headers = client.get("http://a/", Some(200));
    assert!(headers.is_empty(), "{headers:?}");
    let _current = parent(TraceFlags::SAMPLED, true).attach();
    let headers = client.get("http://a/", Some(200));
    assert!(!client.has_span());
    let expected = traceparent(&"02".repeat(8), "01");
    assert_eq!(headers["traceparent"], expected);
    assert_eq!(headers["tracestate"], "a=1");
}

#[test]
fn when_the_traces_have_ended_a_trace_passes_through() {
    let client = {
        let provider = SdkTracerProvider::builder().build();
        let tracer = provider.tracer("test");
        provider.shutdown().unwrap();
        Client {
            tracer,
            ..Client::sampled()
        }
    };
    let _current = parent(TraceFlags::SAMPLED, false).attach();
    let headers = client.get("http://a/", Some(200));
    let expected = traceparent(&"02".repeat(8), "01");
    assert_eq!(headers["traceparent"], expected);
}

#[cfg(feature = "otlp")]
#[test]
fn a_sampled_span_is_the_exemplar_of_its_duration() {
    use radiosonde_metrics::{Exposition, RegistryOptions};
    let options = RegistryOptions::new().exemplars(|| None);
    let client = Client {
        registry: Registry::with_options(options),
        ..Client::sampled()
    };
    client.get("http://a/", Some(200));
    let text = client.registry.render_as(Exposition::OpenMetrics);
    let span_id = client.span().span_context.span_id();
    let exemplar = format!("span_id=\"{span_id}\"");
    assert!(String::from_utf8(text).unwrap().contains(&exemplar));
}

#[test]
fn the_span_of_a_call_has_its_method_and_its_status() {
    let ended = Ended::default();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(ended.clone())
        .build();
    let tracer = provider.tracer_with_scope(InstrumentationScope::builder("test").build());
    let options = ClientOptions::new()
        .grpc(GrpcOptions::new())
        .observer(ClientSpans::new(
            tracer,
            Propagation::new(vec![Propagator::TraceContext]),
            true,
        ));
    let service = service_fn(async |_: Request<()>| {
        let response = Response::builder().header("grpc-status", "5");
        Ok::<_, &str>(response.body(String::new()).unwrap())
    });
    let layer = ObserveClientLayer::new(&Registry::new(), options);
    let request = || {
        let request = Request::post("http://shop.example/shop.Orders/Get");
        let request = request.header("content-type", "application/grpc");
        request.body(()).unwrap()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for _ in 0..2 {
        runtime
            .block_on(layer.layer(service).oneshot(request()))
            .unwrap();
    }

    let ended = ended.0.lock().unwrap();
    assert_eq!(ended.len(), 2);
    for span in &*ended {
        // Of the first one, the method was learned from the answer.
        assert_eq!(span.name, "shop.Orders/Get");
        for (key, value) in [
            ("rpc.system.name", "grpc"),
            ("rpc.method", "shop.Orders/Get"),
            ("rpc.response.status_code", "NOT_FOUND"),
            ("error.type", "NOT_FOUND"),
            ("radiosonde.outcome", "error"),
        ] {
            let mut attributes = span.attributes.iter();
            let found = attributes.find(|attribute| attribute.key.as_str() == key);
            assert_eq!(
                found
                    .map(|attribute| attribute.value.as_str().into_owned())
                    .as_deref(),
                Some(value)
            );
        }
    }
}
