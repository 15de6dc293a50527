//! Redis, and what speaks its protocol.

use radiosonde_health::{Check, CheckFailed};
use redis::aio::ConnectionLike;

/// Makes a check that sends `PING`, by a clone of this connection.
///
/// Give it one that connects anew by itself, such as a `ConnectionManager`: a `MultiplexedConnection` that has ended fails
/// for ever, and so does a service that has no other.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = redis::Client::open("redis://localhost:6379")?;
/// let connection = redis::aio::ConnectionManager::new(client).await?;
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::redis::check("cache", &connection))?;
/// # Ok(())
/// # }
/// ```
pub fn check<C>(name: impl Into<String>, connection: &C) -> Check
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    let connection = connection.clone();
    Check::new(name, move || {
        let mut connection = connection.clone();
        async move {
            let answer: String = redis::cmd("PING").query_async(&mut connection).await?;
            if answer == "PONG" {
                Ok(())
            } else {
                Err(CheckFailed::new("the answer to PING is not PONG"))
            }
        }
    })
}
