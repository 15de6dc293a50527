//! Orders, in PostgreSQL or SQLite.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use radiosonde::health::Check;
use radiosonde::metrics::Registry;
use serde::{Deserialize, Serialize};
use sqlx::pool::PoolOptions;
use sqlx::{ConnectOptions as _, PgPool, SqliteConnection, SqlitePool};

/// The database. Clones share its pool.
#[derive(Debug, Clone)]
pub(crate) enum Orders {
    Postgres(PgPool),
    Sqlite(SqlitePool, Memory),
}

/// What keeps a database in memory: it is there as long as a connection is, and a pool gives one up that was dropped while it
/// was asked something.
type Memory = Arc<Mutex<Option<SqliteConnection>>>;

/// What a customer wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) item: String,
    pub(crate) quantity: i64,
}

impl Orders {
    /// Opens the database of this URL, or one in memory. It connects when there is something to ask, so that the service
    /// starts without it, too, and says what is wrong.
    pub(crate) fn open(url: Option<&str>) -> Result<Self, sqlx::Error> {
        // Below the timeout of a client, so that a pool that is exhausted is an error and not a silence.
        let patience = Duration::from_secs(2);
        let Some(url) = url else {
            // Several would lock each other out of the same memory.
            let options = PoolOptions::new().max_connections(1);
            let pool = options.acquire_timeout(patience);
            let pool = pool.connect_lazy("sqlite::memory:")?;
            return Ok(Self::Sqlite(pool, Memory::default()));
        };
        let options = PoolOptions::new().max_connections(10);
        let pool = options.acquire_timeout(patience).connect_lazy(url)?;
        Ok(Self::Postgres(pool))
    }

    pub(crate) fn check(&self, name: &str) -> Check {
        match self {
            Self::Postgres(pool) => radiosonde_checks::postgres::check(name, pool),
            Self::Sqlite(pool, _) => radiosonde_checks::sqlite::check(name, pool),
        }
    }

    pub(crate) fn record_pool(&self, registry: &Registry) {
        match self {
            Self::Postgres(pool) => radiosonde_checks::sql::record_pool(registry, "orders", pool),
            Self::Sqlite(pool, _) => radiosonde_checks::sql::record_pool(registry, "orders", pool),
        }
    }

    pub(crate) async fn migrate(&self) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(pool) => sqlx::query(TABLE).execute(pool).await.map(drop),
            Self::Sqlite(pool, memory) => {
                let mut connection = pool.connect_options().connect().await?;
                sqlx::query(TABLE).execute(&mut connection).await?;
                let mut kept = memory.lock().unwrap_or_else(PoisonError::into_inner);
                *kept = Some(connection);
                Ok(())
            }
        }
    }

    /// Stores an order and returns its number.
    pub(crate) async fn place(&self, order: &Order) -> Result<i64, sqlx::Error> {
        let id = fastrand::i64(0..);
        let Order { item, quantity } = order;
        match self {
            Self::Postgres(pool) => {
                let insert = sqlx::query(INSERT).bind(id).bind(item).bind(quantity);
                insert.execute(pool).await?;
            }
            Self::Sqlite(pool, _) => {
                let insert = sqlx::query(INSERT).bind(id).bind(item).bind(quantity);
                insert.execute(pool).await?;
            }
        }
        Ok(id)
    }

    pub(crate) async fn find(&self, id: i64) -> Result<Option<Order>, sqlx::Error> {
        let found: Option<(String, i64)> = match self {
            Self::Postgres(pool) => {
                let select = sqlx::query_as(SELECT).bind(id);
                select.fetch_optional(pool).await?
            }
            Self::Sqlite(pool, _) => {
                let select = sqlx::query_as(SELECT).bind(id);
                select.fetch_optional(pool).await?
            }
        };
        Ok(found.map(|(item, quantity)| Order { item, quantity }))
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS orders (id BIGINT PRIMARY KEY, item TEXT NOT NULL, quantity BIGINT NOT NULL)";
const INSERT: &str = "INSERT INTO orders (id, item, quantity) VALUES ($1, $2, $3)";
const SELECT: &str = "SELECT item, quantity FROM orders WHERE id = $1";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_that_is_given_up_takes_no_order_with_it() {
        let orders = Orders::open(None).unwrap();
        orders.migrate().await.unwrap();
        let order = Order {
            item: "radiosonde".into(),
            quantity: 3,
        };
        let id = orders.place(&order).await.unwrap();
        let Orders::Sqlite(pool, _) = &orders else {
            panic!("without a URL it is in memory");
        };
        pool.acquire().await.unwrap().close().await.unwrap();
        let found = orders.find(id).await.unwrap().unwrap();
        assert_eq!((&*found.item, found.quantity), ("radiosonde", 3));
    }
}
