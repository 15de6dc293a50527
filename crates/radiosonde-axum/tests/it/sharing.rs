//! A thousand probes, and what they cost the dependency.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use radiosonde_health::Check;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::client::Service;

#[tokio::test(start_paused = true)]
async fn a_thousand_probes_at_once_are_one_check() {
    let calls = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&calls);
    let check = Check::new("database", move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            sleep(Duration::from_millis(300)).await;
            Ok(())
        }
    });
    let service = Service::new();
    service.register(check.critical());
    let mut probes = JoinSet::new();
    for path in ["/ready", "/health", "/health/database", "/health/ready"] {
        for _ in 0..250 {
            let service = service.clone();
            probes.spawn(async move { service.get(path).await.status });
        }
    }
    let answers = probes.join_all().await;
    assert_eq!(answers.len(), 1_000);
    assert!(answers.iter().all(|status| *status == 200));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_probe_is_answered_within_a_second_though_every_check_hangs() {
    for path in [
        "/live",
        "/ready",
        "/health",
        "/health/startup",
        "/health/database",
    ] {
        let service = Service::new();
        for name in ["database", "ledger"] {
            service.register(Check::new(name, pending).critical());
        }
        for _ in 0..100 {
            let asked = Instant::now();
            let answer = service.get(path).await;
            let took = asked.elapsed();
            assert!(took <= Duration::from_secs(1) + TIMER, "{path}: {took:?}");
            let is_of_checks = !["/live", "/health/startup"].contains(&path);
            let expected = if is_of_checks { 503 } else { 200 };
            assert_eq!(answer.status, expected, "{path}");
            sleep(Duration::from_millis(70)).await;
        }
    }
}

/// Timers go off at whole milliseconds.
const TIMER: Duration = Duration::from_millis(1);
