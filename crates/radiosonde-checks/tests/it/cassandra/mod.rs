//! The check of Cassandra, by the real driver, against a node that answers as a real one did.

mod node;
mod recorder;
mod recording;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use radiosonde_checks::cassandra;
use radiosonde_health::Health;
use radiosonde_metrics::Registry;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;

use self::node::Node;
use self::recorder::Recorder;
use self::recording::Recording;
use crate::{error, run, turns};

async fn session(node: SocketAddr) -> Arc<Session> {
    let builder = SessionBuilder::new().known_node_addr(node);
    Arc::new(builder.build().await.unwrap())
}

#[tokio::test]
async fn a_node_that_answers_passes() {
    let node = Node::start().await;
    let session = session(node.addr()).await;
    let report = run(cassandra::check("events", &session)).await;
    assert!(report.is_passing(), "{report:?}");
    let asked = node.last_query();
    assert!(asked.contains("FROM system.local"), "{asked}");
}

/// Else a driver of another version asks other things: print the recording of a server with the last test here.
#[tokio::test]
async fn what_was_recorded_is_what_is_asked() {
    let node = Node::start().await;
    let recorder = Recorder::before(node.addr().to_string()).await;
    let session = session(recorder.addr()).await;
    assert!(run(cassandra::check("events", &session)).await.is_passing());
    let recording = recorder.recording();
    assert!(recording == Recording::load("well"), "{recording}");
}

#[tokio::test]
async fn a_role_that_may_nothing_passes() {
    let node = Node::start().await;
    node.answer_as("behind a password");
    let builder = SessionBuilder::new().known_node_addr(node.addr());
    let session = builder.user("checkout", "hunter2").build().await;
    let session = Arc::new(session.unwrap());
    let report = run(cassandra::check("events", &session)).await;
    assert!(report.is_passing(), "{report:?}");
}

#[tokio::test]
async fn what_a_node_says_is_told() {
    let node = Node::start().await;
    let session = session(node.addr()).await;
    for (title, words) in [
        (
            "too slow",
            "Operation timed out - received only 0 responses",
        ),
        (
            "failing",
            "Operation failed - received 0 responses and 1 failures",
        ),
    ] {
        node.answer_as(title);
        let said = error(cassandra::check("events", &session)).await;
        assert!(said.contains(words), "{title}: {said}");
    }
}

#[tokio::test]
async fn a_node_is_followed_through_its_troubles() {
    let mut node = Node::start().await;
    let session = session(node.addr()).await;
    let health = Health::new();
    let check = cassandra::check("events", &session).critical();
    let check = check
        .interval(Duration::from_secs(1))
        .interval_while_failing(Duration::from_millis(100));
    health.register(check).unwrap();
    turns(&health, true, "it answers").await;
    node.kill();
    turns(&health, false, "it was killed").await;
    node.revive();
    turns(&health, true, "it was revived").await;
    node.be_silent();
    turns(&health, false, "it fell silent").await;
    node.speak();
    turns(&health, true, "it speaks again").await;
}

#[tokio::test]
async fn open_connections_are_shown() {
    let node = Node::start().await;
    let session = session(node.addr()).await;
    assert!(run(cassandra::check("events", &session)).await.is_passing());
    let registry = Registry::new();
    cassandra::record_pool(&registry, "events", &session);
    let text = registry.render();
    let open = node.connections() - 1; // That of the driver itself is not in the pool.
    let shown: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("connection_pool"))
        .collect();
    let line = format!(r#"connection_pool_connections{{pool="events",state="idle"}} {open}"#);
    assert_eq!(shown, [line], "and nothing that the driver does not tell");
}

#[tokio::test]
#[ignore = "needs a server: RADIOSONDE_TEST_CASSANDRA=127.0.0.1:9042"]
async fn a_cassandra_of_yours_passes() {
    let node = std::env::var("RADIOSONDE_TEST_CASSANDRA").unwrap();
    let recorder = Recorder::before(node).await;
    let session = session(recorder.addr()).await;
    let report = run(cassandra::check("events", &session)).await;
    println!("{}", recorder.recording());
    assert!(report.is_passing(), "{report:?}");
}
