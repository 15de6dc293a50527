//! Objectives of a service: declared in its configuration, kept or not by its requests.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use radiosonde::metrics::{Bounds, Metric, RegistryOptions};
use radiosonde::slo::{BudgetState, Objective, SloOptions};
use radiosonde::{Config, Sonde, build};
use serde_json::Value;
use tower::ServiceExt as _;

/// A service that answers `/ok` and `/slow`, the latter after two milliseconds, and fails at `/fail`.
struct Service {
    sonde: Sonde,
    app: Router,
}

impl Service {
    fn start(config: Config) -> Self {
        let sonde = build(config).unwrap().into_sonde();
        // Requests are timed by a clock that no test can stop.
        let slow = async || {
            let arrived = Instant::now();
            while arrived.elapsed() < Duration::from_millis(2) {
                std::hint::spin_loop();
            }
        };
        let app = Router::new()
            .route("/ok", get(async || "ok"))
            .route("/slow", get(slow))
            .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .merge(sonde.router())
            .layer(sonde.layer());
        Self { sonde, app }
    }

    async fn get(&self, path: &str, accept: &str) -> (StatusCode, String) {
        let request = Request::get(path).header(header::ACCEPT, accept);
        let response = self
            .app
            .clone()
            .oneshot(request.body(Body::empty()).unwrap());
        let response = response.await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX);
        (
            status,
            String::from_utf8(body.await.unwrap().into()).unwrap(),
        )
    }

    async fn ask(&self, path: &str, times: usize) {
        for _ in 0..times {
            self.get(path, "*/*").await;
        }
    }

    async fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path, "*/*").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        serde_json::from_str(&body).unwrap()
    }
}

fn answered() -> Objective {
    Objective::availability("api", 99.0)
}

#[test]
fn mistakes_in_objectives_are_told_with_all_others() {
    let exponential =
        RegistryOptions::new().bounds("http_request_duration_seconds", Bounds::exponential());
    let config = Config::new("")
        .metrics(exponential)
        .objective(Objective::availability("all", 100.0))
        .objective(Objective::availability("none", 0.0))
        .objective(Objective::latency("quick", 95.0, Duration::ZERO))
        .objective(Objective::availability("quick", -5.0));
    let text = build(config).unwrap_err().to_string();
    for expected in [
        "6 settings are wrong:",
        "the service has no name",
        "objective `all` promises 100 percent: give more than 0 and less than 100",
        "objective `none` promises 0 percent",
        "objective `quick` has the threshold 0ns: give whole microseconds",
        "objective `quick` promises -5 percent",
        "two objectives are named `quick`: rename one",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }

    let exponential =
        RegistryOptions::new().bounds("http_request_duration_seconds", Bounds::exponential());
    let config = Config::new("checkout")
        .metrics(exponential)
        .objective(answered())
        .objective(Objective::latency(
            "quick",
            95.0,
            Duration::from_millis(300),
        ));
    let text = build(config).unwrap_err().to_string();
    assert!(
        text.starts_with("objective `quick` needs its threshold as a bound"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn requests_spend_budgets_and_everybody_is_told_the_same() {
    let patient = Objective::latency("patient", 90.0, Duration::from_hours(1));
    let quick = Objective::latency("quick", 90.0, Duration::from_millis(1));
    let config = Config::new("checkout")
        .objective(answered())
        .objective(patient.for_each(["/ok", "/slow"]))
        .objective(quick.for_group(["/slow"]));
    let service = Service::start(config);
    let told = service.json("/slo").await;
    assert_eq!(told["service"], "checkout");
    assert_eq!(told["budgets"][0]["state"], "kept");
    assert_eq!(told["budgets"][0]["windows"][7]["events"], 0);

    service.ask("/ok", 80).await;
    service.ask("/slow", 15).await;
    service.ask("/fail", 5).await;

    let told = service.json("/slo").await;
    let [answered, ok, waited, slow] = &told["budgets"].as_array().unwrap()[..] else {
        panic!("four budgets: {told}");
    };
    let names = [answered, ok, waited, slow];
    let names = names.map(|budget| (budget["slo"].as_str(), budget["route"].as_str()));
    let expected = [
        (Some("api"), None),
        (Some("patient"), Some("/ok")),
        (Some("patient"), Some("/slow")),
        (Some("quick"), None),
    ];
    assert_eq!(names, expected);
    // `/slo` itself is no request of the service.
    let period = |budget: &Value| {
        let period = &budget["windows"][7];
        assert_eq!(period["window"], "period");
        (
            period["events"].as_u64().unwrap(),
            period["bad"].as_u64().unwrap(),
        )
    };
    let periods = [answered, ok, waited, slow].map(period);
    assert_eq!(periods, [(100, 5), (80, 0), (15, 0), (15, 15)]);
    assert_eq!(answered["remaining"].as_f64().map(f64::round), Some(-4.0));
    // Five are too few to page anybody, and enough for a ticket.
    assert_eq!(
        (&answered["state"], &answered["tiers"][0]["tier"]),
        (&"ticket".into(), &"ticket-fast".into())
    );
    assert_eq!(slow["state"], "exhausted");

    let text = service.sonde.metrics().render();
    for line in [
        "slo_events_total{slo=\"api\"} 100\n",
        "slo_bad_events_total{slo=\"api\"} 5\n",
        "slo_bad_events_total{slo=\"quick\"} 15\n",
        "http_request_duration_seconds_bucket{method=\"GET\",route=\"/slow\",status=\"200\",le=\"0.001\"} 0\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    let report = service.sonde.slos().report();
    assert_eq!((report[0].period.events, report[0].period.bad), (100, 5));
}

#[tokio::test(start_paused = true)]
async fn what_happened_is_known_to_have_happened_then_without_anybody_asking() {
    let service = Service::start(Config::new("checkout").objective(answered()));
    service.ask("/fail", 20).await;
    // Nobody reads: it is sampled all the same, and five minutes later it is over.
    tokio::time::sleep(Duration::from_secs(320)).await;
    let report = &service.sonde.slos().report()[0];
    let bad: Vec<_> = report
        .windows
        .iter()
        .map(|window| window.counts.bad)
        .collect();
    assert_eq!(bad, [0, 20, 20, 20, 20, 20, 20, 20]);
    tokio::time::sleep(Duration::from_mins(61)).await;
    let report = &service.sonde.slos().report()[0];
    assert_eq!(
        (report.windows[2].counts.bad, report.windows[3].counts.bad),
        (0, 20)
    );
}

#[tokio::test(start_paused = true)]
async fn the_page_is_for_browsers() {
    let service = Service::start(Config::new("a<b>").objective(answered()));
    service.ask("/fail", 20).await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let (status, page) = service.get("/slo", browser).await;
    assert_eq!(status, StatusCode::OK);
    for expected in [
        "<!doctype html>",
        "<h1>a&lt;b&gt;</h1>",
        "<section class=\"exhausted\">",
        "99 % of the requests are answered, over 30 days",
        "-9900 % of the error budget left",
        "<tr><td>5m<td>20<td>20<td>100.00</tr>",
    ] {
        assert!(page.contains(expected), "{expected}\n{page}");
    }
    let (_, json) = service
        .get("/slo", "application/json, text/html;q=0.5")
        .await;
    assert!(json.starts_with('{'), "{json}");
}

#[tokio::test]
async fn a_service_without_objectives_has_its_slo_to_itself() {
    let sonde = build("checkout").unwrap().into_sonde();
    let app: Router = Router::new()
        .route("/slo", get(async || "mine"))
        .merge(sonde.router())
        .layer(sonde.layer());
    let request = Request::get("/slo").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    let text = sonde.metrics().render();
    assert!(text.contains("route=\"/slo\""), "{text}");
    assert!(!text.contains("slo_"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_budget_degrades_the_service_when_asked() {
    let options = SloOptions::new().degrade(true);
    let service = Service::start(Config::new("checkout").objective(answered()).slos(options));
    assert_eq!(service.json("/health").await["status"], "healthy");
    service.ask("/ok", 100).await;
    service.ask("/fail", 20).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    let health = service.json("/health").await;
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["services"]["error_budgets"], "degraded");
    assert_eq!(service.get("/ready", "*/*").await.0, StatusCode::OK);
}

// The clock runs: the file is written by another thread, for which a paused clock would not wait.
#[tokio::test]
async fn budgets_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slo");
    let config = |file: &Path| {
        let options = SloOptions::new().file(file);
        Config::new("checkout").objective(answered()).slos(options)
    };
    for restart in 1..4 {
        let service = Service::start(config(&file));
        service.ask("/fail", 10).await;
        let report = &service.sonde.slos().report()[0];
        assert_eq!(report.period.bad, 10 * restart);
        // What is counted for Prometheus starts anew with the process.
        let text = service.sonde.metrics().render();
        assert!(
            text.contains("slo_bad_events_total{slo=\"api\"} 10\n"),
            "{text}"
        );
        std::fs::remove_file(&file).ok();
        service.sonde.shutdown(Duration::from_secs(3)).await;
        // A disk that is busy may take longer than the shutdown waits for it.
        while !file.exists() {
            tokio::task::yield_now().await;
        }
    }
    let other = folder.path().join("other");
    std::fs::write(&other, "something else").unwrap();
    let service = Service::start(config(&other));
    assert_eq!(service.sonde.slos().worst(), BudgetState::Kept);
    assert_eq!(service.sonde.slos().report()[0].period.bad, 0);
}

#[cfg(unix)]
fn make_pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_disk_that_hangs_does_not_hold_up_the_end_of_the_runtime() {
    let folder = tempfile::tempdir().unwrap();
    // What is written first is a file beside it, and a pipe that nobody reads is not even opened.
    let new = format!("slo.{}.new", std::process::id());
    make_pipe(&folder.path().join(new));
    let options = SloOptions::new().file(folder.path().join("slo"));
    let config = Config::new("checkout").objective(answered()).slos(options);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    let service = runtime.block_on(async {
        let service = Service::start(config);
        tokio::time::sleep(Duration::from_secs(65)).await;
        service
    });
    drop(runtime);
    drop(service);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_the_file_holds_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("slo");
    make_pipe(&pipe);
    let options = SloOptions::new().file(&pipe);
    let config = Config::new("checkout").objective(answered()).slos(options);
    assert_eq!(
        Service::start(config).sonde.slos().worst(),
        BudgetState::Kept
    );
}

#[tokio::test(start_paused = true)]
async fn the_file_is_written_while_the_service_runs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slo");
    let options = SloOptions::new().file(&file);
    let service = Service::start(Config::new("checkout").objective(answered()).slos(options));
    service.ask("/fail", 3).await;
    tokio::time::sleep(Duration::from_secs(65)).await;
    // The disk does not know that the clock stands still.
    while !file.exists() {
        tokio::task::yield_now().await;
    }
    assert!(std::fs::read(&file).unwrap().starts_with(b"RSNDSLO1"));
}

#[test]
fn a_runtime_without_timers_samples_when_somebody_asks() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let service = Service::start(Config::new("checkout").objective(answered()));
        service.ask("/fail", 12).await;
        tokio::task::yield_now().await;
        assert_eq!(
            service.json("/slo").await["budgets"][0]["state"],
            "exhausted"
        );
    });
}

#[tokio::test]
async fn the_catalogue_has_them() {
    let quick = Objective::latency("quick", 95.0, Duration::from_millis(300));
    let config = Config::new("checkout")
        .objective(answered())
        .objective(quick);
    let sonde = build(config).unwrap().into_sonde();
    let request = Request::get("/admin/catalog").body(Body::empty()).unwrap();
    let response = sonde.admin_router().oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    let catalogue: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(catalogue["service"], "checkout");
    assert_eq!(catalogue["objectives"][1]["threshold_seconds"], 0.3);
    let hash = catalogue["hash"].as_str().unwrap();
    assert!(
        sonde
            .metrics()
            .render()
            .contains(&format!("catalog_hash=\"{hash}\""))
    );
}

/// Which of them come depends on what is asked of the service, so nothing that was made from its catalogue has drifted.
#[tokio::test]
async fn what_is_declared_once_the_service_serves_is_no_other_catalogue() {
    const EARLY: Metric = Metric::counter("orders_paid_total");
    const LATE: Metric = Metric::counter("orders_refunded_total");
    let sonde = build(Config::new("checkout")).unwrap().into_sonde();
    let hash = || sonde.metrics().catalogue().hash();
    let bare = hash();
    sonde.metrics().counter(&EARLY, &[]).increment(1);
    let early = hash();
    assert_ne!(early, bare);

    let server = sonde.bind("127.0.0.1:0").await.unwrap();
    sonde.metrics().counter(&LATE, &[]).increment(1);
    assert_eq!(hash(), early);
    let text = sonde.metrics().render();
    assert!(text.contains("orders_refunded_total 1\n"), "{text}");
    assert!(
        text.contains(&format!("catalog_hash=\"{early}\"")),
        "{text}"
    );
    drop(server);
}
