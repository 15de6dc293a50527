//! A label that the service adds.

use http::{Request, header};
use radiosonde_metrics::Registry;
use radiosonde_metrics::typed::Label;
use radiosonde_tower::{Arrival, ObserveLayer, ObserveOptions, RequestLabel};
use tower_layer::Layer as _;

use crate::balance::silence_expected_panics;
use crate::script::{Act, Actor, Step, serve, total};

#[derive(Debug, Clone, Copy)]
enum Plan {
    Free,
    Paid,
}

impl Label for Plan {
    const KEY: &'static str = "plan";
    const VALUES: &'static [&'static str] = &["free", "paid"];

    fn index(self) -> usize {
        self as usize
    }
}

fn plan(request: &Arrival<'_>) -> Plan {
    match request
        .headers()
        .get("x-plan")
        .map(header::HeaderValue::as_bytes)
    {
        Some(b"paid") => Plan::Paid,
        Some(b"broken") => panic!("in call"),
        _ => Plan::Free,
    }
}

fn options() -> ObserveOptions {
    ObserveOptions::new().label(RequestLabel::new(plan))
}

fn request(act: Act, plan: &str) -> Request<Act> {
    Request::builder().header("x-plan", plan).body(act).unwrap()
}

#[test]
fn requests_are_told_apart_by_a_label_of_the_services_own() {
    silence_expected_panics();
    let registry = Registry::new();
    let mut service = ObserveLayer::new(&registry, options()).layer(Actor);
    let answer = Act::Answer(200, &[Step::Data("a")]);
    for value in [
        "paid",
        "paid",
        "free",
        "a plan that nobody has heard of",
        "broken",
    ] {
        serve(&mut service, request(answer, value));
    }
    serve(&mut service, request(Act::Answer(503, &[]), "paid"));

    let text = registry.render();
    for line in [
        r#"http_requests_total{method="GET",outcome="ok",plan="paid",status="200"} 2"#,
        r#"http_requests_total{method="GET",outcome="ok",plan="free",status="200"} 2"#,
        // Whoever finds the label may panic: it costs the label.
        r#"http_requests_total{method="GET",outcome="ok",status="200"} 1"#,
        r#"http_errors_total{error_type="503",method="GET",plan="paid"} 1"#,
        r#"http_request_duration_seconds_count{method="GET",plan="paid",status="200"} 2"#,
        r#"http_active_connections{method="GET"} 0"#,
    ] {
        assert!(text.lines().any(|other| other == line), "{line}\n{text}");
    }
    assert_eq!(total(&registry, "http_requests_total", ""), 6.0);
    let catalogue = registry.catalogue();
    let requests = catalogue
        .metrics()
        .iter()
        .find(|metric| metric.name() == "http_requests_total");
    assert_eq!(
        requests.unwrap().labels(),
        ["method", "route", "status", "outcome", "plan"]
    );
}

#[test]
fn two_layers_with_one_label_count_together() {
    let registry = Registry::new();
    for _ in 0..2 {
        let mut service = ObserveLayer::new(&registry, options()).layer(Actor);
        serve(&mut service, request(Act::Answer(204, &[]), "paid"));
    }
    assert_eq!(
        total(&registry, "http_requests_total", "plan=\"paid\""),
        2.0
    );
}
