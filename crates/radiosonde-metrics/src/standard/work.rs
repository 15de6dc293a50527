//! Work that ends in one of four ways.

use std::sync::Arc;
use std::thread::panicking;
use std::time::Instant;

use radiosonde_catalog::Metric;

use crate::{Counter, Histogram, Registry};

/// Where the ends of one kind of work are counted.
#[derive(Debug)]
pub(super) struct Ends {
    ok: Counter,
    error: Counter,
    cancelled: Counter,
    panicked: Counter,
    duration: Histogram,
}

impl Ends {
    /// Makes the series of a counter with the labels name and outcome, and of a histogram with the label name.
    pub(super) fn new(registry: &Registry, ended: &Metric, duration: &Metric, name: &str) -> Self {
        let counter = |outcome| registry.counter(ended, &[name, outcome]);
        Self {
            ok: counter("ok"),
            error: counter("error"),
            cancelled: counter("cancelled"),
            panicked: counter("panicked"),
            duration: registry.histogram(duration, &[name]),
        }
    }

    fn counter(&self, end: End) -> &Counter {
        match end {
            End::Ok => &self.ok,
            End::Error => &self.error,
            End::Cancelled => &self.cancelled,
            End::Panicked => &self.panicked,
        }
    }
}

impl AsRef<Ends> for Ends {
    fn as_ref(&self) -> &Ends {
        self
    }
}

/// Work that has started. It counts when it is dropped, and so exactly once.
///
/// It owns its part of the instrument, so that it can end elsewhere than where it started: in another task or thread.
#[derive(Debug)]
pub(super) struct Work<T: AsRef<Ends>> {
    instrument: Arc<T>,
    started: Instant,
    /// What runs while a panic unwinds, such as a destructor, has not panicked itself.
    unwinding: bool,
    end: End,
}

impl<T: AsRef<Ends>> Work<T> {
    pub(super) fn start(instrument: &Arc<T>) -> Self {
        Self {
            instrument: instrument.clone(),
            started: Instant::now(),
            unwinding: panicking(),
            end: End::Cancelled,
        }
    }

    /// Returns the instrument that started it.
    pub(super) fn instrument(&self) -> &T {
        &self.instrument
    }

    pub(super) fn succeeded(mut self) {
        self.end = End::Ok;
    }

    pub(super) fn failed(mut self) {
        self.end = End::Error;
    }
}

impl<T: AsRef<Ends>> Drop for Work<T> {
    fn drop(&mut self) {
        let end = match self.end {
            End::Cancelled if panicking() && !self.unwinding => End::Panicked,
            end => end,
        };
        let ends = (*self.instrument).as_ref();
        ends.counter(end).increment(1);
        ends.duration.record(self.started.elapsed().as_secs_f64());
    }
}

#[derive(Debug, Clone, Copy)]
enum End {
    Ok,
    Error,
    Cancelled,
    Panicked,
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use radiosonde_catalog::{MESSAGE_PROCESSING_DURATION, MESSAGES_PROCESSED};

    use super::*;

    fn ends() -> Arc<Ends> {
        Arc::new(Ends::new(
            &Registry::new(),
            &MESSAGES_PROCESSED,
            &MESSAGE_PROCESSING_DURATION,
            "orders",
        ))
    }

    fn counts(ends: &Ends) -> [u64; 5] {
        let all = [End::Ok, End::Error, End::Cancelled, End::Panicked];
        let [ok, error, cancelled, panicked] = all.map(|end| ends.counter(end).value());
        [ok, error, cancelled, panicked, ends.duration.count()]
    }

    #[test]
    fn each_end_counts_once_with_its_duration() {
        let ends = ends();
        assert_eq!(counts(&ends), [0; 5]);
        Work::start(&ends).succeeded();
        Work::start(&ends).succeeded();
        Work::start(&ends).failed();
        drop(Work::start(&ends));
        assert_eq!(counts(&ends), [2, 1, 1, 0, 4]);
    }

    #[test]
    fn a_panic_counts_as_one_and_what_was_said_before_it_stays() {
        let ends = ends();
        let panics = || {
            Work::start(&ends).succeeded();
            let _work = Work::start(&ends);
            panic!("expected: work that panics");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(counts(&ends), [1, 0, 0, 1, 2]);
    }

    #[test]
    fn work_of_a_destructor_has_not_panicked_because_others_have() {
        struct CleansUp(Arc<Ends>);
        impl Drop for CleansUp {
            fn drop(&mut self) {
                drop(Work::start(&self.0));
            }
        }
        let ends = ends();
        let panics = || {
            let _cleans_up = CleansUp(ends.clone());
            panic!("expected: work that panics");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(counts(&ends), [0, 0, 1, 0, 1]);
    }
}
