//! Pools of connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Instant;

use radiosonde_catalog::{
    CONNECTION_POOL_ACQUIRE_DURATION, CONNECTION_POOL_CONNECTIONS, CONNECTION_POOL_CONNECTIONS_MAX,
    CONNECTION_POOL_TIMEOUTS, CONNECTION_POOL_WAITING,
};

use super::number::real;
use crate::{Counter, Gauge, Histogram, Registry, UpDownCounter};

/// One pool of connections: its size, who waits for one, and for how long.
///
/// Records [`CONNECTION_POOL_CONNECTIONS_MAX`], [`CONNECTION_POOL_CONNECTIONS`], whose state is `idle` or `used`,
/// [`CONNECTION_POOL_WAITING`], [`CONNECTION_POOL_ACQUIRE_DURATION`] and [`CONNECTION_POOL_TIMEOUTS`].
///
/// Pools know their connections: set their numbers before each reading with [`Registry::before_reading`].
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::Registry;
/// use radiosonde_metrics::standard::ConnectionPool;
///
/// let registry = Registry::new();
/// let pool = ConnectionPool::new(&registry, "orders");
/// pool.set_max(10);
///
/// let collected = pool.clone();
/// registry.before_reading(move || {
///     collected.set_idle(3); // what the pool says
///     collected.set_used(4);
/// });
///
/// let waiting = pool.acquire();
/// match Some("a connection") {
///     Some(_connection) => waiting.acquired(),
///     None => waiting.timed_out(),
/// }
///
/// let text = registry.render();
/// assert!(text.contains(r#"connection_pool_connections{pool="orders",state="used"} 4"#));
/// assert!(text.contains(r#"connection_pool_acquire_duration_seconds_count{pool="orders"} 1"#));
/// assert!(text.contains(r#"connection_pool_timeouts_total{pool="orders"} 0"#));
/// ```
#[derive(Debug, Clone)]
pub struct ConnectionPool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    max: Gauge,
    idle: Gauge,
    used: Gauge,
    waiting: UpDownCounter,
    /// What of it the pool said itself.
    said_waiting: AtomicI64,
    acquire_duration: Histogram,
    timeouts: Counter,
}

impl ConnectionPool {
    /// Makes the series of the pool of this name, or finds them.
    #[must_use]
    pub fn new(registry: &Registry, pool: &str) -> Self {
        let connections = |state| registry.gauge(&CONNECTION_POOL_CONNECTIONS, &[pool, state]);
        let inner = Inner {
            max: registry.gauge(&CONNECTION_POOL_CONNECTIONS_MAX, &[pool]),
            idle: connections("idle"),
            used: connections("used"),
            waiting: registry.up_down_counter(&CONNECTION_POOL_WAITING, &[pool]),
            said_waiting: AtomicI64::new(0),
            acquire_duration: registry.histogram(&CONNECTION_POOL_ACQUIRE_DURATION, &[pool]),
            timeouts: registry.counter(&CONNECTION_POOL_TIMEOUTS, &[pool]),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Sets how many connections the pool may have open.
    pub fn set_max(&self, connections: usize) {
        self.inner.max.set(real(connections));
    }

    /// Sets how many connections are open and free.
    pub fn set_idle(&self, connections: usize) {
        self.inner.idle.set(real(connections));
    }

    /// Sets how many connections are open and in use.
    pub fn set_used(&self, connections: usize) {
        self.inner.used.set(real(connections));
    }

    /// Sets how many wait for a connection, beside those of [`acquire`](Self::acquire). For pools that know.
    pub fn set_waiting(&self, waiting: usize) {
        let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
        let before = self.inner.said_waiting.swap(waiting, Relaxed);
        self.inner.waiting.add(waiting - before);
    }

    /// Counts so many who got no connection in time. For pools that count them.
    pub fn count_timeouts(&self, timeouts: u64) {
        self.inner.timeouts.increment(timeouts);
    }

    /// Starts to wait for a connection.
    pub fn acquire(&self) -> Acquisition {
        self.inner.waiting.add(1);
        Acquisition {
            pool: self.inner.clone(),
            started: Instant::now(),
        }
    }
}

/// Somebody who waits for a connection.
///
/// It owns what it needs, so the wait may end in another task or thread. Dropped without a word it no longer waits, and
/// that is all: whoever asked gave up, or the pool failed otherwise than by taking too long.
#[derive(Debug)]
#[must_use = "the wait ends when this is dropped: keep it until there is a connection"]
pub struct Acquisition {
    pool: Arc<Inner>,
    started: Instant,
}

impl Acquisition {
    /// Ends the wait with a connection, and records how long it took.
    pub fn acquired(self) {
        let waited = self.started.elapsed();
        self.pool.acquire_duration.record(waited.as_secs_f64());
    }

    /// Ends the wait because no connection became free in time.
    pub fn timed_out(self) {
        self.pool.timeouts.increment(1);
    }
}

impl Drop for Acquisition {
    fn drop(&mut self) {
        self.pool.waiting.add(-1);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn counts(pool: &ConnectionPool) -> (i64, u64, u64) {
        let inner = &pool.inner;
        (
            inner.waiting.value(),
            inner.acquire_duration.count(),
            inner.timeouts.value(),
        )
    }

    #[test]
    fn whoever_waits_stops_waiting_once_however_it_ends() {
        let pool = ConnectionPool::new(&Registry::new(), "orders");
        let waiting = [pool.acquire(), pool.acquire(), pool.acquire()];
        assert_eq!(counts(&pool), (3, 0, 0));
        let [first, second, third] = waiting;
        first.acquired();
        second.timed_out();
        drop(third);
        assert_eq!(counts(&pool), (0, 1, 1));
        let panics = || {
            let _waiting = pool.acquire();
            panic!("expected: a pool that panics");
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert_eq!(counts(&pool), (0, 1, 1));
    }
}
