//! What the operating system says of this process, and of the cgroup that confines it.
//!
//! The names without `cgroup` are the standard ones of Prometheus client libraries. Those with it exist where a cgroup,
//! version 1 or 2, has the controller in question; limits only where there is a limit.

use crate::{Metric, Unit};

/// Processor time that this process has used, in user space and in the kernel, by all its threads.
pub const PROCESS_CPU_SECONDS: Metric = Metric::counter("process_cpu_seconds_total")
    .with_otel_name("process.cpu.time")
    .with_unit(Unit::Seconds)
    .with_help("Processor time used by this process, in seconds.");

/// Memory of this process that is in RAM.
pub const PROCESS_RESIDENT_MEMORY: Metric = gauge(
    "process_resident_memory_bytes",
    "process.memory.usage",
    Unit::Bytes,
    "Memory of this process that is in RAM, in bytes.",
);

/// Address space of this process.
pub const PROCESS_VIRTUAL_MEMORY: Metric = gauge(
    "process_virtual_memory_bytes",
    "process.memory.virtual",
    Unit::Bytes,
    "Address space of this process, in bytes.",
);

/// File descriptors that are open.
pub const PROCESS_OPEN_FDS: Metric = gauge(
    "process_open_fds",
    "process.unix.file_descriptor.count",
    Unit::Count,
    "Open file descriptors.",
);

/// File descriptors that may be open: the soft limit, where there is one.
pub const PROCESS_MAX_FDS: Metric = gauge(
    "process_max_fds",
    "process.unix.file_descriptor.limit",
    Unit::Count,
    "File descriptors that may be open at once.",
);

/// Threads of this process.
pub const PROCESS_THREADS: Metric = gauge(
    "process_threads",
    "process.thread.count",
    Unit::Count,
    "Threads of this process.",
);

/// When this process started, in seconds since 1970.
pub const PROCESS_START_TIME: Metric = gauge(
    "process_start_time_seconds",
    "process.start_time",
    Unit::Seconds,
    "Start of this process, in seconds since 1970.",
);

/// Memory that the cgroup may use before something in it is killed: the lowest limit from the cgroup of this process
/// upwards.
pub const PROCESS_CGROUP_MEMORY_LIMIT: Metric = gauge(
    "process_cgroup_memory_limit_bytes",
    "process.cgroup.memory.limit",
    Unit::Bytes,
    "Memory that the cgroup of this process may use, in bytes.",
);

/// Memory that the cgroup uses, page cache included: that of [`PROCESS_CGROUP_MEMORY_LIMIT`], or else of this process.
pub const PROCESS_CGROUP_MEMORY_USAGE: Metric = gauge(
    "process_cgroup_memory_usage_bytes",
    "process.cgroup.memory.usage",
    Unit::Bytes,
    "Memory that the cgroup of this process uses, page cache included, in bytes.",
);

/// Processor time that the cgroup may use per second: the lowest quota from the cgroup of this process upwards.
pub const PROCESS_CGROUP_CPU_LIMIT: Metric = gauge(
    "process_cgroup_cpu_limit_cores",
    "process.cgroup.cpu.limit",
    Unit::Count,
    "Processor cores that the cgroup of this process may use.",
);

/// Enforcement periods of the cgroup's quota in which it wanted to run.
pub const PROCESS_CGROUP_CPU_PERIODS: Metric = Metric::counter("process_cgroup_cpu_periods_total")
    .with_otel_name("process.cgroup.cpu.periods")
    .with_help("Enforcement periods in which the cgroup of this process ran.");

/// Enforcement periods in which the cgroup used up its quota and had to wait.
pub const PROCESS_CGROUP_CPU_THROTTLED_PERIODS: Metric =
    Metric::counter("process_cgroup_cpu_throttled_periods_total")
        .with_otel_name("process.cgroup.cpu.throttled_periods")
        .with_help("Enforcement periods in which the cgroup of this process was throttled.");

/// How long threads of the cgroup had to wait because its quota was used up.
pub const PROCESS_CGROUP_CPU_THROTTLED: Metric =
    Metric::counter("process_cgroup_cpu_throttled_seconds_total")
        .with_otel_name("process.cgroup.cpu.throttled_time")
        .with_unit(Unit::Seconds)
        .with_help("Time for which the cgroup of this process was throttled, in seconds.");

/// Panics of this process, wherever they happened and whoever caught them.
pub const PANICS: Metric = Metric::counter("panics_total")
    .with_otel_name("process.panics")
    .with_help("Panics in this process.");

const fn gauge(
    name: &'static str,
    otel_name: &'static str,
    unit: Unit,
    help: &'static str,
) -> Metric {
    Metric::gauge(name)
        .with_otel_name(otel_name)
        .with_unit(unit)
        .with_help(help)
}
