//! A service in process: one request passes through all of it.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use radiosonde::{Parts, Sonde, build, ext};
use tower::ServiceExt as _;
use tracing::instrument::WithSubscriber as _;

fn service() -> (Sonde, Router, tracing::Dispatch) {
    let mut parts: Parts = build("checkout").unwrap();
    let dispatch = ext::dispatch(&mut parts);
    let sonde = parts.into_sonde();
    let inner = Router::new().route("/items/{item}", get(async || "an item"));
    let app = Router::new()
        .route("/orders/{id}", get(async || "an order"))
        .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .nest("/shop", inner)
        .merge(sonde.router())
        .layer(sonde.layer());
    (sonde, app, dispatch)
}

async fn status(app: &Router, dispatch: &tracing::Dispatch, path: &str) -> StatusCode {
    let request = Request::builder().uri(path).body(Body::empty()).unwrap();
    let response = app
        .clone()
        .oneshot(request)
        .with_subscriber(dispatch.clone())
        .await
        .unwrap();
    let status = response.status();
    axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    status
}

#[tokio::test]
async fn requests_are_counted_under_their_templates() {
    let (sonde, app, dispatch) = service();
    for path in [
        "/orders/1",
        "/orders/2",
        "/shop/items/3",
        "/fail",
        "/nowhere/4",
    ] {
        status(&app, &dispatch, path).await;
    }
    let text = sonde.metrics().render();
    for line in [
        r#"http_requests_total{method="GET",outcome="ok",route="/orders/{id}",status="200"} 2"#,
        r#"http_requests_total{method="GET",outcome="ok",route="/shop/items/{item}",status="200"} 1"#,
        r#"http_requests_total{method="GET",outcome="error",route="/fail",status="500"} 1"#,
        r#"http_requests_total{method="GET",outcome="ok",status="404"} 1"#,
        r#"http_active_connections{method="GET"} 0"#,
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
    }
    assert!(!text.contains("nowhere"), "{text}");
}

#[tokio::test]
async fn probes_and_scrapes_are_answered_and_not_measured() {
    let (sonde, app, dispatch) = service();
    let twins = [
        "/health",
        "/health/live",
        "/health/ready",
        "/health/startup",
        "/health/metrics",
    ];
    for path in ["/ready", "/live", "/metrics"].iter().chain(&twins) {
        assert_eq!(
            status(&app, &dispatch, path).await,
            StatusCode::OK,
            "{path}"
        );
    }
    assert_eq!(
        status(&app, &dispatch, "/health/unknown").await,
        StatusCode::NOT_FOUND
    );
    assert!(!sonde.metrics().render().contains("http_requests_total"));
}

#[tokio::test]
async fn readiness_turns_red_when_the_service_drains_and_liveness_does_not() {
    let (sonde, app, dispatch) = service();
    sonde.health().start_draining();
    assert_eq!(
        status(&app, &dispatch, "/ready").await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(status(&app, &dispatch, "/live").await, StatusCode::OK);
}

#[test]
fn a_recorder_that_the_service_has_installed_stands_beside_ours() {
    if !crate::child::is_child() {
        let name = "service::a_recorder_that_the_service_has_installed_stands_beside_ours";
        crate::child::printed(&crate::child::run(name, &[]));
        return;
    }
    let theirs = metrics_exporter_prometheus::PrometheusBuilder::new();
    let theirs = theirs.install_recorder().unwrap();
    let sonde = radiosonde::build("checkout").unwrap().into_sonde();
    let app = Router::new()
        .route(
            "/",
            get(async || metrics::counter!("orders_total").increment(1)),
        )
        .merge(sonde.router())
        .layer(sonde.layer());
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let ours = runtime.block_on(async {
        let ask = async |path: &str| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let body = app.clone().oneshot(request).await.unwrap().into_body();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            String::from_utf8(body.into()).unwrap()
        };
        ask("/").await;
        ask("/metrics").await
    });
    assert!(
        ours.contains("http_requests_total{method=\"GET\",outcome=\"ok\",route=\"/\""),
        "{ours}"
    );
    assert!(!ours.contains("orders_total"), "{ours}");
    let theirs = theirs.render();
    assert!(
        theirs.contains("orders_total 1") && !theirs.contains("http_requests"),
        "{theirs}"
    );
}

#[tokio::test]
async fn the_trace_id_is_in_the_response_where_that_is_asked_for() {
    use radiosonde::layer::RequestOptions;

    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (options, expected) in [
        (RequestOptions::new(), None),
        (
            RequestOptions::new().trace_id_header("X-Trace-Id"),
            Some("4bf92f3577b34da6a3ce929d0e0e4736"),
        ),
    ] {
        let config = radiosonde::Config::new("checkout").requests(options);
        let sonde = build(config).unwrap().into_sonde();
        let app = Router::new()
            .route("/", get(async || ""))
            .layer(sonde.layer());
        let request = Request::get("/").header("traceparent", parent);
        let response = app
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let header = response.headers().get("x-trace-id");
        assert_eq!(header.map(|value| value.to_str().unwrap()), expected);
    }
}

#[test]
fn request_options_that_cannot_be_are_errors_that_say_what_to_do() {
    use radiosonde::layer::RequestOptions;

    let options = RequestOptions::new()
        .trace_id_header("trace id")
        .access_log(f64::NAN);
    let error = build(radiosonde::Config::new("checkout").requests(options)).unwrap_err();
    let text = error.to_string();
    for part in ["`trace id` is no name of a header", "`NaN` is no share"] {
        assert!(text.contains(part), "{text}");
    }
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn the_access_log_has_those_that_fail_and_a_share_of_the_others() {
    use radiosonde::layer::RequestOptions;
    use radiosonde::testing::Telemetry;

    for (share, expected) in [(Some(0.0), [0, 3]), (Some(1.0), [3, 3]), (None, [0, 0])] {
        let mut options = RequestOptions::new();
        if let Some(share) = share {
            options = options.access_log(share);
        }
        let config = radiosonde::Config::new("checkout").requests(options);
        let telemetry = Telemetry::new(config.log_format(radiosonde::LogFormat::Json));
        let app = Router::new()
            .route("/orders/{id}", get(async || "an order"))
            .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .layer(telemetry.sonde().layer());
        for path in ["/orders/1", "/fail"].repeat(3) {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let answer = async {
                let response = app.clone().oneshot(request).await.unwrap();
                axum::body::to_bytes(response.into_body(), 100)
                    .await
                    .unwrap()
            };
            telemetry.instrument(answer).await;
        }
        let logs = telemetry.logs();
        let lines = |route: &str, level: &str| {
            let holds = |line: &&String| {
                line.contains("radiosonde::access") && line.contains(route) && line.contains(level)
            };
            logs.lines().iter().filter(holds).count()
        };
        assert_eq!(
            [lines("/orders/{id}", "INFO"), lines("/fail", "WARN")],
            expected,
            "{logs:?}"
        );
        for line in logs
            .lines()
            .iter()
            .filter(|line| line.contains("radiosonde::access"))
        {
            for part in [
                "trace_id",
                "duration_seconds",
                "\"method\":\"GET\"",
                "\"outcome\":",
            ] {
                assert!(line.contains(part), "{part} is not in {line}");
            }
        }
    }
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn a_share_of_the_access_log_is_about_that_share_and_leaves_out_no_failure() {
    use radiosonde::layer::RequestOptions;
    use radiosonde::testing::Telemetry;

    let requests = RequestOptions::new().access_log(0.5);
    let telemetry = Telemetry::new(radiosonde::Config::new("checkout").requests(requests));
    let app = Router::new()
        .route("/", get(async || ""))
        .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(telemetry.sonde().layer());
    for path in ["/", "/fail"].repeat(1_000) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = telemetry.instrument(app.clone().oneshot(request)).await;
        drop(answer.unwrap());
    }
    let logs = telemetry.logs();
    let lines = |message: &str| {
        let lines = logs.lines().iter();
        lines.filter(|line| line.contains(message)).count()
    };
    assert_eq!(lines("request failed"), 1_000);
    // Of 1 000 fair coins, fewer than 300 or more than 700 show heads once in 10^36 times.
    let share = lines("request ended");
    assert!((300..=700).contains(&share), "{share} of 1000");
}

#[cfg(feature = "testing")]
#[tokio::test]
async fn a_line_of_the_access_log_tells_panics_clients_that_left_and_calls_apart() {
    use futures_util::FutureExt as _;
    use radiosonde::layer::{GrpcOptions, RequestOptions};
    use radiosonde::testing::Telemetry;

    let requests = RequestOptions::new()
        .access_log(1.0)
        .grpc(GrpcOptions::new());
    let config = radiosonde::Config::new("checkout").requests(requests);
    let telemetry = Telemetry::new(config.log_format(radiosonde::LogFormat::Json));
    let app = Router::new()
        .route("/panic", get(async || -> () { panic!("on purpose") }))
        .route("/hang", get(async || std::future::pending::<()>().await))
        .route("/shop.Orders/Get", get(async || [("grpc-status", "5")]))
        .layer(telemetry.sonde().layer());
    let ask = |path: &str| {
        let request = Request::get(path).header(
            "content-type",
            match path {
                "/shop.Orders/Get" => "application/grpc",
                _ => "text/plain",
            },
        );
        let answer = app.clone().oneshot(request.body(Body::empty()).unwrap());
        telemetry.instrument(async {
            let response = answer.await.unwrap();
            let _ = axum::body::to_bytes(response.into_body(), 100).await;
        })
    };
    let panicked = tokio::spawn(ask("/panic")).await;
    assert!(panicked.unwrap_err().is_panic());
    // Polled once, and left.
    assert!(ask("/hang").now_or_never().is_none());
    ask("/shop.Orders/Get").await;

    let logs = telemetry.logs();
    let lines: Vec<serde_json::Value> = logs
        .lines()
        .iter()
        .filter(|line| line.contains("radiosonde::access"))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told = |line: &serde_json::Value| {
        let field = |name: &str| line["fields"][name].to_string();
        let names = ["outcome", "status", "route", "rpc_method", "rpc_status"];
        format!("{} {}", line["level"], names.map(field).join(" "))
    };
    let expected = [
        r#""WARN" "panicked" 500 "/panic" null null"#,
        r#""INFO" "cancelled" 499 "/hang" null null"#,
        r#""INFO" "ok" 200 "/shop.Orders/Get" "shop.Orders/Get" "NOT_FOUND""#,
    ];
    assert_eq!(
        lines.iter().map(told).collect::<Vec<_>>(),
        expected,
        "{lines:?}"
    );
}
