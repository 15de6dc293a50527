//! Checks against the real servers, which are killed, revived, stopped and continued.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![cfg(all(
    target_os = "linux",
    feature = "mysql",
    feature = "nats",
    feature = "postgres",
    feature = "rabbitmq",
    feature = "redis"
))]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use radiosonde_health::{Check, Health};
use radiosonde_metrics::Registry;
use radiosonde_testkit::backend::{Backend, Kind};
use tokio::time::sleep;

/// Registers a check that makes up its mind quickly, and leaves a slow machine its time.
fn watched(check: Check) -> Health {
    let health = Health::new();
    let check = check
        .critical()
        .interval(Duration::from_secs(2))
        .interval_while_failing(Duration::from_millis(100))
        .timeout(Duration::from_secs(2));
    health.register(check).unwrap();
    health
}

async fn until(health: &Health, ready: bool, what: &str) {
    let turns = async {
        while health.readiness().await.ready != ready {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let turned = tokio::time::timeout(Duration::from_mins(1), turns).await;
    let report = &health.last_report().checks[0];
    assert!(turned.is_ok(), "{what}: {report:?}");
}

/// Follows a dependency through its troubles; `mend` does what the service does when it is back.
async fn through_its_troubles(
    health: &Health,
    backend: &mut Backend,
    mend: impl AsyncFn(&Backend),
) {
    until(health, true, "it works").await;
    backend.kill();
    until(health, false, "it was killed").await;
    backend.revive();
    mend(backend).await;
    until(health, true, "it was revived").await;
    backend.stop();
    until(health, false, "it was stopped").await;
    backend.resume();
    until(health, true, "it was continued").await;
}

#[tokio::test]
async fn postgres() {
    let mut backend = Backend::start(Kind::Postgres);
    let pool = sqlx::PgPool::connect(&backend.url()).await.unwrap();
    let registry = Registry::new();
    radiosonde_checks::sql::record_pool(&registry, "orders", &pool);
    let busy = pool.acquire().await.unwrap();
    let text = registry.render();
    for line in [
        r#"connection_pool_connections_max{pool="orders"} 10"#,
        r#"connection_pool_connections{pool="orders",state="used"} 1"#,
    ] {
        assert!(text.contains(line), "{text}");
    }
    drop(busy);
    let health = watched(radiosonde_checks::postgres::check("database", &pool));
    through_its_troubles(&health, &mut backend, async |_| ()).await;
}

#[tokio::test]
async fn mariadb() {
    let mut backend = Backend::start(Kind::Mariadb);
    let pool = sqlx::MySqlPool::connect(&backend.url()).await.unwrap();
    let health = watched(radiosonde_checks::mysql::check("database", &pool));
    through_its_troubles(&health, &mut backend, async |_| ()).await;
}

#[tokio::test]
async fn redis() {
    let mut backend = Backend::start(Kind::Redis);
    let client = redis::Client::open(backend.url()).unwrap();
    let connection = redis::aio::ConnectionManager::new(client).await.unwrap();
    let health = watched(radiosonde_checks::redis::check("cache", &connection));
    through_its_troubles(&health, &mut backend, async |_| ()).await;
}

#[tokio::test]
async fn nats() {
    let mut backend = Backend::start(Kind::Nats);
    let client = async_nats::connect(backend.url()).await.unwrap();
    let health = watched(radiosonde_checks::nats::check("events", &client));
    through_its_troubles(&health, &mut backend, async |_| ()).await;
}

#[tokio::test]
async fn rabbitmq() {
    let mut backend = Backend::start(Kind::RabbitMq);
    let connect = async |backend: &Backend| {
        let url = backend.url();
        let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default());
        Arc::new(connection.await.unwrap())
    };
    // What a service does that connects anew.
    let current = Arc::new(Mutex::new(connect(&backend).await));
    let used = Arc::clone(&current);
    let check = radiosonde_checks::rabbitmq::check("orders", move || used.lock().unwrap().clone());
    let health = watched(check);
    let mend = async |backend: &Backend| {
        let connection = connect(backend).await;
        *current.lock().unwrap() = connection;
    };
    through_its_troubles(&health, &mut backend, mend).await;
}
