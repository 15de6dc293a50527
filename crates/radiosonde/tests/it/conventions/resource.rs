//! What spans and log records are of.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use radiosonde::{Config, Service};
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tower::ServiceExt as _;

use super::table::Kind::{Number, Text, Texts};
use super::table::Level::{If, OptIn, Ours, Recommended, Required};
use super::table::{Row, Story, conform, left_out, row};
use crate::child::{self, printed};
use crate::exported::{resource_logs, resource_spans};

const SECRETS: &str = "arguments may hold secrets";
const OF_IMAGE: &str = "of a container it is that of an image, which the container names";
const SET: &str = "`OTEL_RESOURCE_ATTRIBUTES` may say it";

/// <https://opentelemetry.io/docs/specs/semconv/resource/>: service, telemetry, deployment, process, host, operating system,
/// and Kubernetes. `container.id`, which depends on where the test runs, is tested with files of its own.
const TABLE: &[Row] = &[
    row("service.name", Required, Text, "shoppingcart"),
    row("service.version", Recommended, Text, "2.0.0"),
    row("service.instance.id", Recommended, Text, "627cc493-f310"),
    row("service.namespace", Recommended, Text, "Shop"),
    row("telemetry.sdk.name", Required, Text, "opentelemetry"),
    row("telemetry.sdk.language", Required, Text, "rust"),
    row("telemetry.sdk.version", Required, Text, "1.2.3"),
    row("telemetry.distro.name", Recommended, Text, "parts"),
    row("telemetry.distro.version", Recommended, Text, "1.2.3"),
    row("deployment.environment.name", Recommended, Text, "staging"),
    row("process.pid", Recommended, Number, "1234"),
    row(
        "process.executable.name",
        If("no path is told"),
        Text,
        "otelcol",
    ),
    left_out(
        "process.executable.path",
        If("no name is told"),
        Text,
        "/usr/bin/otelcol",
        "the name is told",
    ),
    left_out(
        "process.command",
        If("nothing else"),
        Text,
        "otelcol",
        SECRETS,
    ),
    left_out(
        "process.command_args",
        If("nothing else"),
        Texts,
        "[a]",
        SECRETS,
    ),
    left_out(
        "process.command_line",
        If("nothing else"),
        Text,
        "a b",
        SECRETS,
    ),
    left_out(
        "process.parent_pid",
        Recommended,
        Number,
        "111",
        "it is 1, or a supervisor",
    ),
    left_out(
        "process.owner",
        Recommended,
        Text,
        "root",
        "its name is in a database",
    ),
    left_out(
        "process.runtime.name",
        Recommended,
        Text,
        "OpenJDK Runtime Environment",
        "there is none",
    ),
    left_out(
        "process.creation.time",
        Recommended,
        Text,
        "2023-11-21T09:25:34.853Z",
        "a metric has it",
    ),
    left_out(
        "process.working_directory",
        Recommended,
        Text,
        "/root",
        "a path may tell who",
    ),
    row("host.name", Recommended, Text, "opentelemetry-test"),
    row("host.arch", Recommended, Text, "amd64"),
    left_out(
        "host.id",
        Recommended,
        Text,
        "fdbf79e8",
        "containers share it",
    ),
    left_out("host.type", Recommended, Text, "n1-standard-1", SET),
    left_out("host.ip", OptIn, Texts, "[192.168.1.140]", "opt-in"),
    left_out("host.mac", OptIn, Texts, "[AC-DE-48-23-45-67]", "opt-in"),
    left_out(
        "host.image.id",
        Recommended,
        Text,
        "ami-07b06b442921831e5",
        SET,
    ),
    row("os.type", Required, Text, "linux"),
    left_out("os.name", Recommended, Text, "Debian", OF_IMAGE),
    left_out("os.version", Recommended, Text, "12", OF_IMAGE),
    left_out("os.description", Recommended, Text, "Debian 12", OF_IMAGE),
    row("k8s.pod.name", Recommended, Text, "opentelemetry-pod"),
    row("k8s.pod.uid", Recommended, Text, "275ecb36-5aa8"),
    row("k8s.namespace.name", Recommended, Text, "default"),
    row("k8s.node.name", Recommended, Text, "node-1"),
    row("k8s.container.name", Recommended, Text, "redis"),
    left_out("k8s.cluster.name", Recommended, Text, "production", SET),
    left_out("k8s.deployment.name", Recommended, Text, "checkout", SET),
    row("team", Ours, Text, "payments"),
];

/// Serves one request that logs, in a process that believes to be in a pod.
fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let service = Service::new("checkout").version("1.4.2");
        let sonde = radiosonde::init(Config::new(service)).unwrap();
        let app = Router::new()
            .route("/", get(async || tracing::info!("served")))
            .layer(sonde.layer());
        let _ = app.oneshot(Request::new(Body::empty())).await.unwrap();
        sonde.shutdown(Duration::from_secs(20)).await;
    });
}

/// Takes the id of the container out: whether there is one depends on where the test runs.
fn without_container(mut attributes: Vec<KeyValue>) -> Vec<KeyValue> {
    attributes.retain(|attribute| attribute.key != "container.id");
    attributes
}

#[test]
fn the_resource_says_what_the_conventions_list_and_nothing_else() {
    if child::is_child() {
        return serve();
    }
    let collector = FaultCollector::start(Mode::status(200));
    let endpoint = collector.endpoint();
    let attributes = "service.namespace=shop,deployment.environment.name=staging,team=payments";
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_RESOURCE_ATTRIBUTES", attributes),
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("K8S_POD_NAME", "checkout-7d9f"),
        ("K8S_POD_UID", "6f1b7a10-93a4-4b0e-8f0a-2f0d5f3f8a11"),
        ("K8S_NAMESPACE_NAME", "shop"),
        ("K8S_NODE_NAME", "node-3"),
        ("K8S_CONTAINER_NAME", "checkout"),
    ];
    let name =
        "conventions::resource::the_resource_says_what_the_conventions_list_and_nothing_else";
    printed(&child::run(name, &variables));
    let expected = vec![
        ("service.name", "checkout"),
        ("service.version", "1.4.2"),
        ("service.instance.id", "*"),
        ("service.namespace", "shop"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.version", "*"),
        ("telemetry.distro.name", "radiosonde"),
        ("telemetry.distro.version", env!("CARGO_PKG_VERSION")),
        ("deployment.environment.name", "staging"),
        ("process.pid", "*"),
        ("process.executable.name", "*"),
        ("host.name", "*"),
        ("host.arch", "*"),
        ("os.type", std::env::consts::OS),
        ("k8s.pod.name", "checkout-7d9f"),
        ("k8s.pod.uid", "6f1b7a10-93a4-4b0e-8f0a-2f0d5f3f8a11"),
        ("k8s.namespace.name", "shop"),
        ("k8s.node.name", "node-3"),
        ("k8s.container.name", "checkout"),
        ("team", "payments"),
    ];
    let of_spans = resource_spans(&collector).remove(0).resource.unwrap();
    let of_logs = resource_logs(&collector).remove(0).resource.unwrap();
    let story = |name, attributes| Story {
        name,
        attributes: without_container(attributes),
        expected: expected.clone(),
    };
    let stories = [
        story("spans", of_spans.attributes),
        story("log records", of_logs.attributes),
    ];
    conform(TABLE, &stories);
}
