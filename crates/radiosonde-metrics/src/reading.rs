//! What was recorded, as values: for code that reads metrics and does not want a text.

use radiosonde_catalog::Kind;

use crate::Registry;
use crate::canonical::metric_name;
use crate::family::Instrument;

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
        let series = families.get(&name).into_iter().flat_map(|family| {
            family.series.iter().map(|(labels, series)| Series {
                labels: labels_of(labels),
                value: Value::of(&series.instrument, family.kind),
            })
        });
        series.collect()
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

impl Value {
    fn of(instrument: &Instrument, kind: Option<Kind>) -> Self {
        match instrument {
            Instrument::Counter(counter) => Self::Count(counter.value()),
            Instrument::UpDownCounter(counter) => Self::Balance(counter.value()),
            Instrument::Gauge(total) if kind == Some(Kind::Counter) => Self::Total(total.value()),
            Instrument::Gauge(gauge) => Self::Number(gauge.value()),
            Instrument::Histogram(histogram) => {
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

/// Reads the text of a label set back: `method="GET",route="/"`, escaped as [`label_text`](crate::canonical::label_text)
/// does it.
fn labels_of(text: &str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once("=\"") {
        let (value, after) = unescaped(after);
        labels.push((name.to_owned(), value));
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    labels
}

/// Returns what stands before the closing quote, without its escapes, and what comes after that quote.
fn unescaped(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some(escaped) => value.push(escaped),
                None => break,
            },
            c => value.push(c),
        }
    }
    (value, chars.as_str())
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
        let of = |name: &str, value: &str, count| Series {
            labels: vec![(name.into(), value.into())],
            value: Value::Count(count),
        };
        let expected = [
            of("otel_metric_overflow", "true", 2),
            of("paid_in", "EUR", 1),
            of("paid_in", "USD", 1),
        ];
        assert_eq!(read(record, "orders.total"), expected);
        assert_eq!(read(record, "orders_total"), expected);
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
