//! The registry as the recorder of the `metrics` facade.
//!
//! A macro such as `counter!` looks its instrument up each time it runs: in the index first, and then by its name.

use std::sync::Arc;

use metrics::{
    CounterFn, GaugeFn, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use radiosonde_catalog::Kind;

use crate::canonical::Refusal;
use crate::family::Instrument;
use crate::{Counter, Gauge, Histogram, Registry};

impl Recorder for Registry {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name.as_str(), ucum(unit), &help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name.as_str(), ucum(unit), &help);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name.as_str(), ucum(unit), &help);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        match self.look_up(Kind::Counter, key) {
            Some(Instrument::Counter(counter)) => metrics::Counter::from_arc(Arc::new(counter)),
            _ => metrics::Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        match self.look_up(Kind::Gauge, key) {
            Some(Instrument::Gauge(gauge)) => metrics::Gauge::from_arc(Arc::new(gauge)),
            _ => metrics::Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        match self.look_up(Kind::Histogram, key) {
            Some(Instrument::Histogram(histogram)) => {
                metrics::Histogram::from_arc(Arc::new(histogram))
            }
            _ => metrics::Histogram::noop(),
        }
    }
}

impl Registry {
    fn look_up(&self, kind: Kind, key: &Key) -> Option<Instrument> {
        if let Some(instrument) = self.index().get(kind, key) {
            return Some(instrument);
        }
        if is_own(key.name()) {
            self.refuse(Refusal::NameTaken, key.name());
            return None;
        }
        let labels = key.labels().map(|label| (label.key(), label.value()));
        match self.instrument(kind, key.name(), None, labels) {
            // A total with fractions is kept otherwise than counters of the facade, and is not for others to add to.
            Ok((instrument, _)) if instrument.kind() != kind => {
                self.refuse(Refusal::NameTaken, key.name());
                None
            }
            Ok((instrument, its_own)) => {
                if its_own {
                    self.index().insert(key, &instrument);
                }
                Some(instrument)
            }
            Err(refusal) => {
                self.refuse(refusal, key.name());
                None
            }
        }
    }
}

impl CounterFn for Counter {
    fn increment(&self, count: u64) {
        Self::increment(self, count);
    }

    fn absolute(&self, total: u64) {
        self.raise_to(total);
    }
}

impl GaugeFn for Gauge {
    fn increment(&self, change: f64) {
        self.add(change);
    }

    fn decrement(&self, change: f64) {
        self.add(-change);
    }

    fn set(&self, value: f64) {
        Self::set(self, value);
    }
}

impl HistogramFn for Histogram {
    fn record(&self, value: f64) {
        Self::record(self, value);
    }
}

/// Returns a unit as OpenTelemetry writes it, by the Unified Code for Units of Measure.
fn ucum(unit: Option<Unit>) -> &'static str {
    match unit {
        None | Some(Unit::Count) => "",
        Some(Unit::Percent) => "%",
        Some(Unit::Seconds) => "s",
        Some(Unit::Milliseconds) => "ms",
        Some(Unit::Microseconds) => "us",
        Some(Unit::Nanoseconds) => "ns",
        Some(Unit::Bytes) => "By",
        Some(Unit::Kibibytes) => "KiBy",
        Some(Unit::Mebibytes) => "MiBy",
        Some(Unit::Gibibytes) => "GiBy",
        Some(Unit::Tebibytes) => "TiBy",
        Some(Unit::BitsPerSecond) => "bit/s",
        Some(Unit::KilobitsPerSecond) => "kbit/s",
        Some(Unit::MegabitsPerSecond) => "Mbit/s",
        Some(Unit::GigabitsPerSecond) => "Gbit/s",
        Some(Unit::TerabitsPerSecond) => "Tbit/s",
        Some(Unit::CountPerSecond) => "1/s",
    }
}

/// Tells whether a name is spelled `radiosonde_` and more: what is called so says what became of telemetry, and others cannot
/// add to it, so that it stays true.
fn is_own(name: &str) -> bool {
    let is_spelled = |c: char| c.is_ascii_alphanumeric() || c == ':';
    let rest = name
        .strip_prefix("radiosonde")
        .and_then(|rest| rest.chars().next());
    rest.is_some_and(|next| !is_spelled(next))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use radiosonde_catalog::SERIES;

    use crate::{Registry, Value};

    #[test]
    fn what_the_registry_says_of_itself_cannot_be_set_by_others() {
        let registry = Registry::new();
        metrics::with_local_recorder(&registry, || {
            metrics::gauge!("radiosonde_series").set(1e9);
            metrics::counter!("radiosonde.metrics-refused_total", "reason" => "name_taken")
                .increment(7);
            metrics::counter!("radiosonde_mine").increment(1);
        });
        assert_eq!(registry.series(SERIES.name())[0].value, Value::Number(0.0));
        let text = registry.render();
        assert!(text.contains("reason=\"name_taken\"} 3\n"), "{text}");
        assert!(!text.contains("radiosonde_mine"), "{text}");
    }
    #[test]
    fn a_name_that_only_begins_alike_is_anybodys() {
        let registry = Registry::new();
        metrics::with_local_recorder(&registry, || {
            for name in [
                "radiosonde",
                "radiosondes",
                "radiosonde:rate",
                "my_radiosonde_",
            ] {
                metrics::counter!(name).increment(1);
                assert_eq!(registry.series(name)[0].value, Value::Count(1), "{name}");
            }
        });
    }
}
