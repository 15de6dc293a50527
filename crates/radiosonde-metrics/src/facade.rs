//! The registry as the recorder of the `metrics` facade.
//!
//! A macro such as `counter!` looks its instrument up each time it runs. [`Index`] makes the repeat cheap: one hash
//! that the key brings along, and a shared lock. Only names and labels that got a series of their own are kept there,
//! so it is bounded as the registry is.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, PoisonError, RwLock};

use metrics::{
    CounterFn, GaugeFn, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use radiosonde_catalog::Kind;

use crate::registry::Instrument;
use crate::{Counter, Gauge, Histogram, Registry};

impl Recorder for Registry {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name.as_str(), word(unit), &help);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name.as_str(), word(unit), &help);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, help: SharedString) {
        self.describe(name.as_str(), word(unit), &help);
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
        let labels = key.labels().map(|label| (label.key(), label.value()));
        match self.instrument(kind, key.name(), None, labels) {
            Ok((instrument, its_own)) => {
                if its_own {
                    self.index().insert(key, &instrument);
                }
                Some(instrument)
            }
            Err(refusal) => {
                self.refuse(refusal);
                None
            }
        }
    }
}

/// The series by the keys with which the facade asked for them, as they were spelled.
#[derive(Debug, Default)]
pub(crate) struct Index(RwLock<HashMap<Key, Instrument, BuildHasherDefault<KeysOwnHash>>>);

impl Index {
    fn get(&self, kind: Kind, key: &Key) -> Option<Instrument> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        index
            .get(key)
            .filter(|instrument| instrument.kind() == kind)
            .cloned()
    }

    fn insert(&self, key: &Key, instrument: &Instrument) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if index.len() < MAX_SPELLINGS {
            index.insert(key.clone(), instrument.clone());
        }
    }
}

/// Takes the hash that a key computed when it was made.
#[derive(Debug, Default)]
struct KeysOwnHash(u64);

impl Hasher for KeysOwnHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
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

/// The word for a unit at the end of a name; empty for those that OpenMetrics has no base unit for.
fn word(unit: Option<Unit>) -> &'static str {
    match unit {
        Some(Unit::Seconds) => "seconds",
        Some(Unit::Bytes) => "bytes",
        _ => "",
    }
}

/// One series may be asked for under many spellings (`a.b`, `a-b`); those past this bound are looked up the long way.
const MAX_SPELLINGS: usize = 50_000;
