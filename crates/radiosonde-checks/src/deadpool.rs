//! Pools of `deadpool`, such as those of `deadpool-redis`.

use deadpool::managed::{Manager, Object, Pool};
use radiosonde_metrics::Registry;
use radiosonde_metrics::standard::ConnectionPool;

/// Shows how many connections of a pool are idle and in use, how many there may be, and how many wait for one, as
/// [`ConnectionPool`] has it: `name` is the name of the pool.
///
/// They are read before each reading of the registry, which keeps the pool. For how long somebody waited, `deadpool` does
/// not tell: put [`ConnectionPool::acquire`] around what acquires one.
///
/// # Examples
///
/// ```
/// use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};
/// use radiosonde_metrics::Registry;
///
/// struct Lines;
///
/// impl Manager for Lines {
///     type Type = String;
///     type Error = std::io::Error;
///
///     async fn create(&self) -> Result<String, std::io::Error> {
///         Ok(String::new())
///     }
///
///     async fn recycle(&self, _: &mut String, _: &Metrics) -> RecycleResult<std::io::Error> {
///         Ok(())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool: Pool<Lines> = Pool::builder(Lines).max_size(8).build()?;
/// let registry = Registry::new();
/// radiosonde_checks::deadpool::record_pool(&registry, "lines", &pool);
///
/// let line = pool.get().await?;
/// let used = r#"connection_pool_connections{pool="lines",state="used"} 1"#;
/// assert!(registry.render().contains(used));
/// # drop(line);
/// # Ok(())
/// # }
/// ```
pub fn record_pool<M, W>(registry: &Registry, name: &str, pool: &Pool<M, W>)
where
    M: Manager + 'static,
    M::Type: Send,
    W: From<Object<M>> + Send + Sync + 'static,
{
    let instrument = ConnectionPool::new(registry, name);
    let pool = pool.clone();
    registry.before_reading(move || {
        let status = pool.status();
        let idle = status.available.min(status.size);
        instrument.set_max(status.max_size);
        instrument.set_idle(idle);
        instrument.set_used(status.size - idle);
        instrument.set_waiting(status.waiting);
    });
}
