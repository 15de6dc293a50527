//! How many threads a service gets by its telemetry.

use std::fs;
use std::time::Duration;

use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};

use crate::child;

const PATIENCE: Duration = Duration::from_mins(1);

/// Returns the names of our threads in this process.
fn ours() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let mut names: Vec<_> = tasks
        .filter_map(|task| fs::read_to_string(task.unwrap().path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| name.starts_with("radiosonde"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_service_that_sends_nothing_has_one_thread_more() {
    let name = "threads::a_service_that_sends_nothing_has_one_thread_more";
    if !child::is_child() {
        child::printed(&child::run(name, &[]));
        return;
    }
    let sonde = radiosonde::init("checkout").unwrap();
    tracing::info!("a line");
    // A thread takes its name once it runs.
    let named = || (ours() == ["radiosonde-log"]).then_some(());
    eventually("one thread", PATIENCE, named);
    drop(sonde);
}

#[test]
fn a_service_that_sends_everything_has_two_threads_more_when_it_idles() {
    let name = "threads::a_service_that_sends_everything_has_two_threads_more_when_it_idles";
    if !child::is_child() {
        let collector = FaultCollector::start(Mode::status(200));
        let endpoint = format!("http://{}", collector.addr());
        let dsn = format!("http://key@{}/1", collector.addr());
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
            ("SENTRY_DSN", &dsn),
        ];
        child::printed(&child::run(name, &variables));
        return;
    }
    let sonde = radiosonde::init("checkout").unwrap();
    // A report and metrics are put together on a thread that ends.
    tracing::error!("it broke");
    let is_sent = || {
        let text = sonde.metrics().render();
        let sent = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name));
            value.is_some_and(|value| value != "0")
        };
        let all = sent("radiosonde_metric_points_sent_total ")
            && sent("radiosonde_error_events_sent_total ");
        all.then_some(())
    };
    eventually("metrics and a report are sent", PATIENCE, is_sent);
    let idle = || (ours() == ["radiosonde-io", "radiosonde-log"]).then_some(());
    eventually("the thread that put them together ends", PATIENCE, idle);
}
