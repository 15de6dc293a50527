//! One request, one outcome: the table of the crate's docs, row by row.

use std::time::{Duration, Instant};

use http::{Method, Request, header};
use radiosonde_metrics::Registry;
use radiosonde_tower::{ObserveLayer, ObserveOptions};
use tower_layer::Layer as _;
use tower_service::Service as _;

use crate::script::{Act, Actor, Step, observed, poll, poll_frame, sample, serve, total};

/// Serves one request, and asserts the series that it is counted under and that it is no longer in flight.
#[track_caller]
fn counted(request: Request<Act>, labels: &str) -> Registry {
    let registry = Registry::new();
    serve(&mut observed(&registry), request);
    let text = registry.render();
    assert!(
        text.contains(&format!("http_requests_total{{{labels}}} 1\n")),
        "{labels}\n{text}"
    );
    assert_eq!(total(&registry, "http_requests_total", ""), 1.0, "{text}");
    assert_eq!(
        total(&registry, "http_request_duration_seconds_count", ""),
        1.0,
        "{text}"
    );
    assert_eq!(
        total(&registry, "http_active_connections", ""),
        0.0,
        "{text}"
    );
    registry
}

fn get(act: Act) -> Request<Act> {
    Request::new(act)
}

#[test]
fn a_response_sent_to_its_end_is_ok() {
    let request = get(Act::Answer(
        200,
        &[Step::Data("hello"), Step::Data("again")],
    ));
    counted(request, r#"method="GET",outcome="ok",status="200""#);
}

#[test]
fn a_response_that_ends_in_trailers_is_ok() {
    let request = get(Act::Answer(
        200,
        &[Step::Data("hello"), Step::Trailers, Step::Hang],
    ));
    counted(request, r#"method="GET",outcome="ok",status="200""#);
}

#[test]
fn a_client_error_is_no_error_of_ours() {
    let registry = counted(
        get(Act::Answer(404, &[])),
        r#"method="GET",outcome="ok",status="404""#,
    );
    assert_eq!(total(&registry, "http_errors_total", ""), 0.0);
}

#[test]
fn a_server_error_is_an_error() {
    let request = get(Act::Answer(503, &[Step::Data("sorry")]));
    let registry = counted(request, r#"method="GET",outcome="error",status="503""#);
    assert_eq!(
        sample(
            &registry,
            r#"http_errors_total{error_type="503",method="GET"}"#
        ),
        1.0
    );
}

#[test]
fn a_service_that_fails_without_a_response_is_an_error() {
    let registry = counted(
        get(Act::Fail),
        r#"method="GET",outcome="error",status="500""#,
    );
    assert_eq!(
        sample(
            &registry,
            r#"http_errors_total{error_type="inner",method="GET"}"#
        ),
        1.0
    );
}

#[test]
fn a_status_that_is_no_answer_is_an_error() {
    // The server of hyper answers with 500 then.
    let request = get(Act::Answer(103, &[]));
    let registry = counted(request, r#"method="GET",outcome="error",status="500""#);
    assert_eq!(total(&registry, "http_errors_total", r#""inner""#), 1.0);
}

#[test]
fn a_body_that_fails_after_the_head_is_an_error_under_its_status() {
    let request = get(Act::Answer(200, &[Step::Data("half"), Step::Fail]));
    let registry = counted(request, r#"method="GET",outcome="error",status="200""#);
    assert_eq!(
        sample(
            &registry,
            r#"http_errors_total{error_type="body",method="GET"}"#
        ),
        1.0
    );
}

#[test]
fn a_client_that_leaves_before_the_head_is_cancelled() {
    let registry = counted(
        get(Act::Hang),
        r#"method="GET",outcome="cancelled",status="499""#,
    );
    assert_eq!(total(&registry, "http_errors_total", ""), 0.0);
}

#[test]
fn a_client_that_leaves_within_the_body_is_cancelled_under_its_status() {
    let request = get(Act::Answer(200, &[Step::Data("half"), Step::Hang]));
    counted(request, r#"method="GET",outcome="cancelled",status="200""#);
}

#[test]
fn a_panic_counts_wherever_it_happens() {
    let panics = [
        Act::PanicInCall,
        Act::PanicInPoll,
        Act::PanicInDrop,
        Act::Answer(200, &[Step::PanicInHint]),
        Act::Answer(200, &[Step::Data("half"), Step::Panic]),
        Act::Answer(200, &[Step::Data("half"), Step::PanicInHint]),
        Act::Answer(200, &[Step::Data("half"), Step::PanicInDrop]),
    ];
    for act in panics {
        let registry = counted(get(act), r#"method="GET",outcome="panicked",status="500""#);
        assert_eq!(
            sample(
                &registry,
                r#"http_errors_total{error_type="panic",method="GET"}"#
            ),
            1.0
        );
    }
}

#[test]
fn a_request_that_is_dropped_because_its_neighbour_panics_is_cancelled() {
    let registry = Registry::new();
    let mut service = observed(&registry);
    let neighbour = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _waiting = service.call(get(Act::Hang));
        panic!("the neighbour");
    }));
    assert!(neighbour.is_err());
    assert_eq!(total(&registry, "http_requests_total", "cancelled"), 1.0);
}

#[test]
fn an_upgrade_ends_with_its_head() {
    let labels = r#"method="GET",outcome="upgraded",status="101""#;
    counted(get(Act::Answer(101, &[])), labels);

    let tunnel = Request::builder()
        .method(Method::CONNECT)
        .body(Act::Answer(200, &[Step::Hang]))
        .unwrap();
    counted(
        tunnel,
        r#"method="CONNECT",outcome="upgraded",status="200""#,
    );
}

#[test]
fn a_response_to_head_ends_with_its_head() {
    let request = Request::builder()
        .method(Method::HEAD)
        .body(Act::Answer(200, &[Step::Hang]))
        .unwrap();
    counted(request, r#"method="HEAD",outcome="ok",status="200""#);
}

#[test]
fn a_body_of_known_length_ends_with_its_last_byte() {
    // A server that has all bytes drops the body without asking for its end.
    let mut request = get(Act::Answer(200, &[Step::Data("hello"), Step::Hang]));
    request
        .headers_mut()
        .insert(header::CONTENT_LENGTH, "5".parse().unwrap());
    counted(request, r#"method="GET",outcome="ok",status="200""#);
}

#[test]
fn a_body_that_is_announced_as_empty_ends_with_its_head() {
    // As a proxy passes it on: without knowing its length. A server does not read it.
    let mut request = get(Act::Answer(200, &[Step::Hang]));
    request
        .headers_mut()
        .insert(header::CONTENT_LENGTH, "0".parse().unwrap());
    counted(request, r#"method="GET",outcome="ok",status="200""#);
}

#[test]
fn a_rule_of_the_service_that_panics_costs_what_it_would_have_said() {
    let registry = Registry::new();
    let options = ObserveOptions::new()
        .route(|_| panic!("no route"))
        .stream(|_, _| panic!("no stream"));
    let mut service = ObserveLayer::new(&registry, options).layer(Actor);
    serve(&mut service, get(Act::Answer(200, &[Step::Data("all")])));
    let requests = r#"http_requests_total{method="GET",outcome="ok",status="200"}"#;
    assert_eq!(sample(&registry, requests), 1.0);
    assert_eq!(total(&registry, "http_active_connections", ""), 0.0);
}

#[test]
fn a_body_that_is_asked_again_after_its_end_is_not_counted_again() {
    let ends: [&'static [Step]; 2] = [
        &[Step::Data("all")],
        &[Step::Data("all"), Step::Trailers, Step::Data("more")],
    ];
    for steps in ends {
        let registry = Registry::new();
        let mut future = Box::pin(observed(&registry).call(get(Act::Answer(200, steps))));
        let std::task::Poll::Ready(Ok(response)) = poll(future.as_mut()) else {
            panic!("no answer");
        };
        let mut body = Box::pin(response.into_body());
        for _ in 0..2 {
            while let std::task::Poll::Ready(Some(frame)) = poll_frame(body.as_mut()) {
                frame.unwrap();
            }
            assert_eq!(total(&registry, "http_requests_total", "ok"), 1.0);
        }
        drop(body);
        assert_eq!(total(&registry, "http_requests_total", ""), 1.0);
    }
}

#[test]
fn a_body_that_is_shorter_than_announced_is_an_error() {
    let mut request = get(Act::Answer(200, &[Step::Data("half")]));
    request
        .headers_mut()
        .insert(header::CONTENT_LENGTH, "8".parse().unwrap());
    let registry = counted(request, r#"method="GET",outcome="error",status="200""#);
    assert_eq!(
        sample(
            &registry,
            r#"http_errors_total{error_type="body",method="GET"}"#
        ),
        1.0
    );
}

#[test]
fn an_unknown_method_is_folded_and_a_path_is_no_route() {
    let request = Request::builder()
        .method("BREW")
        .uri("/pot/1")
        .body(Act::Answer(418, &[]))
        .unwrap();
    counted(request, r#"method="_OTHER",outcome="ok",status="418""#);
}

#[test]
fn a_matched_route_is_named_by_its_template() {
    let mut request = Request::builder()
        .uri("/orders/7")
        .body(Act::Answer(200, &[]))
        .unwrap();
    request.extensions_mut().insert("/orders/{id}");
    counted(
        request,
        r#"method="GET",outcome="ok",route="/orders/{id}",status="200""#,
    );
}

#[test]
fn an_excluded_route_is_neither_counted_nor_in_flight() {
    let registry = Registry::new();
    let layer = ObserveLayer::new(&registry, ObserveOptions::new().exclude(["/live"]));
    let request = Request::builder()
        .uri("/live")
        .body(Act::Answer(200, &[Step::Data("ok")]))
        .unwrap();
    serve(&mut layer.layer(Actor), request);
    assert!(
        !registry.render().contains("http_"),
        "{}",
        registry.render()
    );
}

#[test]
fn a_request_is_in_flight_until_its_body_ends() {
    let registry = Registry::new();
    let mut service = observed(&registry);
    let active = || sample(&registry, r#"http_active_connections{method="GET"}"#);

    let mut future =
        Box::pin(service.call(get(Act::Answer(200, &[Step::Data("a"), Step::Data("b")]))));
    assert_eq!(active(), 1.0, "arrived");
    let std::task::Poll::Ready(Ok(response)) = poll(future.as_mut()) else {
        panic!("no response")
    };
    let mut body = Box::pin(response.into_body());
    for step in ["first frame", "second frame"] {
        let _ = poll_frame(body.as_mut());
        assert_eq!(active(), 1.0, "{step}");
    }
    let _ = poll_frame(body.as_mut());
    assert_eq!(active(), 0.0, "end");
}

/// Lets a response wait between its head and its end, and tells whether the wait is in the recorded duration.
fn times_the_body(content_type: &str) -> bool {
    let registry = Registry::new();
    let mut service = observed(&registry);
    let mut request = get(Act::Answer(200, &[Step::Data("a")]));
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type.parse().unwrap());

    let before = Instant::now();
    let mut future = Box::pin(service.call(request));
    let std::task::Poll::Ready(Ok(response)) = poll(future.as_mut()) else {
        panic!("no response")
    };
    let to_the_head = before.elapsed();
    let wait = to_the_head * 2 + Duration::from_millis(2);
    while before.elapsed() < to_the_head + wait {
        std::hint::spin_loop();
    }
    let mut body = Box::pin(response.into_body());
    while let std::task::Poll::Ready(Some(_)) = poll_frame(body.as_mut()) {}
    total(&registry, "http_request_duration_seconds_sum", "") > to_the_head.as_secs_f64()
}

#[test]
fn time_runs_to_the_end_of_the_body() {
    assert!(times_the_body("text/plain"));
}

#[test]
fn a_stream_of_events_is_timed_to_its_head() {
    assert!(!times_the_body("text/event-stream"));
    assert!(!times_the_body("Text/Event-Stream; charset=utf-8"));
}

#[test]
fn a_stream_is_timed_apart_and_the_rule_is_ones_own() {
    let last = |options: ObserveOptions, content_type: &str| {
        let registry = Registry::new();
        let mut service = ObserveLayer::new(&registry, options).layer(Actor);
        let mut request = get(Act::Answer(200, &[Step::Data("one"), Step::Data("two")]));
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        serve(&mut service, request);
        total(
            &registry,
            "http_stream_duration_seconds_count",
            "method=\"GET\"",
        )
    };
    assert_eq!(last(ObserveOptions::new(), "text/event-stream"), 1.0);
    assert_eq!(last(ObserveOptions::new(), "application/x-ndjson"), 0.0);
    let rule =
        |_, headers: &http::HeaderMap| headers[header::CONTENT_TYPE] == "application/x-ndjson";
    assert_eq!(
        last(ObserveOptions::new().stream(rule), "application/x-ndjson"),
        1.0
    );
    assert_eq!(
        last(ObserveOptions::new().stream(rule), "text/event-stream"),
        0.0
    );
}

#[test]
fn bodies_are_measured_where_that_is_asked_for() {
    let measured = |options: ObserveOptions, act| {
        let registry = Registry::new();
        let mut service = ObserveLayer::new(&registry, options).layer(Actor);
        let mut request = get(act);
        request
            .headers_mut()
            .insert(header::CONTENT_LENGTH, "11".parse().unwrap());
        serve(&mut service, request);
        ["request", "response"].map(|of| {
            let name = format!("http_{of}_body_bytes");
            let count = total(&registry, &format!("{name}_count"), "");
            (count, total(&registry, &format!("{name}_sum"), ""))
        })
    };
    let sizes = || ObserveOptions::new().body_sizes(true);
    let answer = |steps| Act::Answer(200, steps);
    let whole = answer(&[Step::Data("hello"), Step::Data("again!")]);
    assert_eq!(measured(sizes(), whole), [(1.0, 11.0), (1.0, 11.0)]);
    let broken = answer(&[Step::Data("hello"), Step::Fail]);
    assert_eq!(measured(sizes(), broken), [(1.0, 11.0), (1.0, 5.0)]);
    assert_eq!(measured(sizes(), Act::Fail), [(1.0, 11.0), (0.0, 0.0)]);
    let whole = answer(&[Step::Data("hello"), Step::Data("again!")]);
    assert_eq!(measured(ObserveOptions::new(), whole), [(0.0, 0.0); 2]);
}
