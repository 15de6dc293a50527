//! Cassandra and ScyllaDB.

use std::sync::Arc;

#[cfg(feature = "cassandra-metrics")]
use radiosonde_catalog::CONNECTION_POOL_CONNECTIONS;
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

/// Shows how many connections to the cluster are open, as `connection_pool_connections`: `name` is the name of the pool.
///
/// A connection carries many requests at once, so that all count as idle: each takes one more. They are read before each reading of
/// the registry. How many there may be at most and who waits for one, the driver does not tell, and nothing is shown of it.
#[cfg(feature = "cassandra-metrics")]
pub fn record_pool(registry: &radiosonde_metrics::Registry, name: &str, session: &Session) {
    let open = registry.gauge(&CONNECTION_POOL_CONNECTIONS, &[name, "idle"]);
    let metrics = session.get_metrics();
    registry.before_reading(move || {
        let connections = u32::try_from(metrics.get_total_connections()).unwrap_or(u32::MAX);
        open.set(connections.into());
    });
}
