//! Objectives, watched: with a clock that the test sets, and requests as the layer records them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use radiosonde_catalog::objective::{LowTraffic, Objective, Objectives};
use radiosonde_catalog::{HTTP_ERRORS, HTTP_REQUEST_DURATION, HTTP_REQUESTS};
use radiosonde_metrics::slo::{BudgetReport, BudgetState, InvalidSnapshot, Slos};
use radiosonde_metrics::{Registry, RegistryOptions};

/// A process that serves requests and watches its objectives.
struct Service {
    registry: Registry,
    slos: Slos,
    clock: Arc<AtomicU64>,
}

impl Service {
    fn start(objectives: impl IntoIterator<Item = Objective>) -> Self {
        let objectives = Objectives::new(objectives).expect("objectives that are right");
        let registry = Registry::with_options(RegistryOptions::new().objectives(objectives));
        // Any moment will do.
        let clock = Arc::new(AtomicU64::new(123_456));
        let told = Arc::clone(&clock);
        let now = move || Duration::from_secs(told.load(Relaxed));
        Self {
            slos: Slos::watch_by(&registry, now),
            registry,
            clock,
        }
    }

    fn wait(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Relaxed);
    }

    fn serve(&self, route: &str, good: u64, bad: u64) {
        for (status, outcome, requests) in [("200", "ok", good), ("500", "error", bad)] {
            let labels = ["GET", route, status, outcome];
            self.registry
                .counter(&HTTP_REQUESTS, &labels)
                .increment(requests);
        }
        self.registry
            .counter(&HTTP_ERRORS, &["GET", route, "500"])
            .increment(bad);
    }

    fn only(&self) -> BudgetReport {
        let mut reports = self.slos.report();
        assert_eq!(reports.len(), 1);
        reports.remove(0)
    }
}

fn answered() -> Objective {
    Objective::availability("api", 99.9)
}

#[test]
fn every_series_exists_from_the_start_at_0() {
    let each = Objective::latency("quick", 95.0, Duration::from_millis(300)).for_each(["/a", "/b"]);
    let service = Service::start([answered().with_team("web"), each]);
    let text = service.registry.render();
    for line in [
        "slo_events_total{slo=\"api\"} 0\n",
        "slo_bad_events_total{slo=\"api\"} 0\n",
        "slo_bad_events_total{route=\"/a\",slo=\"quick\"} 0\n",
        "slo_bad_events_total{route=\"/b\",slo=\"quick\"} 0\n",
        "slo_burn_rate{slo=\"api\",window=\"5m\"} 0\n",
        "slo_burn_rate{route=\"/b\",slo=\"quick\",window=\"period\"} 0\n",
        "slo_error_budget_remaining_ratio{slo=\"api\"} 1\n",
        "slo_exhausted_in_seconds{route=\"/a\",slo=\"quick\"} +Inf\n",
        "slo_info{kind=\"availability\",period_seconds=\"2592000\",slo=\"api\",target=\"0.999\",team=\"web\"} 1\n",
        "slo_info{kind=\"latency\",period_seconds=\"2592000\",slo=\"quick\",target=\"0.95\",threshold_seconds=\"0.3\"} 1\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn a_scrape_shows_what_was_recorded_before_it() {
    let service = Service::start([answered()]);
    service.serve("/", 990, 10);
    let text = service.registry.render();
    for line in [
        "slo_events_total{slo=\"api\"} 1000\n",
        "slo_bad_events_total{slo=\"api\"} 10\n",
        "slo_burn_rate{slo=\"api\",window=\"5m\"} 10\n",
        "slo_error_budget_remaining_ratio{slo=\"api\"} -9\n",
        "slo_exhausted_in_seconds{slo=\"api\"} 0\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    drop(service.slos);
    service
        .registry
        .counter(&HTTP_REQUESTS, &["GET", "/", "200", "ok"])
        .increment(1);
    assert!(
        service
            .registry
            .render()
            .contains("slo_events_total{slo=\"api\"} 1000\n")
    );
}

#[test]
fn many_budgets_have_room_beside_all_other_series() {
    let routes = (0..150).map(|route| format!("/{route}"));
    let objectives = Objectives::new([answered().for_each(routes)]).unwrap();
    let options = RegistryOptions::new()
        .series_per_metric(5)
        .series(20)
        .objectives(objectives);
    let registry = Registry::with_options(options);
    let slos = Slos::watch(&registry);
    assert_eq!(slos.report().len(), 150);
    let text = registry.render();
    assert_eq!(text.matches("slo_burn_rate{").count(), 150 * 8);
    assert!(!text.contains("otel_metric_overflow"), "{text}");
}

#[test]
fn a_change_is_told_once_to_everybody_whatever_they_do() {
    let service = Service::start([answered().with_low_traffic(LowTraffic::Off)]);
    let told = Arc::new(Mutex::new(Vec::new()));
    service
        .slos
        .on_change(|_| panic!("expected: a listener that panics"));
    let listener = Arc::clone(&told);
    service.slos.on_change(move |change| {
        let to = change.to.state.as_str();
        listener
            .lock()
            .unwrap()
            .push((change.from.as_str(), to, change.is_worse()));
    });
    let hour = |bad| {
        for _ in 0..60 {
            service.wait(60);
            service.serve("/", 10_000 - bad, bad);
            service.slos.sample();
        }
    };
    // Three quarters of an hour a day are what the budget has; the rest is quiet.
    hour(0);
    for _ in 0..29 {
        service.wait(24 * 3_600);
        hour(0);
    }
    assert_eq!(*told.lock().unwrap(), []);
    assert_eq!(service.slos.worst(), BudgetState::Kept);
    hour(170);
    assert_eq!(service.slos.worst(), BudgetState::Page);
    hour(0);
    hour(170);
    hour(0);
    let told = told.lock().unwrap().clone();
    assert_eq!(told.first(), Some(&("kept", "ticket", true)));
    assert!(told.contains(&("ticket", "page", true)), "{told:?}");
    assert!(told.contains(&("page", "exhausted", true)), "{told:?}");
    assert!(
        told.windows(2).all(|pair| pair[0].1 == pair[1].0),
        "{told:?}"
    );
}

#[test]
fn a_quiet_service_keeps_its_promise() {
    let quick = Objective::latency("quick", 95.0, Duration::from_millis(300));
    let service = Service::start([answered(), quick]);
    for _ in 0..100 {
        service.wait(3_600);
        for report in service.slos.report() {
            assert_eq!((report.state, report.remaining), (BudgetState::Kept, 1.0));
            assert!(report.windows.iter().all(|window| window.burn_rate == 0.0));
        }
    }
    assert!(!service.registry.render().contains("NaN"));
}

#[test]
fn objectives_that_are_not_declared_cost_nothing() {
    let service = Service::start([]);
    assert!(service.slos.is_empty());
    assert_eq!(service.slos.report(), []);
    assert_eq!(service.slos.worst(), BudgetState::Kept);
    assert!(!service.registry.render().contains("slo_"));
}

/// What a process does.
#[derive(Debug, Clone)]
enum Step {
    Serve { good: u64, bad: u64 },
    Wait { seconds: u64 },
    Sample,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let serve = (0..1_000_u64, 0..100_u64).prop_map(|(good, bad)| Step::Serve { good, bad });
    let seconds = prop_oneof![0..20_u64, 0..5_000_u64, 0..200_000_u64];
    let wait = seconds.prop_map(|seconds| Step::Wait { seconds });
    let step =
        prop_oneof![3 => serve, 3 => wait, 2 => Just(Step::Sample), 1 => Just(Step::Restart)];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn a_service_that_restarts_knows_what_one_that_does_not_knows(steps in steps(), downtime in 0..10_000_u64) {
        let steady = Service::start([answered()]);
        let mut restarted = Service::start([answered()]);
        let mut wall = UNIX_EPOCH + Duration::from_hours(24);
        for step in steps {
            let both = [&steady, &restarted];
            match step {
                Step::Serve { good, bad } => both.map(|service| service.serve("/", good, bad)),
                Step::Wait { seconds } => {
                    wall += Duration::from_secs(seconds);
                    both.map(|service| service.wait(seconds))
                }
                Step::Sample => both.map(|service| service.slos.sample()),
                Step::Restart => {
                    // At the same moment, both know what was served.
                    steady.slos.sample();
                    let snapshot = restarted.slos.snapshot(wall);
                    steady.wait(downtime);
                    wall += Duration::from_secs(downtime);
                    restarted = Service::start([answered()]);
                    let restored = restarted.slos.restore(&snapshot, wall).unwrap();
                    prop_assert_eq!(restored.gap, Duration::from_secs(downtime));
                    prop_assert!(restored.started_anew.is_empty());
                    continue;
                }
            };
            prop_assert_eq!(steady.only(), restarted.only());
        }
    }
}

#[test]
fn only_what_a_snapshot_is_about_is_taken_over() {
    let latency = |millis| Objective::latency("quick", 95.0, Duration::from_millis(millis));
    let before = Service::start([
        answered(),
        latency(300),
        Objective::availability("each", 99.0).for_each(["/a", "/b"]),
        Objective::availability("gone", 99.0),
        Objective::availability("week", 99.0),
    ]);
    before.serve("/a", 90, 10);
    let durations = before
        .registry
        .histogram(&HTTP_REQUEST_DURATION, &["GET", "/a", "200"]);
    durations.record(0.28);
    let time = UNIX_EPOCH + Duration::from_hours(9);
    let snapshot = before.slos.snapshot(time);

    // Another target is judged anew; another threshold, route or period is another matter.
    let after = Service::start([
        Objective::availability("api", 99.99).with_team("web"),
        latency(250),
        Objective::availability("each", 99.0).for_each(["/c", "/a"]),
        Objective::availability("week", 99.0).with_period(Duration::from_hours(7 * 24)),
    ]);
    let restored = after.slos.restore(&snapshot, time).unwrap();
    assert_eq!(restored.started_anew, ["each of /c", "quick", "week"]);
    let events: Vec<_> = after
        .slos
        .report()
        .iter()
        .map(|report| report.period.events)
        .collect();
    assert_eq!(events, [100, 0, 100, 0, 0]);
}

#[test]
fn a_clock_that_was_put_back_makes_no_time_pass() {
    let before = Service::start([answered()]);
    before.serve("/", 0, 20);
    let snapshot = before.slos.snapshot(SystemTime::now());
    let after = Service::start([answered()]);
    let restored = after.slos.restore(&snapshot, UNIX_EPOCH).unwrap();
    assert_eq!(restored.gap, Duration::ZERO);
    assert_eq!(after.only().windows[0].counts.bad, 20);
}

#[test]
fn a_past_that_is_longer_ago_than_the_period_is_forgotten() {
    let before = Service::start([answered()]);
    before.serve("/", 0, 20);
    let snapshot = before.slos.snapshot(UNIX_EPOCH);
    let after = Service::start([answered()]);
    let later = UNIX_EPOCH + Duration::from_hours(31 * 24);
    after.slos.restore(&snapshot, later).unwrap();
    assert_eq!(
        (after.only().period.events, after.only().remaining),
        (0, 1.0)
    );
}

#[test]
fn a_file_holds_the_past_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slo.snapshot");
    let before = Service::start([answered()]);
    assert_eq!(before.slos.load(&path).unwrap(), None);
    for bad in 1..3 {
        before.serve("/", 0, bad);
        before.slos.save(&path).unwrap();
    }
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");

    let after = Service::start([answered()]);
    assert!(
        after
            .slos
            .load(&path)
            .unwrap()
            .unwrap()
            .started_anew
            .is_empty()
    );
    assert_eq!(after.only().period.bad, 3);
}

#[test]
fn a_file_that_holds_something_else_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slo.snapshot");
    let service = Service::start([answered()]);
    service.serve("/", 1, 1);
    service.slos.save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let other = Service::start([answered()]);
    for (bytes, expected) in [
        (
            &b""[..],
            "it is no snapshot of budgets, or one of another version",
        ),
        (
            b"{\"version\":1}",
            "it is no snapshot of budgets, or one of another version",
        ),
        (&whole[..whole.len() - 1], "it was changed or cut"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = other.slos.load(&path).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(other.only().period.events, 0);
    }
    let error = other.slos.load(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("the file cannot be read: "), "{error}");
    assert!(other.slos.save(&folder.path().join("nowhere/slo")).is_err());
    assert_eq!(
        other.slos.restore(b"", UNIX_EPOCH),
        Err(InvalidSnapshot::Foreign)
    );
}
