//! Redis, and what speaks its protocol.

use std::error::Error;

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
        async move { ping(&mut connection).await }
    })
}

/// Makes a check that takes a connection out of a pool and sends `PING` with it: of `deadpool-redis`, of `bb8`, or of any other.
///
/// `acquire` takes it, as a request does: a pool that has none left for so long fails, whatever the server does. What there is to
/// know of the pool itself, the modules `deadpool` and `bb8` show.
///
/// # Examples
///
/// ```no_run
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use deadpool_redis::{Config, Runtime};
///
/// let pool = Config::from_url("redis://localhost:6379").create_pool(Some(Runtime::Tokio1))?;
/// let health = radiosonde_health::Health::new();
/// let check = radiosonde_checks::redis::pool_check("cache", move || {
///     let pool = pool.clone();
///     async move { pool.get().await }
/// });
/// health.register(check)?;
/// # Ok(())
/// # }
/// ```
///
/// A connection of `bb8` is asked by a clone of the one inside, while the pool has it back:
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = redis::Client::open("redis://localhost:6379")?;
/// let pool = bb8::Pool::builder().build(client).await?;
/// let health = radiosonde_health::Health::new();
/// let check = radiosonde_checks::redis::pool_check("cache", move || {
///     let pool = pool.clone();
///     async move { pool.get().await.map(|connection| connection.clone()) }
/// });
/// health.register(check)?;
/// # Ok(())
/// # }
/// ```
pub fn pool_check<F, Fut, C, E>(name: impl Into<String>, acquire: F) -> Check
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<C, E>> + Send + 'static,
    C: ConnectionLike + Send,
    E: Error,
{
    Check::new(name, move || {
        let acquired = acquire();
        async move {
            let mut connection = acquired.await.map_err(CheckFailed::from)?;
            ping(&mut connection).await
        }
    })
}

async fn ping(connection: &mut impl ConnectionLike) -> Result<(), CheckFailed> {
    let answer: String = redis::cmd("PING").query_async(connection).await?;
    if answer == "PONG" {
        Ok(())
    } else {
        Err(CheckFailed::new("the answer to PING is not PONG"))
    }
}
