//! Labels stay within a closed set, whoever is called.

use http::Request;
use radiosonde_metrics::Registry;
use radiosonde_tower::client::{ClientOptions, ObserveClientLayer};
use tower_layer::Layer as _;

use super::observed;
use crate::script::{Act, Actor, sample, serve, total};

fn get(uri: &str) -> Request<Act> {
    Request::get(uri).body(Act::Answer(200, &[])).unwrap()
}

#[test]
fn ten_thousand_hosts_make_a_bounded_number_of_series() {
    let registry = Registry::new();
    let mut service = observed(&registry);
    for host in 0..10_000 {
        serve(&mut service, get(&format!("http://host-{host}.example/")));
    }
    let text = registry.render();
    let series = text.lines().filter(|line| line.starts_with("http_client_"));
    // A hundred servers and all others, with a count, a gauge, and a histogram of 15 buckets, a sum and a count.
    assert_eq!(series.count(), 101 * (1 + 1 + 17), "{text}");
    let labels = r#"{method="GET",outcome="ok",server="_OTHER",status="200"}"#;
    let folded = sample(&registry, &format!("http_client_requests_total{labels}"));
    assert_eq!(folded, 9_900.0);
    let all = total(&registry, "http_client_requests_total", "");
    assert_eq!(all, 10_000.0);
    assert_eq!(
        sample(&registry, "radiosonde_metrics_overflowed_total"),
        0.0
    );
}

#[test]
fn nothing_of_credentials_path_or_query_is_in_a_label() {
    let registry = Registry::new();
    let mut service = observed(&registry);
    serve(
        &mut service,
        get("https://user:secret@a/secret?token=secret"),
    );
    let text = registry.render();
    assert!(text.contains(r#"server="a""#), "{text}");
    assert!(!text.contains("secret") && !text.contains("user"), "{text}");
}

#[test]
fn known_servers_have_a_name_however_late_they_come() {
    let registry = Registry::new();
    let options = ClientOptions::new().servers(["api.example.com"]);
    let mut service = ObserveClientLayer::new(&registry, options).layer(Actor);
    for host in 0..200 {
        serve(&mut service, get(&format!("http://host-{host}.example/")));
    }
    serve(&mut service, get("http://api.example.com/"));
    let count = |part| total(&registry, "http_client_requests_total", part);
    assert_eq!(count(r#"server="_OTHER""#), 200.0);
    assert_eq!(count(r#"server="api.example.com""#), 1.0);
}

#[test]
fn a_layer_may_be_told_which_methods_are_known() {
    let registry = Registry::new();
    let options = ClientOptions::new().known_methods(["PUT"]);
    let mut service = ObserveClientLayer::new(&registry, options).layer(Actor);
    serve(&mut service, get("http://a/"));
    let other = total(
        &registry,
        "http_client_requests_total",
        r#"method="_OTHER""#,
    );
    assert_eq!(other, 1.0);
}
