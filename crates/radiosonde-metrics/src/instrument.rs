//! The instruments: what code holds and records into.
//!
//! Each is a counted pointer to a value. Recording takes no lock and allocates nothing, but for the first time that a thread
//! records into a series of counts, when it gets a cell of its own. Past 64 threads at once in one series, the others take
//! turns on a cell that they share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::cells::{BalanceCell, CountCell, Sharded};
use crate::operations::{Active, Ended};
use crate::refusals::RefusedValues;

/// A total that only grows.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::SPANS_SENT;
/// use radiosonde_metrics::Registry;
///
/// let sent = Registry::new().counter(&SPANS_SENT, &[]);
/// sent.increment(3);
/// assert_eq!(sent.value(), 3);
/// ```
#[derive(Debug, Clone)]
pub struct Counter(Sharded<CountCell>);

impl Counter {
    /// Adds `count`.
    pub fn increment(&self, count: u64) {
        self.0.write(|cell| cell.add(count));
    }

    /// Returns the total so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        total(&self.0)
    }

    /// Lets the total include operations that ended in some way.
    pub(crate) fn add_part(&self, ended: Ended) {
        self.0.add_part(ended);
    }

    /// Raises the total to `total`, unless it is higher already.
    ///
    /// Increments at the same time are added to it.
    pub(crate) fn raise_to(&self, total: u64) {
        self.0.write_alone(|cell| {
            let missing = total.saturating_sub(self.value());
            cell.add(missing);
        });
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self(Sharded::new(CountCell::default()))
    }
}

/// A number of things that begin and end: requests in flight, open connections. Exposed as a gauge.
///
/// It is exact under any number of threads, which do not slow each other down. While things begin and end, a reading may be
/// a little above what is, and is never below it.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::HTTP_ACTIVE_CONNECTIONS;
/// use radiosonde_metrics::Registry;
///
/// let active = Registry::new().up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &["GET"]);
/// active.add(2);
/// active.add(-1);
/// assert_eq!(active.value(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct UpDownCounter(Sharded<BalanceCell>);

impl UpDownCounter {
    /// Adds `change`, which may be negative.
    pub fn add(&self, change: i64) {
        self.0.write(|cell| cell.add(change));
    }

    /// Returns the number.
    #[must_use]
    pub fn value(&self) -> i64 {
        let (mut begun, mut ended) = (0_u64, 0_u64);
        // In this order: see `BalanceCell`.
        self.0.read(|cell| ended = ended.wrapping_add(cell.ended()));
        self.0
            .read_parts(|part| ended = ended.wrapping_add(part.ended()));
        self.0.read(|cell| begun = begun.wrapping_add(cell.begun()));
        self.0
            .read_parts(|part| begun = begun.wrapping_add(part.begun()));
        begun.wrapping_sub(ended).cast_signed()
    }

    /// Lets the number include operations that have begun and not ended.
    pub(crate) fn add_part(&self, active: Active) {
        self.0.add_part(active);
    }
}

impl Default for UpDownCounter {
    fn default() -> Self {
        Self(Sharded::new(BalanceCell::default()))
    }
}

fn total(value: &Sharded<CountCell>) -> u64 {
    let mut total = 0_u64;
    value.read(|cell| total = total.wrapping_add(cell.get()));
    value.read_parts(|part| total = total.wrapping_add(part.count()));
    total
}

/// A value that goes up and down.
///
/// A change that is not a number is refused and counted; the value stays.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<GaugeCell>);

#[derive(Debug, Default)]
struct GaugeCell {
    bits: AtomicU64,
    refused: RefusedValues,
}

impl Gauge {
    pub(crate) fn new(refused: RefusedValues) -> Self {
        Self(Arc::new(GaugeCell {
            bits: AtomicU64::default(),
            refused,
        }))
    }

    /// Replaces the value.
    pub fn set(&self, value: f64) {
        if value.is_nan() {
            return self.0.refused.refuse();
        }
        self.0.bits.store(value.to_bits(), Relaxed);
    }

    /// Adds `change`, which may be negative.
    pub fn add(&self, change: f64) {
        if !change.is_finite() {
            return self.0.refused.refuse();
        }
        let sum = |old: u64| Some((f64::from_bits(old) + change).to_bits());
        // The closure never declines, so this never fails.
        let _ = self.0.bits.fetch_update(Relaxed, Relaxed, sum);
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> f64 {
        f64::from_bits(self.0.bits.load(Relaxed))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::canonical::Refusal;
    use crate::refusals::Refusals;

    #[test]
    fn what_is_not_a_number_is_refused_and_counted() {
        let refusals = Refusals::default();
        let gauge = Gauge::new(refusals.of_values("depth"));
        gauge.set(2.0);
        gauge.set(f64::NAN);
        gauge.add(f64::INFINITY);
        let refused = refusals.counter(Refusal::NotANumber).value();
        assert_eq!((gauge.value(), refused), (2.0, 2));
    }

    #[test]
    fn what_is_counted_down_elsewhere_is_counted_down() {
        let active = UpDownCounter::default();
        active.add(3);
        std::thread::scope(|scope| {
            scope.spawn(|| active.add(-5));
        });
        assert_eq!(active.value(), -2);
    }

    #[test]
    fn a_reading_is_never_less_than_nothing() {
        let active = &UpDownCounter::default();
        let (begun, arrived) = std::sync::mpsc::sync_channel(1);
        std::thread::scope(|scope| {
            // What begins here ends there; the channel holds one, so two are in flight.
            scope.spawn(move || {
                for _ in 0..20_000 {
                    active.add(1);
                    begun.send(()).unwrap();
                }
            });
            scope.spawn(move || arrived.iter().for_each(|()| active.add(-1)));
            for _ in 0..20_000 {
                let now = active.value();
                assert!(now >= 0, "{now}");
            }
        });
        assert_eq!(active.value(), 0);
    }

    #[test]
    fn a_total_is_raised_and_never_lowered() {
        let total = Counter::default();
        for (absolute, expected) in [(3, 3), (2, 3), (7, 7)] {
            total.raise_to(absolute);
            assert_eq!(total.value(), expected);
        }
    }
}
