//! Tokio runtimes as they see themselves, in the registry's text.
#![cfg(feature = "runtime")]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::fmt::Debug;
use std::future::pending;
use std::str::FromStr;
use std::time::Duration;

use radiosonde_metrics::{Registry, collect};
use tokio::runtime::{Builder, Handle, Runtime};

fn runtime(workers: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder
        .worker_threads(workers)
        .enable_time()
        .build()
        .unwrap()
}

fn value<N: FromStr<Err: Debug>>(registry: &Registry, series: &str) -> N {
    let text = registry.render();
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(series));
    lines
        .next()
        .unwrap_or_else(|| panic!("{text}"))
        .trim()
        .parse()
        .unwrap()
}

fn alive_tasks(registry: &Registry) -> u64 {
    value(registry, r#"tokio_alive_tasks{runtime="main"}"#)
}

fn delays(registry: &Registry) -> u64 {
    value(
        registry,
        r#"tokio_scheduling_delay_seconds_count{runtime="main"}"#,
    )
}

#[test]
fn outside_a_runtime_nothing_is_watched() {
    let registry = Registry::new();
    assert!(!collect::watch_current_runtime(&registry, "main"));
    assert!(!registry.render().contains("tokio_"));
}

#[test]
fn each_runtime_is_told_apart_by_its_name() {
    let registry = Registry::new();
    let runtimes = [("main", runtime(2)), ("batch", runtime(3))];
    for (name, runtime) in &runtimes {
        assert!(runtime.block_on(async { collect::watch_current_runtime(&registry, name) }));
    }
    let text = registry.render();
    for line in [
        "tokio_workers{runtime=\"main\"} 2\n",
        "tokio_workers{runtime=\"batch\"} 3\n",
        "# TYPE tokio_worker_busy_seconds_total counter\n",
        "# TYPE tokio_worker_parks_total counter\n",
        "tokio_global_queue_depth{runtime=\"main\"} ",
        "tokio_busy_ratio{runtime=\"main\"} ",
        "tokio_scheduling_delay_seconds_bucket{runtime=\"main\",le=\"0.001\"} ",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn each_runtime_counts_its_own_tasks() {
    let registry = Registry::new();
    let tasks = |name: &str| -> u64 {
        value(
            &registry,
            &format!("tokio_alive_tasks{{runtime=\"{name}\"}}"),
        )
    };
    let runtimes = [("main", runtime(1)), ("batch", runtime(1))];
    for (name, runtime) in &runtimes {
        runtime.block_on(async { collect::watch_current_runtime(&registry, name) });
    }
    let (main, batch) = (tasks("main"), tasks("batch"));
    for _ in 0..3 {
        runtimes[1].1.spawn(pending::<()>());
    }
    assert_eq!((tasks("main"), tasks("batch")), (main, batch + 3));
}

#[test]
fn of_two_runtimes_with_one_name_the_first_is_watched() {
    let registry = Registry::new();
    let runtimes = [runtime(2), runtime(3)];
    for runtime in &runtimes {
        assert!(runtime.block_on(async { collect::watch_current_runtime(&registry, "main") }));
    }
    let workers = || value::<u64>(&registry, "tokio_workers{runtime=\"main\"}");
    assert_eq!(workers(), 2);
    let [first, second] = runtimes;
    drop(second);
    assert_eq!(workers(), 2);
    drop(first);
    assert_eq!(workers(), 0);
}

#[test]
fn a_task_that_waits_is_alive() {
    let registry = Registry::new();
    let runtime = runtime(2);
    let _inside = runtime.enter();
    assert!(collect::watch_current_runtime(&registry, "main"));
    let before = alive_tasks(&registry);
    runtime.spawn(pending::<()>());
    assert_eq!(alive_tasks(&registry), before + 1);
}

#[test]
fn a_runtime_that_ends_lets_go_of_its_name_and_keeps_its_totals() {
    let registry = Registry::new();
    let watch = |runtime: &Runtime| {
        let _inside = runtime.enter();
        assert!(collect::watch_current_runtime(&registry, "main"));
    };
    let first = runtime(2);
    watch(&first);
    drop(first);
    let text = registry.render();
    assert!(
        text.contains("tokio_workers{runtime=\"main\"} 0\n"),
        "{text}"
    );
    assert!(
        text.contains("tokio_alive_tasks{runtime=\"main\"} 0\n"),
        "{text}"
    );
    let parks = || value::<u64>(&registry, "tokio_worker_parks_total{runtime=\"main\"}");
    let before = parks();

    let second = runtime(3);
    watch(&second);
    let own = || -> u64 {
        let metrics = second.metrics();
        (0..3).map(|worker| metrics.worker_park_count(worker)).sum()
    };
    // What it counts may grow meanwhile.
    let (low, now, high) = (own(), parks(), own());
    assert!(
        (before + low..=before + high).contains(&now),
        "{before}, {low}, {now}, {high}"
    );
    assert!(
        registry
            .render()
            .contains("tokio_workers{runtime=\"main\"} 3\n")
    );
}

#[test]
fn a_runtime_without_timers_is_watched_without_its_delay() {
    let registry = Registry::new();
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        assert!(collect::watch_current_runtime(&registry, "main"));
        tokio::task::yield_now().await; // it tries to fall asleep
        assert_eq!(alive_tasks(&registry), 1);
    });
    assert_eq!(delays(&registry), 0);
}

#[tokio::test(start_paused = true)]
async fn one_task_sleeps_however_often_a_runtime_is_watched() {
    let registry = Registry::new();
    for _ in 0..3 {
        assert!(collect::watch_current_runtime(&registry, "main"));
    }
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 1);
    tokio::time::sleep(Duration::from_hours(2)).await;
    // One a second, less the milliseconds by which each is late.
    let delays = delays(&registry);
    assert!((7_100..=7_200).contains(&delays), "{delays}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_runs_late_is_recorded_with_its_delay() {
    let registry = Registry::new();
    assert!(collect::watch_current_runtime(&registry, "main"));
    tokio::task::yield_now().await; // it falls asleep, for a second
    tokio::time::advance(Duration::from_secs(4)).await;
    tokio::task::yield_now().await; // it wakes
    let sum: f64 = value(
        &registry,
        r#"tokio_scheduling_delay_seconds_sum{runtime="main"}"#,
    );
    assert!(
        delays(&registry) >= 1 && (3.0..3.1).contains(&sum),
        "{}",
        registry.render()
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_sleeps_on_for_a_registry_that_is_gone() {
    let registry = Registry::new();
    assert!(collect::watch_current_runtime(&registry, "main"));
    drop(registry);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
}
