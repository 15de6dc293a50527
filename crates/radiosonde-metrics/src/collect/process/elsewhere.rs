//! What systems other than Linux say, by way of `metrics-process`.
//!
//! That crate knows Linux, too, where the tests set what it says beside our own reading.

pub(super) use metrics_process::collector::collect as read;

use metrics_process::collector::Metrics;
use radiosonde_catalog::{
    PROCESS_CPU_SECONDS, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT_MEMORY,
    PROCESS_START_TIME, PROCESS_THREADS, PROCESS_VIRTUAL_MEMORY,
};

use crate::collect::collected::{Field, real};

pub(super) const FIELDS: &[Field<Metrics>] = &[
    (&PROCESS_CPU_SECONDS, |m| m.cpu_seconds_total),
    (&PROCESS_RESIDENT_MEMORY, |m| {
        m.resident_memory_bytes.map(real)
    }),
    (&PROCESS_VIRTUAL_MEMORY, |m| {
        m.virtual_memory_bytes.map(real)
    }),
    (&PROCESS_OPEN_FDS, |m| m.open_fds.map(real)),
    (&PROCESS_MAX_FDS, |m| m.max_fds.map(limit)),
    (&PROCESS_THREADS, |m| m.threads.map(real)),
    (&PROCESS_START_TIME, |m| m.start_time_seconds.map(real)),
];

/// Unlimited is 0 by what its documentation says, and the largest number of `getrlimit` on macOS, where it says that.
fn limit(number: u64) -> f64 {
    if number == 0 || number >= i64::MAX.cast_unsigned() {
        f64::INFINITY
    } else {
        real(number)
    }
}

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests {
    use std::collections::BTreeMap;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::collect::process::watch::{watch, watch_process};
    use crate::{Registry, Value};

    /// Returns the value of every metric of the process by name.
    fn of_the_process(registry: &Registry) -> BTreeMap<String, Value> {
        let names = registry.names().into_iter();
        let names = names.filter(|name| name.starts_with("process_") && !name.contains("_cgroup_"));
        names
            .map(|name| {
                let value = registry.series(&name)[0].value.clone();
                (name, value)
            })
            .collect()
    }

    fn number(value: &Value) -> f64 {
        match value {
            Value::Total(number) | Value::Number(number) => *number,
            other => panic!("{other:?}"),
        }
    }

    /// Uses the processor, so that there is time to compare.
    fn work(time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            std::hint::black_box(0_u64);
        }
    }

    #[test]
    fn both_readers_say_the_same_of_this_process() {
        let (ours, theirs) = (Registry::new(), Registry::new());
        watch_process(&ours);
        watch(&theirs, FIELDS, read);
        work(Duration::from_millis(200));
        let (ours, theirs) = (of_the_process(&ours), of_the_process(&theirs));
        assert!(ours.keys().eq(theirs.keys()), "{ours:?} {theirs:?}");
        // Other tests run in this process, so only what they cannot change by much is compared, and roughly.
        for (name, tolerance) in [
            ("process_cpu_seconds_total", 0.5),
            ("process_resident_memory_bytes", 64e6),
            ("process_max_fds", 0.0),
            ("process_start_time_seconds", 2.0),
        ] {
            let (ours, theirs) = (&ours[name], &theirs[name]);
            let difference = (number(ours) - number(theirs)).abs();
            assert!(difference <= tolerance, "{name}: {ours:?}, {theirs:?}");
            assert_eq!(
                std::mem::discriminant(ours),
                std::mem::discriminant(theirs),
                "{name}"
            );
        }
        assert!(number(&theirs["process_cpu_seconds_total"]) > 0.0);
    }

    #[test]
    fn what_is_not_known_or_not_limited_has_no_series() {
        for max_fds in [0, i64::MAX.cast_unsigned(), u64::MAX] {
            let registry = Registry::new();
            let said = move || Metrics {
                max_fds: Some(max_fds),
                threads: Some(3),
                ..Metrics::default()
            };
            watch(&registry, FIELDS, said);
            let expected = BTreeMap::from([("process_threads".to_owned(), Value::Number(3.0))]);
            assert_eq!(of_the_process(&registry), expected);
        }
    }
}
