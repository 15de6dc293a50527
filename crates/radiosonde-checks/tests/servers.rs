//! Checks against the real servers, which are killed, revived, stopped and continued.
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]
#![cfg(all(
    target_os = "linux",
    feature = "bb8",
    feature = "clickhouse",
    feature = "deadpool",
    feature = "mongodb",
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

/// Registers a check, critical and quick.
fn watched(check: Check) -> Health {
    let health = Health::new();
    health.register(quick(check)).unwrap();
    health
}

/// Has a check make up its mind quickly, and leave a slow machine its time.
fn quick(check: Check) -> Check {
    check
        .critical()
        .interval(Duration::from_secs(2))
        .interval_while_failing(Duration::from_millis(100))
        .timeout(Duration::from_secs(2))
}

async fn until(health: &Health, ready: bool, what: &str) {
    let turns = async {
        while health.readiness().await.ready != ready {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let turned = tokio::time::timeout(Duration::from_mins(1), turns).await;
    assert!(turned.is_ok(), "{what}: {:?}", health.last_report().checks);
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
async fn pools_of_redis() {
    let mut backend = Backend::start(Kind::Redis);
    let registry = Registry::new();

    let settings = deadpool_redis::Config::from_url(backend.url());
    let first = settings
        .create_pool(Some(deadpool_redis::Runtime::Tokio1))
        .unwrap();
    radiosonde_checks::deadpool::record_pool(&registry, "first", &first);
    let client = redis::Client::open(backend.url()).unwrap();
    let second = bb8::Pool::builder()
        .max_size(3)
        .build(client)
        .await
        .unwrap();
    radiosonde_checks::bb8::record_pool(&registry, "second", &second);

    let busy = (first.get().await.unwrap(), second.get().await.unwrap());
    let text = registry.render();
    for line in [
        r#"connection_pool_connections{pool="first",state="used"} 1"#,
        r#"connection_pool_connections_max{pool="second"} 3"#,
        r#"connection_pool_connections{pool="second",state="used"} 1"#,
        r#"connection_pool_waiting{pool="second"} 0"#,
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    drop(busy);

    let health = watched(radiosonde_checks::redis::pool_check("first", move || {
        let pool = first.clone();
        async move { pool.get().await }
    }));
    let check = radiosonde_checks::redis::pool_check("second", move || {
        let pool = second.clone();
        async move { pool.get().await.map(|connection| connection.clone()) }
    });
    health.register(quick(check)).unwrap();
    through_its_troubles(&health, &mut backend, async |_| ()).await;
}

#[tokio::test]
async fn clickhouse() {
    let mut backend = Backend::start(Kind::ClickHouse);
    let url = backend.url().parse().unwrap();
    let health = watched(radiosonde_checks::clickhouse::check(
        "events",
        &reqwest::Client::new(),
        url,
    ));
    through_its_troubles(&health, &mut backend, async |_| ()).await;
}

#[tokio::test]
async fn mongodb() {
    let mut backend = Backend::start(Kind::MongoDb);
    let registry = Registry::new();
    let options = mongodb::options::ClientOptions::parse(backend.url()).await;
    let mut options = options.unwrap();
    let listener = radiosonde_checks::mongodb::record_pool(&registry, "documents");
    options.cmap_event_handler = Some(listener);
    // The driver asks this often whether a server is there, and the least that it takes.
    options.heartbeat_freq = Some(Duration::from_millis(500));
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let client = mongodb::Client::with_options(options).unwrap();
    let health = watched(radiosonde_checks::mongodb::check("documents", &client));
    until(&health, true, "it works").await;
    let text = registry.render();
    for line in [
        r#"connection_pool_connections_max{pool="documents"} 10"#,
        r#"connection_pool_connections{pool="documents",state="idle"} 1"#,
        r#"connection_pool_connections{pool="documents",state="used"} 0"#,
        r#"connection_pool_waiting{pool="documents"} 0"#,
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    through_its_troubles(&health, &mut backend, async |_| ()).await;

    // The tasks of the driver end with the last client of the service.
    drop((client, health));
    let ended = async {
        while tasks() > before {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_mins(1), ended).await;
    assert!(ended.is_ok(), "{} tasks are left", tasks() - before);
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
