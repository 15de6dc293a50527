//! What the checks of `sqlx` that reach a server have in common.

use radiosonde_health::Check;
use sqlx::{Connection as _, Database, Pool};

/// Makes a check that takes a connection out of the pool and goes to the server and back with it.
pub(crate) fn round_trip<DB: Database>(name: impl Into<String>, pool: &Pool<DB>) -> Check {
    let pool = pool.clone();
    Check::new(name, move || {
        let pool = pool.clone();
        async move {
            let mut connection = pool.acquire().await?;
            connection.ping().await?;
            Ok(())
        }
    })
}
