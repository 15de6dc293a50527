//! Cassandra and ScyllaDB.

use std::sync::Arc;

use radiosonde_health::Check;
use scylla::client::session::Session;

/// Makes a check that reads one row of `system.local`, by this session: of one node that the session would ask.
///
/// It says that a node answers, not that enough of them do for the consistency level of the service. Any role may read that row.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
///
/// use scylla::client::session_builder::SessionBuilder;
///
/// let session = SessionBuilder::new().known_node("cassandra.internal:9042").build().await?;
/// let session = Arc::new(session);
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::cassandra::check("events", &session))?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, session: &Arc<Session>) -> Check {
    let session = Arc::clone(session);
    Check::new(name, move || {
        let session = Arc::clone(&session);
        async move {
            let row = "SELECT key FROM system.local WHERE key = 'local'";
            session.query_unpaged(row, ()).await?;
            Ok(())
        }
    })
}

/// Shows how many connections to the cluster are open, as
/// [`ConnectionPool`](radiosonde_metrics::standard::ConnectionPool) has it: `name` is the name of the pool.
///
/// A connection carries many requests at once, so that all count as idle and none as used; as many as there are is also
/// the most. They are read before each reading of the registry. Who waits for one, the driver does not tell.
#[cfg(feature = "cassandra-metrics")]
pub fn record_pool(registry: &radiosonde_metrics::Registry, name: &str, session: &Session) {
    let instrument = radiosonde_metrics::standard::ConnectionPool::new(registry, name);
    let metrics = session.get_metrics();
    registry.before_reading(move || {
        let open = usize::try_from(metrics.get_total_connections()).unwrap_or(usize::MAX);
        instrument.set_max(open);
        instrument.set_idle(open);
    });
}
