//! A service that uses all there is.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::response::Redirect;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use radiosonde::health::Check;
use radiosonde::layer::{GrpcOptions, RequestOptions};
use radiosonde::metrics::standard::{
    Authentication, Cache, Certificate, ConnectionPool, Job, Messages, Queue,
};
use radiosonde::metrics::{Metric, Registry};
use radiosonde::{Config, Sonde};
use radiosonde_catalog::objective::Objective;
use radiosonde_catalog::{
    PROCESS_CGROUP_CPU_LIMIT, PROCESS_CGROUP_CPU_PERIODS, PROCESS_CGROUP_CPU_THROTTLED_PERIODS,
    PROCESS_CGROUP_MEMORY_LIMIT,
};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::http;
use tower::{Layer as _, ServiceExt as _, service_fn};

/// It runs in this process, on a thread of its own.
pub(crate) struct UsesAll {
    pub(crate) addr: SocketAddr,
    pub(crate) registry: Registry,
    _collector: FaultCollector,
}

impl UsesAll {
    pub(crate) fn start() -> Self {
        let collector = FaultCollector::start(Mode::status(200));
        let config = Config::new("checkout")
            .requests(RequestOptions::new().grpc(GrpcOptions::new()))
            .objective(Objective::availability("api", 99.0))
            .objective(
                Objective::latency("work", 95.0, Duration::from_millis(300)).for_each(["/work"]),
            )
            .otlp_endpoint(collector.endpoint())
            .sentry_dsn(format!("http://key@{}/1", collector.addr()));
        let sonde = radiosonde::build(config).unwrap().into_sonde();
        let registry = sonde.metrics().clone();
        // What is declared is there before anybody asks.
        work(&registry);
        let (send, addr) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            runtime.block_on(async {
                let check = Check::new("database", async || Ok(()));
                sonde.health().register(check).unwrap();
                let server = sonde.bind("127.0.0.1:0").await.unwrap();
                send.send(server.local_addr()).unwrap();
                server.serve(app(&sonde)).await;
            });
        });
        Self {
            addr: addr.recv().unwrap(),
            registry,
            _collector: collector,
        }
    }

    /// Sends requests that end in every way that a board shows.
    pub(crate) fn visit(&self) {
        for path in ["/work", "/moved", "/fail", "/nowhere", "/stream", "/health"] {
            http::get(self.addr, path, &[("traceparent", SAMPLED)]).unwrap();
        }
        for method in ["Get", "Watch", "Fail"] {
            let path = format!("/shop.Orders/{method}");
            let headers = [
                ("traceparent", SAMPLED),
                ("content-type", "application/grpc"),
            ];
            http::get(self.addr, &path, &headers).unwrap();
        }
    }
}

fn app(sonde: &Sonde) -> Router {
    let registry = sonde.metrics().clone();
    let client = sonde.client_layer();
    let rpc_client = sonde.client_layer_with(|options| options.grpc(GrpcOptions::new()));
    let limited = limited_instance();
    let everything = async move || {
        work(&registry);
        for status in [StatusCode::OK, StatusCode::BAD_GATEWAY] {
            call(client.layer(service_fn(move |_| answer(status)))).await;
        }
        for code in ["0", "14"] {
            call(rpc_client.layer(service_fn(move |_| rpc_answer(code, MESSAGE)))).await;
        }
        ""
    };
    let events = async || {
        let events = futures_util::stream::iter([Ok::<_, Infallible>(Event::default().data("a"))]);
        Sse::new(events)
    };
    Router::new()
        .route("/work", get(everything))
        .route("/moved", get(async || Redirect::to("/work")))
        .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .route("/stream", get(events))
        .route("/limited", get(async move || limited()))
        .route(
            "/shop.Orders/Get",
            get(async || rpc_answer("0", MESSAGE).await.unwrap()),
        )
        .route(
            "/shop.Orders/Fail",
            get(async || rpc_answer("13", b"").await.unwrap()),
        )
        .route(
            "/shop.Orders/Watch",
            get(async || rpc_answer("0", MESSAGES).await.unwrap()),
        )
        .merge(sonde.router())
        .layer(sonde.layer())
}

/// What an instance would say whose cgroup has limits: this machine may have none.
fn limited_instance() -> impl Fn() -> String + Clone + Send + Sync + 'static {
    let registry = Registry::new();
    registry.gauge(&PROCESS_CGROUP_MEMORY_LIMIT, &[]).set(1e9);
    registry.gauge(&PROCESS_CGROUP_CPU_LIMIT, &[]).set(2.0);
    move || {
        registry
            .counter(&PROCESS_CGROUP_CPU_PERIODS, &[])
            .increment(10);
        registry
            .counter(&PROCESS_CGROUP_CPU_THROTTLED_PERIODS, &[])
            .increment(1);
        registry.render()
    }
}

fn answer(status: StatusCode) -> Ready<Result<Response<Body>, Infallible>> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    ready(Ok(response))
}

/// Answers a call of gRPC with this code, in the head, where it may stand as well as behind the messages.
fn rpc_answer(
    code: &'static str,
    messages: &'static [u8],
) -> Ready<Result<Response<Body>, Infallible>> {
    let response = Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", code);
    ready(Ok(response.body(Body::from(messages)).unwrap()))
}

async fn call<S, B>(client: S)
where
    S: tower::Service<Request<Body>, Response = Response<B>>,
    B: axum::body::HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
    S::Error: std::fmt::Debug,
{
    let request = Request::get("http://stock.internal/shop.Stock/Get");
    let request = request.header("content-type", "application/grpc");
    let response = client.oneshot(request.body(Body::empty()).unwrap()).await;
    // What is told of a call is known at its end.
    let body = Body::new(response.unwrap().into_body());
    axum::body::to_bytes(body, 1_024).await.unwrap();
}

/// Uses every standard instrument, and metrics of the service's own.
fn work(registry: &Registry) {
    let messages = Messages::new(registry, "orders");
    messages.start().succeeded();
    messages.start().failed();
    let cache = Cache::new(registry, "prices");
    cache.hit();
    cache.miss();
    let pool = ConnectionPool::new(registry, "main");
    pool.set_max(10);
    pool.set_idle(1);
    pool.set_used(2);
    pool.acquire().acquired();
    pool.acquire().timed_out();
    let queue = Queue::new(registry, "mail");
    queue.set_depth(3);
    queue.set_oldest_age(Duration::from_secs(4));
    let job = Job::new(registry, "backup");
    job.start().succeeded();
    job.start().failed();
    let authentication = Authentication::new(registry, "password");
    authentication.succeeded();
    authentication.refused();
    let certificate = Certificate::new(registry, "main");
    certificate.expires_at(SystemTime::now() + Duration::from_hours(1_000));
    registry.counter(&PAID, &["card"]).increment(1);
    registry.histogram(&DELIVERY, &[]).record(100.0);
    registry.gauge(&LOAD, &["north"]).set(0.5);
}

const PAID: Metric = Metric::counter("orders_paid_total")
    .with_labels(&["payment"])
    .with_help("Orders that were paid.");
const DELIVERY: Metric = Metric::histogram("orders_delivery_seconds", &[60.0, 3600.0])
    .with_unit(radiosonde::metrics::Unit::Seconds)
    .with_help("Time from payment to delivery, in seconds.");
const LOAD: Metric = Metric::gauge("belt_load_ratio")
    .with_unit(radiosonde::metrics::Unit::Ratio)
    .with_labels(&["belt"])
    .with_help("Share of the belt that is taken.");

/// A message of gRPC with its length before it, and two of them.
const MESSAGE: &[u8] = b"\0\0\0\0\x02ok";
const MESSAGES: &[u8] = b"\0\0\0\0\x02ok\0\0\0\0\x02ok";

const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
