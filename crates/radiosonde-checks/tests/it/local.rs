//! What every machine has.

use radiosonde_checks::{disk, dns, sqlite, tcp};

use crate::{error, run};

#[tokio::test]
async fn a_port_that_accepts_passes() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    assert!(run(tcp::check("port", &address)).await.is_passing());
    // The port may be anybody's by now, so that only what is no address surely fails.
    drop(listener);
    assert!(!error(tcp::check("port", "127.0.0.1")).await.is_empty());
}

/// Tokio would resolve a name by a thread for each run, and forget those that hang: so it has no part in this, and is not missed.
#[test]
fn a_port_of_a_name_passes_without_the_sockets_of_tokio() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("localhost:{}", listener.local_addr().unwrap().port());
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().build().unwrap();
    let report = runtime.block_on(run(tcp::check("port", address)));
    assert!(report.is_passing(), "{report:?}");
    let nameless = runtime.block_on(error(tcp::check("port", "no name:80")));
    assert!(!nameless.is_empty());
}

#[tokio::test]
async fn a_name_that_resolves_passes() {
    assert!(run(dns::check("name", "localhost")).await.is_passing());
    assert!(!error(dns::check("name", "no name")).await.is_empty());
}

#[tokio::test]
async fn a_file_system_with_room_passes() {
    assert!(run(disk::check("disk", "/", 1)).await.is_passing());
    let said = error(disk::check("disk", "/", u64::MAX)).await;
    assert!(said.contains("bytes are free"), "{said}");
    assert!(
        !error(disk::check("disk", "/no/such/place", 1))
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn a_database_that_can_be_read_passes() {
    let pool = sqlx::SqlitePool::connect("sqlite::memory:").await.unwrap();
    assert!(run(sqlite::check("database", &pool)).await.is_passing());
    pool.close().await;
    assert!(
        error(sqlite::check("database", &pool))
            .await
            .contains("closed")
    );
}
