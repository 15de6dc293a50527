//! One request, one outcome: the table of the module's docs, row by row.

use http::{Method, Request, header};
use radiosonde_metrics::Registry;
use tower_service::Service as _;

use super::observed;
use crate::balance::silence_expected_panics;
use crate::script::{Act, Step, poll, poll_frame, sample, serve, total};

/// Sends one request, and asserts the series that it is counted under and that it is no longer in flight.
#[track_caller]
fn counted(request: Request<Act>, labels: &str) -> Registry {
    let registry = Registry::new();
    serve(&mut observed(&registry), request);
    let text = registry.render();
    let line = format!("http_client_requests_total{{{labels}}} 1\n");
    assert!(text.contains(&line), "{line}\n{text}");
    let durations = total(&registry, "http_client_request_duration_seconds_count", "");
    assert_eq!(durations, 1.0, "{text}");
    let active = total(&registry, "http_client_active_requests", "");
    assert_eq!(active, 0.0, "{text}");
    registry
}

fn get(act: Act) -> Request<Act> {
    Request::get("http://api.example.com/orders/7")
        .body(act)
        .unwrap()
}

fn errors(registry: &Registry, error_type: &str) -> f64 {
    let labels = format!(r#"{{error_type="{error_type}",method="GET",server="api.example.com"}}"#);
    sample(registry, &format!("http_client_errors_total{labels}"))
}

#[test]
fn a_response_read_to_its_end_is_ok() {
    let registry = counted(
        get(Act::Answer(200, &[Step::Data("hello")])),
        r#"method="GET",outcome="ok",server="api.example.com",status="200""#,
    );
    assert_eq!(total(&registry, "http_client_errors_total", ""), 0.0);
}

#[test]
fn a_status_from_400_upward_is_an_error() {
    for status in ["404", "503"] {
        let act = Act::Answer(status.parse().unwrap(), &[Step::Data("sorry")]);
        let labels =
            format!(r#"method="GET",outcome="error",server="api.example.com",status="{status}""#);
        assert_eq!(errors(&counted(get(act), &labels), status), 1.0);
    }
}

#[test]
fn a_request_without_a_response_has_no_status() {
    let registry = counted(
        get(Act::Fail),
        r#"method="GET",outcome="error",server="api.example.com""#,
    );
    assert_eq!(errors(&registry, "inner"), 1.0);
}

#[test]
fn a_body_that_fails_after_the_head_is_an_error_under_its_status() {
    let registry = counted(
        get(Act::Answer(200, &[Step::Data("half"), Step::Fail])),
        r#"method="GET",outcome="error",server="api.example.com",status="200""#,
    );
    assert_eq!(errors(&registry, "body"), 1.0);
}

#[test]
fn a_request_that_is_given_up_is_cancelled() {
    counted(
        get(Act::Hang),
        r#"method="GET",outcome="cancelled",server="api.example.com""#,
    );
    counted(
        get(Act::Answer(200, &[Step::Data("half"), Step::Hang])),
        r#"method="GET",outcome="cancelled",server="api.example.com",status="200""#,
    );
}

#[test]
fn a_panic_counts_wherever_it_happens() {
    silence_expected_panics();
    for act in [Act::PanicInCall, Act::PanicInPoll] {
        let registry = counted(
            get(act),
            r#"method="GET",outcome="panicked",server="api.example.com""#,
        );
        assert_eq!(errors(&registry, "panic"), 1.0);
    }
    counted(
        get(Act::Answer(200, &[Step::Data("half"), Step::Panic])),
        r#"method="GET",outcome="panicked",server="api.example.com",status="200""#,
    );
}

#[test]
fn a_request_that_is_dropped_because_its_neighbour_panics_is_cancelled() {
    silence_expected_panics();
    let registry = Registry::new();
    let mut service = observed(&registry);
    let neighbour = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _waiting = service.call(get(Act::Hang));
        panic!("in call");
    }));
    assert!(neighbour.is_err());
    let cancelled = total(&registry, "http_client_requests_total", "cancelled");
    assert_eq!(cancelled, 1.0);
}

#[test]
fn an_upgrade_ends_with_its_head() {
    counted(
        get(Act::Answer(101, &[])),
        r#"method="GET",outcome="upgraded",server="api.example.com",status="101""#,
    );
    let tunnel = Request::builder()
        .method(Method::CONNECT)
        .uri("proxy:3128")
        .body(Act::Answer(200, &[Step::Hang]));
    counted(
        tunnel.unwrap(),
        r#"method="CONNECT",outcome="upgraded",server="proxy",status="200""#,
    );
}

#[test]
fn a_response_to_head_ends_with_its_head() {
    let request = Request::head("http://a/").body(Act::Answer(200, &[Step::Hang]));
    counted(
        request.unwrap(),
        r#"method="HEAD",outcome="ok",server="a",status="200""#,
    );
}

#[test]
fn an_unknown_method_is_folded() {
    let request = Request::builder()
        .method("BREW")
        .uri("http://a/")
        .body(Act::Answer(200, &[]));
    counted(
        request.unwrap(),
        r#"method="_OTHER",outcome="ok",server="a",status="200""#,
    );
}

#[test]
fn a_request_is_in_flight_until_its_body_ends() {
    let registry = Registry::new();
    let mut service = observed(&registry);
    let series = r#"http_client_active_requests{method="GET",server="api.example.com"}"#;
    let active = || sample(&registry, series);

    let mut future = Box::pin(service.call(get(Act::Answer(200, &[Step::Data("a")]))));
    assert_eq!(active(), 1.0, "departed");
    let std::task::Poll::Ready(Ok(response)) = poll(future.as_mut()) else {
        panic!("no response")
    };
    let mut body = Box::pin(response.into_body());
    let _ = poll_frame(body.as_mut());
    assert_eq!(active(), 1.0, "first frame");
    let _ = poll_frame(body.as_mut());
    assert_eq!(active(), 0.0, "end");
}

#[test]
fn a_stream_of_events_is_timed_to_its_head() {
    let registry = Registry::new();
    let mut service = observed(&registry);
    let mut request = get(Act::Answer(200, &[Step::Data("a"), Step::Hang]));
    let events = "text/event-stream; charset=utf-8".parse().unwrap();
    request.headers_mut().insert(header::CONTENT_TYPE, events);

    let before = std::time::Instant::now();
    let mut future = Box::pin(service.call(request));
    let std::task::Poll::Ready(Ok(response)) = poll(future.as_mut()) else {
        panic!("no response")
    };
    let to_the_head = before.elapsed();
    while before.elapsed() < to_the_head + std::time::Duration::from_millis(1) {
        std::hint::spin_loop();
    }
    drop(response);
    let recorded = total(&registry, "http_client_request_duration_seconds_sum", "");
    assert!(recorded <= to_the_head.as_secs_f64());
}
