//! What is read, from which files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use radiosonde_catalog::{
    PROCESS_CGROUP_CPU_LIMIT, PROCESS_CGROUP_CPU_PERIODS, PROCESS_CGROUP_CPU_THROTTLED,
    PROCESS_CGROUP_CPU_THROTTLED_PERIODS, PROCESS_CGROUP_MEMORY_LIMIT, PROCESS_CGROUP_MEMORY_USAGE,
    PROCESS_CPU_SECONDS, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY,
    PROCESS_START_TIME, PROCESS_THREADS, PROCESS_VIRTUAL_MEMORY,
};

use super::cgroup::{Cgroup, Cpu, Memory};
use super::proc::{self, Stat, Status};
use crate::collect::collected::{Field, real};

/// Where to read: what does not change while the process runs.
#[derive(Debug)]
pub(super) struct Source {
    booted: Option<Duration>,
    memory: Option<Cgroup>,
    cpu: Option<Cgroup>,
}

impl Source {
    pub(super) fn find() -> Self {
        let cgroups = text("/proc/self/cgroup").unwrap_or_default();
        let mounts = text("/proc/self/mountinfo").unwrap_or_default();
        Self {
            booted: text("/proc/stat").and_then(|text| proc::booted(&text)),
            memory: Cgroup::find("memory", &cgroups, &mounts),
            cpu: Cgroup::find("cpu", &cgroups, &mounts),
        }
    }

    pub(super) fn read(&self) -> Reading {
        let stat = text("/proc/self/stat").and_then(|text| Stat::parse(&text));
        let memory = self.memory.as_ref().map(|cgroup| cgroup.memory(text));
        let cpu = self.cpu.as_ref().map(|cgroup| cgroup.cpu(text));
        Reading {
            stat,
            booted: self.booted,
            status: text("/proc/self/status").map_or_else(Status::default, |t| Status::parse(&t)),
            open_fds: open_fds(),
            max_fds: text("/proc/self/limits").and_then(|text| proc::max_open_files(&text)),
            memory: memory.unwrap_or_default(),
            cpu: cpu.unwrap_or_default(),
        }
    }
}

/// What all those files said at one time.
#[derive(Debug)]
pub(super) struct Reading {
    stat: Option<Stat>,
    booted: Option<Duration>,
    status: Status,
    open_fds: Option<u64>,
    max_fds: Option<f64>,
    memory: Memory,
    cpu: Cpu,
}

pub(super) const FIELDS: &[Field<Reading>] = &[
    (&PROCESS_CPU_SECONDS, |r| Some(r.stat?.cpu.as_secs_f64())),
    (&PROCESS_RESIDENT_MEMORY, |r| r.status.resident.map(real)),
    (&PROCESS_VIRTUAL_MEMORY, |r| {
        r.status.address_space.map(real)
    }),
    (&PROCESS_OPEN_FDS, |r| r.open_fds.map(real)),
    (&PROCESS_MAX_FDS, |r| r.max_fds),
    (&PROCESS_THREADS, |r| r.status.threads.map(real)),
    (&PROCESS_START_TIME, |r| {
        Some(r.booted?.saturating_add(r.stat?.started).as_secs_f64())
    }),
    (&PROCESS_CGROUP_MEMORY_LIMIT, |r| r.memory.limit),
    (&PROCESS_CGROUP_MEMORY_USAGE, |r| r.memory.usage.map(real)),
    (&PROCESS_CGROUP_CPU_LIMIT, |r| r.cpu.limit),
    (&PROCESS_CGROUP_CPU_PERIODS, |r| {
        Some(real(r.cpu.throttling?.periods))
    }),
    (&PROCESS_CGROUP_CPU_THROTTLED_PERIODS, |r| {
        Some(real(r.cpu.throttling?.throttled_periods))
    }),
    (&PROCESS_CGROUP_CPU_THROTTLED, |r| {
        Some(r.cpu.throttling?.throttled.as_secs_f64())
    }),
];

/// Reads a file, whatever its bytes: the name of a program, for one, need not be UTF-8.
fn text(path: impl AsRef<Path>) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn open_fds() -> Option<u64> {
    let entries = fs::read_dir("/proc/self/fd").ok()?.count();
    // Without the one that lists them.
    u64::try_from(entries).ok()?.checked_sub(1)
}
