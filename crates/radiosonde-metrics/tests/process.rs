//! The process as the operating system sees it, in the registry's text.
#![cfg(all(feature = "process", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::fmt::Debug;
use std::fs::File;
use std::hint::black_box;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use radiosonde_metrics::{Registry, collect};

/// One test at a time: they look at the same process.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn watched() -> Registry {
    let registry = Registry::new();
    collect::watch_process(&registry);
    registry
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

#[test]
fn what_is_said_of_this_process_is_plausible() {
    let _alone = alone();
    let registry = watched();
    let resident: u64 = value(&registry, "process_resident_memory_bytes ");
    assert!(resident > 100_000, "{resident}");
    assert!(value::<u64>(&registry, "process_virtual_memory_bytes ") >= resident);
    let threads: u64 = value(&registry, "process_threads ");
    assert!(threads >= 1, "{threads}");
    let open: u64 = value(&registry, "process_open_fds ");
    assert!(value::<u64>(&registry, "process_max_fds ") > open && open > 0);
    let start: f64 = value(&registry, "process_start_time_seconds ");
    assert!(start > 1.6e9, "{start}");
}

#[test]
fn processor_time_grows_with_work() {
    let _alone = alone();
    let registry = watched();
    let before: f64 = value(&registry, "process_cpu_seconds_total ");
    let mut now = before;
    while now <= before {
        black_box((0..1_000_000_u64).fold(0, |sum, n| black_box(sum ^ n)));
        now = value(&registry, "process_cpu_seconds_total ");
    }
    let text = registry.render();
    assert!(
        text.contains("# TYPE process_cpu_seconds_total counter\n"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_opened_is_one_descriptor_more() {
    let _alone = alone();
    let registry = watched();
    let open = || value::<u64>(&registry, "process_open_fds ");
    let before = open();
    let file = File::open("/proc/self/stat").unwrap();
    assert_eq!(open(), before + 1);
    drop(file);
    assert_eq!(open(), before);
}
