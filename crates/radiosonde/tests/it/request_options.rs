//! What is said of requests in the configuration holds for those that pass through.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use axum::routing::{any, get, post};
use radiosonde::layer::RequestOptions;
use radiosonde::{Config, Sonde, build};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// A service that has these options, and answers all that is asked here.
fn service(options: RequestOptions) -> (Sonde, Router) {
    let config = Config::new("checkout").requests(options);
    let sonde = build(config).unwrap().into_sonde();
    let lines = async || {
        let content_type = (header::CONTENT_TYPE, "application/x-ndjson");
        // Of unknown length, as only such bodies are asked about.
        let lines = futures_util::stream::iter(["{}\n"; 2].map(Ok::<_, std::convert::Infallible>));
        ([content_type], Body::from_stream(lines))
    };
    let app = Router::new()
        .route("/orders/{id}", any(async || "an order"))
        .route("/jobs/{name}", get(async || "done"))
        .route("/lines", get(lines))
        .route("/echo", post(async |body: Bytes| body))
        .merge(sonde.router())
        .layer(sonde.layer());
    (sonde, app)
}

/// Asks, and returns the text of the answer.
async fn ask(app: &Router, method: &str, path: &str, body: &'static str) -> String {
    let request = Request::builder().method(method).uri(path);
    let request = request.header(header::CONTENT_LENGTH, body.len());
    let request = request.body(Body::from(body)).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
    String::from_utf8(body.unwrap().into()).unwrap()
}

/// Asserts that the scrape endpoint shows these lines.
async fn assert_scraped(app: &Router, lines: &[&str]) {
    let text = ask(app, "GET", "/metrics", "").await;
    for line in lines {
        assert!(
            text.lines().any(|other| other == *line),
            "no {line} in\n{text}"
        );
    }
}

#[tokio::test]
async fn an_excluded_route_is_not_measured_and_its_neighbours_are() {
    let options = RequestOptions::new().exclude(["/jobs/{name}", "/favicon.ico"]);
    let (sonde, app) = service(options);
    for path in ["/jobs/nightly", "/jobs/hourly", "/favicon.ico"] {
        ask(&app, "GET", path, "").await;
    }
    let text = sonde.metrics().render();
    assert!(!text.contains("http_requests_total"), "{text}");

    // A route is told by its template; and what has none, by its path.
    for path in ["/orders/1", "/favicon.png"] {
        ask(&app, "GET", path, "").await;
    }
    let lines = [
        r#"http_requests_total{method="GET",outcome="ok",route="/orders/{id}",status="200"} 1"#,
        r#"http_requests_total{method="GET",outcome="ok",status="404"} 1"#,
    ];
    assert_scraped(&app, &lines).await;
}

#[tokio::test]
async fn a_rule_of_ones_own_says_what_is_a_stream() {
    let rule = |_: StatusCode, headers: &HeaderMap| {
        let content_type = headers.get(header::CONTENT_TYPE);
        content_type.is_some_and(|value| value == "application/x-ndjson")
    };
    for (options, streams) in [
        (RequestOptions::new(), 0),
        (RequestOptions::new().stream(rule), 1),
    ] {
        let (sonde, app) = service(options);
        for path in ["/lines", "/orders/1"] {
            ask(&app, "GET", path, "").await;
        }
        let text = sonde.metrics().render();
        let durations = text
            .lines()
            .filter(|line| line.starts_with("http_stream_duration_seconds_count{"));
        let durations: Vec<_> = durations.collect();
        assert_eq!(durations.len(), streams, "{text}");
        for line in durations {
            assert!(
                line.contains(r#"route="/lines""#) && line.ends_with(" 1"),
                "{line}"
            );
        }
    }
}

#[tokio::test]
async fn bodies_are_measured_where_that_is_asked_for() {
    let (sonde, app) = service(RequestOptions::new());
    ask(&app, "POST", "/echo", "one").await;
    assert!(!sonde.metrics().render().contains("_body_bytes"));

    let (sonde, app) = service(RequestOptions::new().body_sizes(true));
    for body in ["one", "of eleven b"] {
        assert_eq!(ask(&app, "POST", "/echo", body).await, body);
    }
    let text = sonde.metrics().render();
    for of in ["request", "response"] {
        for (figure, value) in [("sum", 14), ("count", 2)] {
            let name = format!("http_{of}_body_bytes_{figure}{{");
            let holds = |line: &str| {
                line.starts_with(&name)
                    && line.contains(r#"route="/echo""#)
                    && line.ends_with(&format!(" {value}"))
            };
            assert!(text.lines().any(holds), "no {name} of {value} in\n{text}");
        }
    }
}

#[tokio::test]
async fn known_methods_have_their_names_on_both_sides_and_no_others_have() {
    let options = RequestOptions::new().known_methods(["GET", "PROPFIND"]);
    let (sonde, app) = service(options);
    let client = sonde.client_layer().layer(service_fn(async |_| {
        Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
    }));
    // Case counts, and a method that others know is as unknown as one that nobody does.
    for method in ["GET", "PROPFIND", "propfind", "PATCH", "BREW"] {
        ask(&app, method, "/orders/1", "").await;
        let request = Request::builder().method(method).uri("http://files/");
        let request = request.body(Body::empty()).unwrap();
        drop(client.oneshot(request).await.unwrap());
    }
    let lines = [
        r#"http_requests_total{method="GET",outcome="ok",route="/orders/{id}",status="200"} 1"#,
        r#"http_requests_total{method="PROPFIND",outcome="ok",route="/orders/{id}",status="200"} 1"#,
        r#"http_requests_total{method="_OTHER",outcome="ok",route="/orders/{id}",status="200"} 3"#,
        r#"http_client_requests_total{method="GET",outcome="ok",server="files",status="200"} 1"#,
        r#"http_client_requests_total{method="PROPFIND",outcome="ok",server="files",status="200"} 1"#,
        r#"http_client_requests_total{method="_OTHER",outcome="ok",server="files",status="200"} 3"#,
    ];
    assert_scraped(&app, &lines).await;
}
