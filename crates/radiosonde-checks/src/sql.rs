//! What the databases of `sqlx` have in common.

use radiosonde_metrics::Registry;
use radiosonde_metrics::standard::ConnectionPool;
use sqlx::{Database, Pool};

/// Shows how many connections of a pool are idle and in use, and how many there may be, as
/// [`ConnectionPool`] has it: `pool` is the name of the pool.
///
/// They are read before each reading of the registry, which keeps the pool. Who waits for a connection, and for how long,
/// `sqlx` does not tell: put [`ConnectionPool::acquire`] around what acquires one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "sqlite")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use radiosonde_metrics::Registry;
///
/// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
/// let registry = Registry::new();
/// radiosonde_checks::sql::record_pool(&registry, "orders", &pool);
///
/// let line = r#"connection_pool_connections{pool="orders",state="idle"} 1"#;
/// assert!(registry.render().contains(line));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sqlite"))]
/// # fn main() {}
/// ```
pub fn record_pool<DB: Database>(registry: &Registry, name: &str, pool: &Pool<DB>) {
    let instrument = ConnectionPool::new(registry, name);
    let pool = pool.clone();
    registry.before_reading(move || {
        let open = usize::try_from(pool.size()).unwrap_or(usize::MAX);
        let most = usize::try_from(pool.options().get_max_connections()).unwrap_or(usize::MAX);
        let idle = pool.num_idle().min(open);
        instrument.set_max(most);
        instrument.set_idle(idle);
        instrument.set_used(open - idle);
    });
}
