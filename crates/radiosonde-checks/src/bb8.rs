//! Pools of `bb8`, such as those that `redis` makes with its feature of that name.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bb8::{ManageConnection, Pool, Statistics};
use radiosonde_metrics::Registry;
use radiosonde_metrics::standard::ConnectionPool;

/// Shows how many connections of a pool are idle and in use, how many there may be, how many wait for one, and how many
/// waited in vain, as [`ConnectionPool`] has it: `name` is the name of the pool.
///
/// They are read before each reading of the registry, which keeps the pool. Of how long each waited, `bb8` tells only the
/// sum: put [`ConnectionPool::acquire`] around what acquires a connection.
///
/// # Examples
///
/// ```
/// use bb8::{ManageConnection, Pool};
/// use radiosonde_metrics::Registry;
///
/// struct Lines;
///
/// impl ManageConnection for Lines {
///     type Connection = String;
///     type Error = std::io::Error;
///
///     async fn connect(&self) -> Result<String, std::io::Error> {
///         Ok(String::new())
///     }
///
///     async fn is_valid(&self, _: &mut String) -> Result<(), std::io::Error> {
///         Ok(())
///     }
///
///     fn has_broken(&self, _: &mut String) -> bool {
///         false
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = Pool::builder().max_size(8).build(Lines).await?;
/// let registry = Registry::new();
/// radiosonde_checks::bb8::record_pool(&registry, "lines", &pool);
///
/// let line = pool.get().await?;
/// let used = r#"connection_pool_connections{pool="lines",state="used"} 1"#;
/// assert!(registry.render().contains(used));
/// # drop(line);
/// # Ok(())
/// # }
/// ```
pub fn record_pool<M: ManageConnection>(registry: &Registry, name: &str, pool: &Pool<M>) {
    let instrument = ConnectionPool::new(registry, name);
    let pool = pool.clone();
    let counted = AtomicU64::new(0);
    registry.before_reading(move || {
        let state = pool.state();
        let idle = state.idle_connections.min(state.connections);
        instrument.set_max(size(pool.config().max_size));
        instrument.set_idle(size(idle));
        instrument.set_used(size(state.connections - idle));
        instrument.set_waiting(waiting(&state.statistics));
        let timeouts = state.statistics.get_timed_out;
        let before = counted.fetch_max(timeouts, Relaxed);
        instrument.count_timeouts(timeouts.saturating_sub(before));
    });
}

/// Who has asked and got no answer yet.
fn waiting(statistics: &Statistics) -> usize {
    let ended = statistics.get_direct + statistics.get_waited + statistics.get_timed_out;
    usize::try_from(statistics.get_started.saturating_sub(ended)).unwrap_or(usize::MAX)
}

fn size(connections: u32) -> usize {
    usize::try_from(connections).unwrap_or(usize::MAX)
}
