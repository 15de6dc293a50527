//! Alerts ask of histograms only what their buckets can tell.

use radiosonde_catalog::{Catalogue, METRICS};
use radiosonde_stack::settings::Settings;
use radiosonde_stack::{InvalidStack, Options, Service, ServiceCatalogue, Stack, Target, Tree};

/// A service whose histogram of durations has other buckets than it is declared with.
fn service(with: impl FnOnce(Catalogue, &str) -> Catalogue) -> Service {
    let catalogue = with(Catalogue::new(), DURATIONS);
    let catalogue = ServiceCatalogue::from_json(&catalogue.json()).unwrap();
    Service::new("checkout", catalogue)
}

fn stack(service: Service, target: Target) -> Stack {
    let mut options = Options::default();
    options.target = target;
    Stack::new([service], options).unwrap()
}

fn rules<'a>(tree: &'a Tree, file: &str) -> &'a str {
    let path = format!("prometheus/rules/checkout/{file}.yml");
    tree.get(&path).unwrap_or_default()
}

#[test]
fn with_the_bounds_that_are_shipped_every_default_can_be_decided() {
    let as_declared = stack(service(|catalogue, _| catalogue), Target::Prometheus2);
    assert!(
        !as_declared
            .warnings()
            .iter()
            .any(|note| note.contains("left out"))
    );
    let page = as_declared.render();
    assert!(!page.get("README.md").unwrap().contains("Not watched"));
}

#[test]
fn a_default_that_the_bounds_cannot_decide_is_left_out_and_told() {
    let quick = service(|catalogue, name| catalogue.with_bounds(name, [0.1, 1.0, 3.0]));
    let stack = stack(quick, Target::Prometheus2);
    let told = "CriticalLatency is left out: its threshold latency_p99_seconds is 5, and the bounds of \
                http_request_duration_seconds decide from 0.099 to below 3; set one between them";
    assert!(
        stack.warnings().contains(&format!("checkout: {told}")),
        "{:?}",
        stack.warnings()
    );
    let tree = stack.render();
    assert!(tree.get("README.md").unwrap().contains(told));
    assert!(!rules(&tree, "latency").contains("CriticalLatency"));
    assert!(rules(&tree, "latency").contains("HighLatency"));
    assert!(tree.get("runbooks/CriticalLatency.md").is_none());
    // The stories have the bounds that there are.
    let stories = tree.get("prometheus/tests/checkout/latency.yml").unwrap();
    let bounds = stories.split("le=\"").skip(1);
    let mut bounds: Vec<_> = bounds.filter_map(|text| text.split('"').next()).collect();
    bounds.sort_unstable();
    assert_eq!(bounds, ["+Inf", "0.1", "1.0", "3.0"]);
}

#[test]
fn a_threshold_that_was_set_and_cannot_be_decided_is_an_error() {
    let refusal = |limit| {
        let mut thresholds = Settings::new();
        thresholds.set("latency_p99_seconds", limit).unwrap();
        let service = service(|catalogue, _| catalogue).with_thresholds(thresholds);
        Stack::new([service], Options::default()).unwrap_err()
    };
    let refused = refusal(10.0);
    assert!(matches!(refused, InvalidStack::Undecided { .. }));
    let told = "`CriticalLatency` of checkout would say nothing: the threshold `latency_p99_seconds` is 10, and the bounds of \
                `http_request_duration_seconds` decide from";
    assert!(refused.to_string().starts_with(told), "{refused}");

    // Whoever does not want the alert may set what they like.
    let mut options = Options::default();
    options.thresholds.set("latency_p99_seconds", 10.0).unwrap();
    options.unwanted.insert("CriticalLatency".to_owned());
    options.unwanted.insert("CriticalGrpcLatency".to_owned());
    Stack::new([service(|catalogue, _| catalogue)], options).unwrap();
}

#[test]
fn what_prometheus_2_does_not_keep_is_left_out_and_told() {
    let native = service(|catalogue, name| catalogue.with_exponential(name));
    let stack = stack(native, Target::Prometheus2);
    let told = "checkout: the buckets of http_request_duration_seconds follow its values, and Prometheus 2 keeps no such \
                histogram unless a feature is switched on: its percentiles are not recorded, and CriticalLatency, HighLatency \
                are left out; `--target prometheus3` has them";
    assert!(
        stack.warnings().iter().any(|note| note == told),
        "{:?}",
        stack.warnings()
    );
    let tree = stack.render();
    assert_eq!(rules(&tree, "records.durations"), "");
    assert_eq!(rules(&tree, "latency"), "");
    assert!(rules(&tree, "grpc").contains("CriticalGrpcLatency"));
    for (path, text) in { tree.files() }.filter(|(path, _)| path.starts_with("prometheus/")) {
        assert!(!text.contains(DURATIONS), "{path}");
    }
}

#[test]
fn prometheus_3_is_asked_for_native_histograms() {
    let native = service(|catalogue, name| catalogue.with_exponential(name));
    let tree = stack(native, Target::Prometheus3).render();
    let records = rules(&tree, "records.durations");
    assert!(
        records.contains(
            "sum by (job, route) (rate(http_request_duration_seconds{job=\"checkout\"}[5m]))"
        ),
        "{records}"
    );
    assert!(
        !records.contains(" le)") && !records.contains("_bucket{"),
        "{records}"
    );
    assert!(rules(&tree, "latency").contains("CriticalLatency"));
    let config = tree.get("prometheus/prometheus.yml").unwrap();
    assert!(
        config.contains("scrape_native_histograms: true"),
        "{config}"
    );
    assert!(config.contains("PrometheusProto"), "{config}");
    let stories = tree.get("prometheus/tests/checkout/latency.yml").unwrap();
    assert!(stories.contains("{{schema:0 "), "{stories}");
    let board = tree.get("grafana/dashboards/service.json").unwrap();
    assert!(
        board.contains(" or histogram_quantile(0.95, sum (rate(http_request_duration_seconds{")
    );
}

/// A catalogue that says nothing of it, as those of the first release do, has bounds.
#[test]
fn whether_buckets_follow_values_may_be_left_out_of_a_catalogue() {
    let json = Catalogue::of(METRICS.iter().copied()).json();
    let older = json.replace("\"exponential\":false,", "");
    assert_ne!(older, json);
    let read = ServiceCatalogue::from_json(&older).unwrap();
    assert!(read.metrics.iter().all(|metric| !metric.exponential));
}

const DURATIONS: &str = "http_request_duration_seconds";
