//! Series that are set from a reading of something else.

use radiosonde_catalog::{Kind, Metric};

use crate::family::Instrument;
use crate::{Gauge, Registry};

/// A metric, and where its value is found in a reading of `R`.
pub(super) type Field<R> = (&'static Metric, fn(&R) -> Option<f64>);

/// The series that readings of `R` go to.
///
/// Totals are kept in gauges too, because seconds have fractions and an instrument that counts has none. To readers they
/// are counters all the same: the kind is that of the metric.
#[derive(Debug)]
pub(super) struct Collected<R>(Vec<Collector<R>>);

#[derive(Debug)]
struct Collector<R> {
    gauge: Gauge,
    grows: bool,
    /// What sources that have ended left in a total.
    base: f64,
    value: fn(&R) -> Option<f64>,
}

impl<R> Collected<R> {
    /// Makes a series for each field that the first reading has, and none for what is unknown or unlimited.
    ///
    /// Totals that are there already are of the same source, and are only raised.
    #[cfg(any(feature = "process", test))]
    pub(super) fn new(
        registry: &Registry,
        labels: &[&str],
        fields: &[Field<R>],
        first: &R,
    ) -> Self {
        Self::with_base(registry, labels, fields, first, |_| 0.0)
    }

    /// Makes the series of a source that may take the place of another, which has ended: what this one counts is added to
    /// the totals that the other left. One that fell would have begun anew, and yet say that it had begun before.
    #[cfg(any(feature = "runtime", test))]
    pub(super) fn succeeding(
        registry: &Registry,
        labels: &[&str],
        fields: &[Field<R>],
        first: &R,
    ) -> Self {
        Self::with_base(registry, labels, fields, first, Gauge::value)
    }

    fn with_base(
        registry: &Registry,
        labels: &[&str],
        fields: &[Field<R>],
        first: &R,
        base: fn(&Gauge) -> f64,
    ) -> Self {
        let known = fields
            .iter()
            .filter(|(_, value)| value(first).is_some_and(f64::is_finite));
        let collectors = known.filter_map(|(metric, value)| {
            let gauge = series(registry, metric, labels)?;
            Some(Collector {
                base: base(&gauge),
                gauge,
                grows: metric.kind() == Kind::Counter,
                value: *value,
            })
        });
        let collected = Self(collectors.collect());
        collected.set(first);
        collected
    }

    /// Takes over what a reading has. What it has not stays as it was.
    pub(super) fn set(&self, reading: &R) {
        for Collector {
            gauge,
            grows,
            base,
            value,
        } in &self.0
        {
            match value(reading) {
                Some(value) if !grows => gauge.set(value),
                Some(value) if base + value > gauge.value() => gauge.set(base + value),
                _ => {}
            }
        }
    }
}

/// Finds or makes the series of a counter or a gauge of the catalogue, and returns what it is kept in.
///
/// Returns `None`, and counts it, when the registry refuses it.
pub(super) fn series(registry: &Registry, metric: &Metric, labels: &[&str]) -> Option<Gauge> {
    registry.describe(metric.name(), metric.unit().otel(), metric.help());
    let labels = metric.labels().iter().copied().zip(labels.iter().copied());
    let gauge = |_: &str| Instrument::Gauge(Gauge::default());
    match registry.instrument_made_by(metric.kind(), metric.name(), labels, gauge) {
        Ok((Instrument::Gauge(gauge), _)) => Some(gauge),
        Ok(_) => None,
        Err(refusal) => {
            registry.refuse(refusal, metric.name());
            None
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes and counts stay far below 2^53"
)]
pub(super) fn real(number: u64) -> f64 {
    number as f64
}

#[cfg(all(test, not(loom)))]
mod tests {
    use radiosonde_catalog::{PROCESS_CGROUP_MEMORY_LIMIT, PROCESS_CPU_SECONDS, PROCESS_THREADS};

    use super::*;
    use crate::Exposition;

    type Values = [Option<f64>; 3];

    const FIELDS: &[Field<Values>] = &[
        (&PROCESS_CPU_SECONDS, |values| values[0]),
        (&PROCESS_THREADS, |values| values[1]),
        (&PROCESS_CGROUP_MEMORY_LIMIT, |values| values[2]),
    ];

    fn process_lines(registry: &Registry) -> Vec<String> {
        let text = registry.render();
        let lines = text.lines().filter(|line| line.starts_with("process_"));
        lines.map(ToOwned::to_owned).collect()
    }

    #[test]
    fn seconds_are_a_counter_with_fractions_in_both_formats() {
        let registry = Registry::new();
        let _collected = Collected::new(&registry, &[], FIELDS, &[Some(0.25), None, None]);
        let text = registry.render();
        let expected = "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 0.25\n";
        assert!(text.contains(expected), "{text}");
        let text = String::from_utf8(registry.render_as(Exposition::OpenMetrics)).unwrap();
        let expected = "# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\n";
        assert!(text.contains(expected), "{text}");
        assert!(
            text.contains("\nprocess_cpu_seconds_total 0.25\n"),
            "{text}"
        );
    }

    #[test]
    fn totals_only_grow_and_what_is_not_read_stays() {
        let registry = Registry::new();
        let first = [Some(2.5), Some(4.0), Some(1024.0)];
        let collected = Collected::new(&registry, &[], FIELDS, &first);
        collected.set(&[Some(2.0), Some(3.0), None]);
        let expected = [
            "process_cgroup_memory_limit_bytes 1024",
            "process_cpu_seconds_total 2.5",
            "process_threads 3",
        ];
        assert_eq!(process_lines(&registry), expected);
    }

    #[test]
    fn what_succeeds_another_source_counts_on_where_that_one_stopped() {
        let registry = Registry::new();
        let first = Collected::succeeding(&registry, &[], FIELDS, &[Some(2.5), Some(4.0), None]);
        first.set(&[Some(3.0), Some(0.0), None]);
        let second = Collected::succeeding(&registry, &[], FIELDS, &[Some(0.5), Some(2.0), None]);
        let expected = ["process_cpu_seconds_total 3.5", "process_threads 2"];
        assert_eq!(process_lines(&registry), expected);
        second.set(&[Some(1.0), Some(1.0), None]);
        let expected = ["process_cpu_seconds_total 4", "process_threads 1"];
        assert_eq!(process_lines(&registry), expected);
    }

    #[test]
    fn the_same_source_counts_once_however_often_it_is_watched() {
        let registry = Registry::new();
        for seconds in [2.5, 3.0, 2.0] {
            let _ = Collected::new(&registry, &[], FIELDS, &[Some(seconds), None, None]);
        }
        assert_eq!(process_lines(&registry), ["process_cpu_seconds_total 3"]);
    }

    #[test]
    fn what_is_unknown_or_unlimited_has_no_series_and_a_limit_that_is_lifted_is_infinite() {
        let registry = Registry::new();
        let unlimited = [None, Some(1.0), Some(f64::INFINITY)];
        let _collected = Collected::new(&registry, &[], FIELDS, &unlimited);
        assert_eq!(process_lines(&registry), ["process_threads 1"]);

        let registry = Registry::new();
        let collected = Collected::new(&registry, &[], FIELDS, &[None, None, Some(1024.0)]);
        collected.set(&unlimited);
        let expected = ["process_cgroup_memory_limit_bytes +Inf"];
        assert_eq!(process_lines(&registry), expected);
    }

    #[test]
    fn a_name_that_is_taken_is_refused_and_counted() {
        let registry = Registry::new();
        metrics::with_local_recorder(&registry, || {
            metrics::counter!("process_threads").increment(7);
        });
        let _collected = Collected::new(&registry, &[], FIELDS, &[None, Some(1.0), None]);
        assert_eq!(process_lines(&registry), ["process_threads 7"]);
        assert!(registry.render().contains("reason=\"name_taken\"} 1\n"));
    }
}
