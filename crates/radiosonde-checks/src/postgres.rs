//! PostgreSQL.

use radiosonde_health::Check;
use sqlx::PgPool;

use crate::round_trip::round_trip;

/// Makes a check that goes to the server and back, by a connection of this pool.
///
/// It waits for a connection as a request does: a pool that has none left for so long fails, whatever the server does.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = sqlx::PgPool::connect("postgres://checkout@localhost/checkout").await?;
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::postgres::check("database", &pool).critical())?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, pool: &PgPool) -> Check {
    round_trip(name, pool)
}
