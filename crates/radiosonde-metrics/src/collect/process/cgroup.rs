//! What the files of a cgroup say, version 1 or 2.
//!
//! A limit may stand at any level: a cgroup may use what those above it leave. What the mount does not show, such as the
//! levels above a container, is unknown.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::collect::collected::real;

/// Where a controller keeps its files for this process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cgroup {
    version: Version,
    /// The folder of the cgroup of this process, then those above it.
    levels: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

/// Memory in bytes.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Memory {
    /// Infinity when there is none.
    pub(super) limit: Option<f64>,
    pub(super) usage: Option<u64>,
}

/// Processor time.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Cpu {
    /// In cores. Infinity when there is none.
    pub(super) limit: Option<f64>,
    /// Known where there is a limit.
    pub(super) throttling: Option<Throttling>,
}

/// How often and for how long a cgroup had to wait for its next period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Throttling {
    pub(super) periods: u64,
    pub(super) throttled_periods: u64,
    pub(super) throttled: Duration,
}

impl Cgroup {
    /// Finds the files of a controller by `/proc/self/cgroup` and `/proc/self/mountinfo`.
    pub(super) fn find(controller: &str, cgroups: &str, mounts: &str) -> Option<Self> {
        // A controller belongs to one hierarchy: one of version 1 that names it, else that of version 2.
        let path = |is_it: &dyn Fn(&str) -> bool| {
            let paths = cgroups.lines().filter_map(|line| {
                let (_, rest) = line.split_once(':')?;
                rest.split_once(':')
            });
            let mut of_it = paths.filter(|(controllers, _)| is_it(controllers));
            of_it.next().map(|(_, path)| path)
        };
        let (version, path) = path(&|controllers| names(controllers, controller))
            .map(|path| (Version::V1, path))
            .or_else(|| Some((Version::V2, path(&str::is_empty)?)))?;
        let mount = mounts
            .lines()
            .filter_map(Mount::parse)
            .find(|mount| match version {
                Version::V1 => mount.kind == "cgroup" && names(mount.options, controller),
                Version::V2 => mount.kind == "cgroup2",
            })?;
        Some(Self {
            version,
            levels: mount.levels(path)?,
        })
    }

    /// Returns the lowest limit, and how much of it is used; without a limit, what the cgroup of this process uses.
    pub(super) fn memory(&self, read: impl Fn(PathBuf) -> Option<String>) -> Memory {
        let (limit, usage) = match self.version {
            Version::V1 => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
            Version::V2 => ("memory.max", "memory.current"),
        };
        let (level, limit) = self.lowest(|level| bytes(&read(level.join(limit))?));
        Memory {
            limit,
            usage: level.and_then(|level| number(&read(level.join(usage))?)),
        }
    }

    /// Returns the lowest limit, and how often it was met.
    pub(super) fn cpu(&self, read: impl Fn(PathBuf) -> Option<String>) -> Cpu {
        let (level, limit) = self.lowest(|level| match self.version {
            Version::V1 => {
                let quota = read(level.join("cpu.cfs_quota_us"))?;
                cores(quota.trim(), read(level.join("cpu.cfs_period_us"))?.trim())
            }
            Version::V2 => {
                let text = read(level.join("cpu.max"))?;
                let (quota, period) = text.trim().split_once(' ')?;
                cores(quota, period)
            }
        });
        let limited = level.filter(|_| limit.is_some_and(f64::is_finite));
        Cpu {
            limit,
            throttling: limited.and_then(|level| throttling(&read(level.join("cpu.stat"))?)),
        }
    }

    /// Returns the level with the lowest limit, the nearest of such; the first level when none is known.
    fn lowest(&self, limit: impl Fn(&Path) -> Option<f64>) -> (Option<&PathBuf>, Option<f64>) {
        let limits = self.levels.iter().filter_map(|at| Some((at, limit(at)?)));
        match limits.min_by(|a, b| a.1.total_cmp(&b.1)) {
            Some((level, limit)) => (Some(level), Some(limit)),
            None => (self.levels.first(), None),
        }
    }
}

/// A line of `/proc/self/mountinfo`.
struct Mount<'a> {
    /// Which part of the file system is mounted.
    root: &'a Path,
    point: &'a Path,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let mut after = after.split(' ');
        Some(Self {
            root: Path::new(before.next()?),
            point: Path::new(before.next()?),
            kind: after.next()?,
            options: after.nth(1)?,
        })
    }

    /// Returns the folders of the cgroup at `path` and of those above it, as far as they are mounted.
    ///
    /// A path that is not below the root was written outside the container, whose cgroup is mounted as its own root.
    fn levels(&self, path: &str) -> Option<Vec<PathBuf>> {
        let below = Path::new(path)
            .strip_prefix(self.root)
            .unwrap_or(Path::new(""));
        // `..` is how a cgroup outside the namespace is written. It cannot be seen from here.
        if Path::new(path)
            .components()
            .any(|part| part == Component::ParentDir)
        {
            return None;
        }
        let levels = below.ancestors().map(|below| self.point.join(below));
        Some(levels.collect())
    }
}

fn names(list: &str, controller: &str) -> bool {
    list.split(',').any(|name| name == controller)
}

/// Reads a limit of memory: infinity for `max`, and for the number as large as the counter with which version 1 says so.
fn bytes(text: &str) -> Option<f64> {
    const UNLIMITED: u64 = 1 << 62;
    match text.trim() {
        "max" => Some(f64::INFINITY),
        text => match text.parse().ok()? {
            UNLIMITED.. => Some(f64::INFINITY),
            limit => Some(real(limit)),
        },
    }
}

/// Reads a limit of processor time: infinity for `max`, and for `-1`, which is its name in version 1.
fn cores(quota: &str, period: &str) -> Option<f64> {
    let period = period.parse().ok().filter(|period| *period > 0)?;
    match quota {
        "max" | "-1" => Some(f64::INFINITY),
        quota => Some(real(quota.parse().ok()?) / real(period)),
    }
}

/// Reads `cpu.stat`, whose version 2 has microseconds where version 1 has nanoseconds.
fn throttling(text: &str) -> Option<Throttling> {
    let field = |name: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(' '));
        let (_, value) = fields.find(|(key, _)| *key == name)?;
        number(value)
    };
    let micros = field("throttled_usec").map(Duration::from_micros);
    Some(Throttling {
        periods: field("nr_periods")?,
        throttled_periods: field("nr_throttled")?,
        throttled: micros.or_else(|| field("throttled_time").map(Duration::from_nanos))?,
    })
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests;
