//! A shop: orders in a database, stock levels of another service, a cache between them. `cargo run -p shop`.
//!
//! It listens on `ADDR`, by default `127.0.0.1:8080`, and works with nothing else installed:
//!
//! | variable | without it |
//! |---|---|
//! | `DATABASE_URL`, of PostgreSQL | SQLite, in memory |
//! | `REDIS_URL` | a stand-in for Redis, in this process |
//! | `STOCK_URL`, of the stock service | a stand-in for that, too |
//!
//! ```sh
//! curl -d '{"item":"balloon","quantity":2}' -H 'content-type: application/json' localhost:8080/orders
//! curl 'localhost:8080/ready?verbose'
//! ```
//!
//! It takes requests once its tables are there, is not ready without its database, is degraded without the cache or the
//! stock service, and ends without losing a request: try Ctrl-C while something asks it.

mod cache;
mod orders;
mod routes;
mod stand_in;
mod stock;

use std::error::Error;
use std::time::Duration;

use cache::Cache;
use orders::Orders;
use radiosonde::Sonde;
use stock::Stock;

/// What the handlers use.
#[derive(Debug, Clone)]
struct Shop {
    orders: Orders,
    cache: Cache,
    stock: Stock,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sonde = radiosonde::init(radiosonde::service!())?;
    let shop = Shop {
        orders: Orders::open(variable("DATABASE_URL").as_deref())?,
        cache: Cache::open(variable("REDIS_URL")).await?,
        stock: Stock::open(variable("STOCK_URL"), &sonde).await?,
    };

    let health = sonde.health();
    // Without its database it can answer nothing; the rest it can do without for a while.
    health.register(shop.orders.check("database").critical())?;
    health.register(shop.cache.check("cache"))?;
    health.register(shop.stock.check("stock"))?;
    shop.orders.record_pool(sonde.metrics());
    start(&sonde, shop.orders.clone());

    let app = routes::router(shop)
        .merge(sonde.router())
        .layer(sonde.layer());
    let address = variable("ADDR").unwrap_or_else(|| "127.0.0.1:8080".into());
    sonde.serve(address, app).await?;
    Ok(())
}

/// Makes the tables while the service listens already: it is alive, and takes no requests before they are there.
fn start(sonde: &Sonde, orders: Orders) {
    let migrated = sonde.health().gate("migrations");
    tokio::spawn(async move {
        while let Err(error) = orders.migrate().await {
            tracing::warn!(%error, "the tables cannot be made; trying again");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        migrated.open();
    });
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
