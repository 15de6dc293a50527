//! What was recorded, as values: for code that reads metrics and does not want a text.

use std::time::SystemTime;

use radiosonde_catalog::Kind;

use crate::Registry;
use crate::canonical::{labels_of, metric_name};
use crate::exemplar::Exemplar;
use crate::exponential::Exponential;
use crate::family::{self, Instrument};

/// All series of one metric, as they were read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Family {
    /// The name, as it is exposed.
    pub name: String,
    /// What recorded it.
    pub kind: Kind,
    /// The unit as OpenTelemetry writes it, by the Unified Code for Units of Measure; empty where none is known.
    pub unit: &'static str,
    /// What it says; empty where nothing was said.
    pub help: String,
    /// The series in the order of their labels.
    pub series: Vec<Series>,
}

/// One series, as it was read.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// The labels in the order of their names, which are spelled as in the exposition; the values are as recorded.
    ///
    /// A label that was recorded with an empty value is not among them: to Prometheus that is the same.
    pub labels: Vec<(String, String)>,
    /// What was recorded.
    pub value: Value,
    /// Since when.
    pub created: SystemTime,
    /// Values that were recorded in sampled spans: of each bucket of a histogram the last one, if there is one.
    pub exemplars: Vec<Exemplar>,
}

/// What was recorded into one series.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// The total of a counter.
    Count(u64),
    /// The total of a counter that grows by fractions, such as seconds.
    Total(f64),
    /// The number of an up-down counter. To Prometheus it is a gauge.
    Balance(i64),
    /// The value of a gauge.
    Number(f64),
    /// The values of a histogram, all read at one moment.
    #[non_exhaustive]
    Distribution {
        /// How many values there were.
        count: u64,
        /// The sum of the values.
        sum: f64,
        /// The upper limit of each bucket, included in it, and how many values fell into it and into no earlier one. The
        /// last limit is infinite.
        buckets: Vec<(f64, u64)>,
    },
    /// The values of a histogram with [exponential](crate::Bounds::exponential) buckets.
    Exponential(Exponential),
}

impl Registry {
    /// Returns the series of the metric of this name, in the order of their labels; none when there is no such metric.
    ///
    /// The name is spelled as it was recorded or as it is exposed.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_metrics::{Registry, Value};
    ///
    /// let registry = Registry::new();
    /// metrics::with_local_recorder(&registry, || {
    ///     metrics::counter!("orders_total", "currency" => "EUR").increment(2);
    /// });
    ///
    /// let series = registry.series("orders_total");
    /// assert_eq!(series.len(), 1);
    /// assert_eq!(series[0].labels, [("currency".into(), "EUR".into())]);
    /// assert_eq!(series[0].value, Value::Count(2));
    /// ```
    #[must_use]
    pub fn series(&self, name: &str) -> Vec<Series> {
        let Ok(name) = metric_name(name) else {
            return Vec::new();
        };
        let families = self.read();
        families
            .get(&name)
            .map_or_else(Vec::new, |family| series_of(family))
    }

    /// Returns all metrics that have series, in the order of their names.
    ///
    /// The work grows with the number of series; do it off the executor's threads.
    ///
    /// # Examples
    ///
    /// ```
    /// let registry = radiosonde_metrics::Registry::new();
    /// metrics::with_local_recorder(&registry, || metrics::gauge!("depth").set(3.0));
    ///
    /// let families = registry.families();
    /// assert_eq!(families[0].name, "depth");
    /// assert_eq!(families[0].series.len(), 1);
    /// ```
    #[must_use]
    pub fn families(&self) -> Vec<Family> {
        let families = self.read().into_iter();
        let recorded = families.filter_map(|(name, family)| {
            Some(Family {
                name,
                kind: family.kind?,
                unit: family.unit,
                series: series_of(&family),
                help: family.help.clone(),
            })
        });
        recorded.collect()
    }

    /// Returns the names of all metrics that have series, as they are exposed, in their order.
    ///
    /// # Examples
    ///
    /// ```
    /// let registry = radiosonde_metrics::Registry::new();
    /// assert!(registry.names().contains(&"radiosonde_series".to_owned()));
    /// ```
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let families = self.read().into_iter();
        let recorded = families.filter(|(_, family)| !family.series.is_empty());
        recorded.map(|(name, _)| name).collect()
    }
}

fn series_of(family: &family::Family) -> Vec<Series> {
    let series = family.series.iter().map(|(labels, series)| {
        let labels = labels_of(labels).map(|(name, value)| (name.to_owned(), value.into_owned()));
        let value = Value::of(&series.instrument, family.kind);
        // After the value: it holds them all.
        let exemplars = match &series.instrument {
            Instrument::Histogram(histogram) => histogram.exemplars(),
            _ => Vec::new(),
        };
        Series {
            labels: labels.collect(),
            value,
            created: series.created,
            exemplars: exemplars.into_iter().flatten().collect(),
        }
    });
    series.collect()
}

impl Value {
    fn of(instrument: &Instrument, kind: Option<Kind>) -> Self {
        match instrument {
            Instrument::Counter(counter) => Self::Count(counter.value()),
            Instrument::UpDownCounter(counter) => Self::Balance(counter.value()),
            Instrument::Gauge(total) if kind == Some(Kind::Counter) => Self::Total(total.value()),
            Instrument::Gauge(gauge) => Self::Number(gauge.value()),
            Instrument::Histogram(histogram) => {
                if let Some(read) = histogram.exponential() {
                    return Self::Exponential(read);
                }
                let read = histogram.read();
                let limits = histogram.limits().iter().copied().chain([f64::INFINITY]);
                Self::Distribution {
                    count: read.count(),
                    sum: read.sum,
                    buckets: limits.zip(read.buckets).collect(),
                }
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use metrics::{Key, Label, Level, Metadata, Recorder as _};
    use proptest::prelude::*;
    use radiosonde_catalog::{HTTP_ACTIVE_CONNECTIONS, SERIES};

    use super::*;
    use crate::{Bounds, Gauge, RegistryOptions};

    static METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

    fn read(record: impl FnOnce(), name: &str) -> Vec<Series> {
        let options = RegistryOptions::new()
            .series_per_metric(2)
            .bounds("wait_seconds", Bounds::of_catalogue(&[0.25, 1.0]));
        let registry = Registry::with_options(options);
        metrics::with_local_recorder(&registry, record);
        registry.series(name)
    }

    #[test]
    fn each_kind_reads_as_what_was_recorded() {
        let record = || metrics::counter!("orders").increment(3);
        assert_eq!(read(record, "orders")[0].value, Value::Count(3));
        let record = || metrics::gauge!("depth").set(-1.5);
        assert_eq!(read(record, "depth")[0].value, Value::Number(-1.5));
        let record = || {
            let wait = metrics::histogram!("wait_seconds");
            for value in [0.25, 0.5, 3.0, 4.0] {
                wait.record(value);
            }
        };
        let expected = Value::Distribution {
            count: 4,
            sum: 7.75,
            buckets: vec![(0.25, 1), (1.0, 1), (f64::INFINITY, 2)],
        };
        assert_eq!(read(record, "wait_seconds")[0].value, expected);

        let registry = Registry::new();
        let seconds = Gauge::default();
        seconds.set(0.5);
        let made = registry.instrument_made_by(Kind::Counter, "busy", [].into_iter(), |_| {
            Instrument::Gauge(seconds)
        });
        assert!(made.is_ok());
        assert_eq!(registry.series("busy")[0].value, Value::Total(0.5));

        registry
            .up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &["GET"])
            .add(-2);
        let active = registry.series("http_active_connections");
        assert_eq!(active[0].value, Value::Balance(-2));
        assert_eq!(registry.series(SERIES.name())[0].value, Value::Number(2.0));
    }

    #[test]
    fn series_come_in_order_and_the_overflow_is_one_of_them() {
        let record = || {
            for currency in ["USD", "EUR", "CHF", "GBP"] {
                metrics::counter!("orders.total", "paid-in" => currency).increment(1);
            }
        };
        let of = |name: &str, value: &str, count| {
            (vec![(name.into(), value.into())], Value::Count(count))
        };
        let expected = [
            of("otel_metric_overflow", "true", 2),
            of("paid_in", "EUR", 1),
            of("paid_in", "USD", 1),
        ];
        for name in ["orders.total", "orders_total"] {
            let series = read(record, name).into_iter();
            let read: Vec<_> = series.map(|series| (series.labels, series.value)).collect();
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn what_was_not_recorded_has_no_series_and_no_name() {
        let registry = Registry::new();
        metrics::with_local_recorder(&registry, || {
            metrics::describe_counter!("orders", "Described, and never recorded.");
            metrics::counter!("paid").increment(0);
        });
        assert_eq!(registry.series("orders"), []);
        assert_eq!(registry.series(""), []);
        let names = registry.names();
        assert!(names.is_sorted() && names.contains(&"paid".into()));
        assert!(!names.contains(&"orders".into()));
    }

    #[test]
    fn what_is_collected_is_up_to_date() {
        let registry = Registry::new();
        let active = registry.up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &["GET"]);
        registry.before_reading(move || active.add(1));
        let active = registry.series("http_active_connections");
        assert_eq!(active[0].value, Value::Balance(1));
    }

    /// Any text, and texts of what the escapes are made of.
    fn label_value() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[\\\\\"\n,=nab{}]{0,8}"]
    }

    proptest! {
        #[test]
        fn a_label_reads_as_what_was_recorded(values in prop::collection::vec(label_value(), 0..5)) {
            let labels: Vec<_> = values
                .iter()
                .enumerate()
                .map(|(index, value)| Label::new(format!("label_{index}"), value.clone()))
                .collect();
            let registry = Registry::new();
            let key = Key::from_parts("orders_total", labels);
            registry.register_counter(&key, &METADATA).increment(1);

            let read = registry.series("orders_total");
            prop_assert_eq!(read.len(), 1);
            let expected: Vec<_> = values
                .into_iter()
                .enumerate()
                .filter(|(_, value)| !value.is_empty())
                .map(|(index, value)| (format!("label_{index}"), value))
                .collect();
            prop_assert_eq!(&read[0].labels, &expected);
        }
    }
}
