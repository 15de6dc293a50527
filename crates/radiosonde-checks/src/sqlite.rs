//! SQLite.

use radiosonde_health::Check;
use sqlx::SqlitePool;

/// Makes a check that reads the schema of the database, by a connection of this pool.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = sqlx::SqlitePool::connect("sqlite::memory:").await?;
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::sqlite::check("database", &pool).critical())?;
///
/// assert!(health.readiness().await.ready);
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, pool: &SqlitePool) -> Check {
    let pool = pool.clone();
    Check::new(name, move || {
        let pool = pool.clone();
        async move {
            // Unlike a ping, it notices a file that is gone or no database.
            let schema = sqlx::query("SELECT count(*) FROM sqlite_master");
            schema.execute(&pool).await?;
            Ok(())
        }
    })
}
