//! What the checks say, as metrics.
#![cfg(feature = "metrics")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use radiosonde_health::{Check, CheckFailed, Health};
use radiosonde_metrics::Registry;

#[tokio::test(start_paused = true)]
async fn states_ages_and_changes_are_there_and_a_scrape_runs_no_check() {
    let (health, registry) = (Health::new(), Registry::new());
    health.record_into(&registry);
    health.record_into(&Registry::new());
    let up = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&up);
    let check = Check::new("database", move || {
        let up = asked.load(Ordering::SeqCst);
        async move {
            if up {
                Ok(())
            } else {
                Err(CheckFailed::new("connection refused"))
            }
        }
    });
    let check = check.critical().failure_threshold(1);
    health.register(check).unwrap();
    let text = registry.render();
    let line = |text: &str, metric: &str, value: &str| {
        let line = format!("{metric}{{check=\"database\"}} {value}\n");
        assert!(text.contains(&line), "{line} in {text}");
    };
    line(&text, "health_check_status", "0");
    assert!(!text.contains("health_check_age_seconds{"));

    health.report().await;
    tokio::time::advance(Duration::from_secs(3)).await;
    let text = registry.render();
    line(&text, "health_check_status", "1");
    line(&text, "health_check_age_seconds", "3");
    line(&text, "health_check_duration_seconds", "0");
    line(&text, "health_check_transitions_total", "0");

    up.store(false, Ordering::SeqCst);
    while health.report().await.checks[0].is_passing() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let text = registry.render();
    line(&text, "health_check_status", "0");
    line(&text, "health_check_transitions_total", "1");
}

#[tokio::test]
async fn a_registry_keeps_no_checks_alive() {
    let (health, registry) = (Health::new(), Registry::new());
    health.record_into(&registry);
    let alive = Arc::new(());
    let (kept, seen) = (Arc::clone(&alive), Arc::downgrade(&alive));
    health
        .register(Check::new("database", move || {
            let kept = Arc::clone(&kept);
            async move {
                drop(kept);
                Ok(())
            }
        }))
        .unwrap();
    drop((health, alive));
    let _ = registry.render();
    while seen.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
}
