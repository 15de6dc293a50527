//! Exports over gRPC, to a collector made of axum.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use radiosonde::{Config, ShutdownReport, build};
use tower::ServiceExt as _;

use crate::child::{self, printed};

/// What a call was answered with: a status, and how many spans are refused.
type Script = Arc<Mutex<Vec<(&'static str, i64)>>>;

/// Answers a call as the script says, and then with success.
async fn export(script: Script, request: Request<Body>) -> Response<Body> {
    assert_eq!(request.version(), http::Version::HTTP_2);
    let headers = request.headers().clone();
    assert_eq!(headers["content-type"], "application/grpc");
    assert_eq!(headers["te"], "trailers");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut plain = Vec::new();
    if headers.contains_key("grpc-encoding") {
        assert_eq!(body[0], 1);
        let mut decoder = flate2::read::GzDecoder::new(&body[5..]);
        std::io::Read::read_to_end(&mut decoder, &mut plain).unwrap();
    } else {
        assert_eq!(body[0], 0);
        plain.extend_from_slice(&body[5..]);
    }
    let message = ExportTraceServiceRequest::decode(&*plain).unwrap();
    assert!(!message.resource_spans[0].scope_spans[0].spans.is_empty());
    let (code, refused) = script.lock().unwrap().pop().unwrap_or(("0", 0));
    let answer = ExportTraceServiceResponse {
        partial_success: (refused > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: refused,
            error_message: "too old".into(),
        }),
    };
    let answer = answer.encode_to_vec();
    let mut framed = vec![0];
    framed.extend(u32::try_from(answer.len()).unwrap().to_be_bytes());
    framed.extend(answer);
    let trailers: HeaderMap = [("grpc-status".parse().unwrap(), code.parse().unwrap())]
        .into_iter()
        .collect();
    let body =
        Full::new(Bytes::from(framed))
            .with_trailers(std::future::ready(Some(Ok::<_, Infallible>(trailers))));
    Response::new(Body::new(body))
}

/// Runs a service that ends after three requests, with a collector that follows the script.
fn exported(script: &[(&'static str, i64)]) -> ShutdownReport {
    let script: Script = Arc::new(Mutex::new(script.iter().rev().copied().collect()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        let handler = move |request| export(script.clone(), request);
        let collector = Router::new().route(path, post(handler));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, collector).await });

        let config = Config::new("checkout").otlp_endpoint(address.to_string());
        let sonde = build(config).unwrap().into_sonde();
        let app = Router::new()
            .route("/", get(async || ""))
            .layer(sonde.layer());
        for _ in 0..3 {
            let request = Request::new(Body::empty());
            let _ = app.clone().oneshot(request).await.unwrap();
        }
        sonde.shutdown(Duration::from_secs(10)).await
    })
}

#[test]
fn spans_are_sent_over_grpc_and_accounted_for() {
    if child::is_child() {
        assert_eq!(exported(&[]).spans.sent, 3);
        let unavailable = exported(&[("14", 0)]).spans;
        assert_eq!(
            (unavailable.sent, unavailable.failed),
            (3, 0),
            "it comes back"
        );
        // One, because spans may come in several messages, and the first may hold no more.
        let partial = exported(&[("0", 1)]).spans;
        assert_eq!((partial.sent, partial.failed), (2, 1));
        let wrong = exported(&[("3", 0), ("3", 0), ("3", 0)]).spans;
        assert_eq!((wrong.sent, wrong.failed), (0, 3), "it is not tried again");
        return;
    }
    let name = "grpc::spans_are_sent_over_grpc_and_accounted_for";
    let variables = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ];
    printed(&child::run(name, &variables));
    let gzip = ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip");
    printed(&child::run(name, &[&variables[..], &[gzip]].concat()));
}
