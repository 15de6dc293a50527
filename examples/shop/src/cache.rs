//! Stock levels as they were a moment ago, in Redis.

use std::time::Duration;

use radiosonde::health::Check;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, RedisError};

use crate::stand_in;

/// The cache. Clones share its connection, which comes back by itself.
#[derive(Clone)]
pub(crate) struct Cache {
    connection: ConnectionManager,
}

impl Cache {
    /// Connects to the Redis of this URL, or to a stand-in.
    pub(crate) async fn open(url: Option<String>) -> Result<Self, Box<dyn std::error::Error>> {
        let url = match url {
            Some(url) => url,
            None => format!("redis://{}", stand_in::redis().await?),
        };
        let patience = Some(Duration::from_millis(500));
        let config = ConnectionManagerConfig::new();
        let config = config
            .set_connection_timeout(patience)
            .set_response_timeout(patience);
        let connection = redis::Client::open(url)?.get_connection_manager_lazy(config)?;
        Ok(Self { connection })
    }

    pub(crate) fn check(&self, name: &str) -> Check {
        radiosonde_checks::redis::check(name, &self.connection)
    }

    /// Returns what is known of an item; nothing if the cache cannot be asked, which its check tells.
    pub(crate) async fn level(&self, item: &str) -> Option<i64> {
        let known: Result<_, RedisError> = self.connection.clone().get(key(item)).await;
        known.unwrap_or_default()
    }

    /// Remembers a level for some seconds.
    pub(crate) async fn remember(&self, item: &str, level: i64) {
        let mut connection = self.connection.clone();
        // A cache that forgets costs a request to the stock service, no more.
        let _: Result<(), RedisError> = connection.set_ex(key(item), level, 5).await;
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

fn key(item: &str) -> String {
    format!("level:{item}")
}
