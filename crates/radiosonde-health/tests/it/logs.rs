//! What is written, and how often.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::Once;
use std::time::Duration;

use radiosonde_health::{Check, CheckFailed, Health};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::backend::{Backend, Mood, pass};

/// Keeps every event of a thread as a line: level, then the fields as they come.
///
/// One for the process and not one per test: while there is one, tracing asks the thread that comes first whether
/// anybody wants an event, and a thread of another test would say no for all.
#[derive(Debug)]
struct Lines;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Starts to keep the lines of this thread. All tasks of a test here run on the thread of their test.
fn keep_lines() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing::subscriber::set_global_default(Lines).expect("nobody else installs one");
        tracing::callsite::rebuild_interest_cache();
    });
    take_lines();
}

/// Returns the lines of this thread since the last call.
fn take_lines() -> Vec<String> {
    LINES.take()
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("radiosonde_health")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        LINES.with_borrow_mut(|lines| lines.push(line.0));
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

const REFUSED: &str = "cannot reach postgres://checkout:hunter2@db.internal:5432/orders";

#[tokio::test(start_paused = true)]
async fn a_failure_and_a_recovery_are_written_once_each() {
    keep_lines();
    let (backend, health) = (Backend::new(), Health::new());
    health
        .register(backend.check("database").critical())
        .unwrap();
    pass(Duration::from_secs(1)).await;
    assert_eq!(take_lines(), [""; 0]);

    backend.turn(Mood::Down);
    for _ in 0..600 {
        pass(Duration::from_millis(100)).await;
    }
    let fails = r#"WARN message=health check fails check="database" severity="critical" error="connection refused""#;
    assert_eq!(take_lines(), [fails]);

    backend.turn(Mood::Up);
    for _ in 0..600 {
        pass(Duration::from_millis(100)).await;
    }
    let passes = r#"INFO message=health check passes again check="database" severity="critical""#;
    assert_eq!(take_lines(), [passes]);
}

#[tokio::test(start_paused = true)]
async fn the_password_of_a_url_is_not_written() {
    keep_lines();
    let health = Health::new();
    let check = Check::new("database", async || Err(CheckFailed::new(REFUSED)));
    health.register(check).unwrap();
    health.report().await;
    health.mark_unrecoverable(REFUSED);

    let lines = take_lines();
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(
            line.contains("postgres://***@db.internal:5432/orders"),
            "{line}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_result_is_written_once() {
    keep_lines();
    let health = Health::new();
    health.register(Backend::new().check("database")).unwrap();
    health.report().await;
    health.stop();
    for _ in 0..10 {
        pass(Duration::from_secs(10)).await;
        health.report().await;
    }
    let lines = take_lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("stale"), "{lines:?}");
}

#[test]
fn the_steps_of_a_lifecycle_are_written_once_each() {
    keep_lines();
    let health = Health::new();
    let gate = health.gate("migrations");
    for _ in 0..2 {
        gate.open();
        health.start_draining();
        health.mark_unrecoverable("the writer thread died");
    }
    let levels: Vec<_> = take_lines()
        .iter()
        .map(|line| line[..5].to_owned())
        .collect();
    assert_eq!(levels, ["INFO ", "INFO ", "ERROR"]);
}
