//! Collectors of gRPC that misbehave, and accounts that add up all the same.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use radiosonde::{Config, Sonde, build, ext};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

use crate::account::Account;
use crate::child::{self, printed};

/// What becomes of every call.
#[derive(Debug, Clone, Copy)]
enum Calls {
    /// They are answered with this status.
    Have(&'static str),
    /// They are not answered.
    Hang,
    /// They are answered by something that is no server of gRPC.
    Fail(StatusCode),
    /// Their answer ends without a status.
    EndEarly,
    /// Their answer breaks off.
    BreakOff,
}

impl Calls {
    async fn answer(self) -> Response<Body> {
        let empty = Full::new(Bytes::from_static(&[0; 5]));
        let body = match self {
            Self::Hang => std::future::pending().await,
            Self::Fail(status) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = status;
                return response;
            }
            Self::Have(status) => {
                let status = ("grpc-status".parse().unwrap(), status.parse().unwrap());
                let trailers: HeaderMap = [status].into_iter().collect();
                let trailers = std::future::ready(Some(Ok::<_, Infallible>(trailers)));
                Body::new(empty.with_trailers(trailers))
            }
            Self::EndEarly => Body::new(empty),
            Self::BreakOff => {
                let broken = Err::<Bytes, _>(std::io::Error::other("gone"));
                Body::from_stream(futures_util::stream::iter([broken]))
            }
        };
        let response = Response::builder().header("content-type", "application/grpc");
        response.body(body).unwrap()
    }

    /// Starts a collector, which ends with the runtime.
    async fn listen(self) -> SocketAddr {
        let app = Router::new().fallback(async move || self.answer().await);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }
}

/// Runs a service that ends after twenty requests and log records.
async fn served(collector: SocketAddr, budget: Duration) -> Sonde {
    let config = Config::new("checkout").otlp_endpoint(format!("http://{collector}"));
    let mut parts = build(config).unwrap();
    let dispatch = ext::dispatch(&mut parts);
    let sonde = parts.into_sonde();
    let log = || (0..20).for_each(|order| tracing::info!(order, "an order"));
    tracing::dispatcher::with_default(&dispatch, log);
    let app = Router::new()
        .route("/", get(async || ""))
        .layer(sonde.layer());
    for _ in 0..20 {
        let answer = app.clone().oneshot(Request::new(Body::empty())).await;
        drop(answer.unwrap());
    }
    sonde.shutdown(budget).await;
    sonde
}

/// Looks at the accounts of a service that has ended, and returns how many spans and log records were sent.
fn accounts(sonde: &Sonde, case: &str) -> (u64, u64) {
    let (spans, records) = (Account::of_spans(sonde), Account::of_records(sonde));
    assert_eq!((spans.all, records.all), (20, 20), "{case}");
    let points = Account::of_points(sonde);
    assert!(points.all > 0, "{case}");
    // A service of gRPC takes all signals or none here.
    assert_eq!(points.sent > 0, spans.sent > 0, "{case}");
    (spans.sent, records.sent)
}

fn calls_of_every_kind() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for (calls, arrives) in [
        (Calls::Have("0"), 20),
        // Unavailable, exhausted, malformed: offered again, or not.
        (Calls::Have("14"), 0),
        (Calls::Have("8"), 0),
        (Calls::Have("3"), 0),
        (Calls::Have("?"), 0),
        (Calls::Hang, 0),
        (Calls::Fail(StatusCode::SERVICE_UNAVAILABLE), 0),
        (Calls::Fail(StatusCode::NOT_FOUND), 0),
        (Calls::EndEarly, 0),
        (Calls::BreakOff, 0),
    ] {
        // What arrives takes as long as it takes on a busy machine; what does not takes all there is.
        let budget = Duration::from_millis(if arrives > 0 { 20_000 } else { 600 });
        let ended = async { served(calls.listen().await, budget).await };
        let sonde = runtime.block_on(ended);
        let case = format!("{calls:?}");
        assert_eq!(accounts(&sonde, &case), (arrives, arrives), "{case}");
    }
    for mode in [
        Mode::Refuse,
        Mode::BlackHole,
        Mode::Hang,
        Mode::Reset,
        // HTTP/1.1, which no client of gRPC expects.
        Mode::status(200),
    ] {
        let case = format!("{mode:?}");
        let collector = FaultCollector::start(mode);
        let ended = served(collector.addr(), Duration::from_millis(600));
        let sonde = runtime.block_on(ended);
        assert_eq!(accounts(&sonde, &case), (0, 0), "{case}");
    }
}

#[test]
fn over_grpc_the_accounts_add_up_as_well() {
    if child::is_child() {
        return calls_of_every_kind();
    }
    let name = "grpc_faults::over_grpc_the_accounts_add_up_as_well";
    printed(&child::run(
        name,
        &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")],
    ));
}
