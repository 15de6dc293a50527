//! Which events become lines and records, how many of them, and what is told of the others.

use std::time::Duration;

use radiosonde::{Config, build, ext};
use radiosonde_testkit::eventually;
use serde_json::Value;

use crate::child::{self, printed};

#[cfg(feature = "otlp")]
#[test]
fn log_records_are_exported_and_accounted_for() {
    use radiosonde_testkit::fault::{FaultCollector, Mode};

    let collector = FaultCollector::start(Mode::status(200));
    let config = Config::new("checkout")
        .otlp_endpoint(collector.endpoint())
        .log_filter("info");
    let mut parts = build(config).unwrap();
    tracing::dispatcher::with_default(&ext::dispatch(&mut parts), || {
        tracing::info!(order = 7, "taken");
        tracing::error!(cause = "x".repeat(5_000), "failed");
        tracing::debug!("filtered");
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let report = runtime.block_on(parts.into_sonde().shutdown(Duration::from_secs(5)));
    let records = report.log_records;
    assert_eq!((records.ended, records.sent), (2, 2), "{report:?}");
    assert_eq!(collector.accepted("/v1/logs"), 2);
    let requests = collector.requests().into_iter();
    // They may come in several messages.
    let requests = requests.filter(|request| request.path() == "/v1/logs");
    let bodies: Vec<_> = requests.flat_map(|request| request.body).collect();
    let text = String::from_utf8_lossy(&bodies).into_owned();
    for part in [
        "taken",
        "order",
        "failed",
        "it::log_control",
        "ERROR",
        "checkout",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains(&"x".repeat(1_025)), "it is not cut");
}

#[test]
fn a_callsite_that_logs_too_much_is_suppressed_and_told() {
    let config = Config::new("checkout").log_limit(10);
    let mut parts = build(config).unwrap();
    let sonde = parts.sonde().clone();
    tracing::dispatcher::with_default(&ext::dispatch(&mut parts), || {
        for number in 0..1_000 {
            tracing::warn!(number, "again");
        }
        tracing::info!("another");
    });
    let metrics = sonde.metrics().render();
    let suppressed: u64 = value(&metrics, "radiosonde_log_lines_suppressed_total ");
    let lines: u64 = value(&metrics, "radiosonde_log_lines_total ");
    assert!(suppressed > 0 && lines < 1_000, "{metrics}");
    assert_eq!(suppressed + lines, 1_001, "{metrics}");
    assert_eq!(value(&metrics, "log_events_total{level=\"warn\"} "), 1_000);
    assert_eq!(value(&metrics, "log_events_total{level=\"info\"} "), 1);
}

fn value(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name} is not in {metrics}"))
        .parse()
        .unwrap()
}

#[test]
fn what_is_suppressed_is_told_in_a_line_when_the_service_ends_or_before() {
    if child::is_child() {
        let sonde = radiosonde::init("checkout").unwrap();
        for number in 0..1_000 {
            tracing::warn!(number, "again");
        }
        for number in 0..100 {
            log::warn!("bridged {number}");
        }
        drop(sonde);
        return;
    }
    let name = "log_control::what_is_suppressed_is_told_in_a_line_when_the_service_ends_or_before";
    let text = printed(&child::run(name, &[("RADIOSONDE_LOG_LIMIT", "10")]));
    let count = |part: &str| text.matches(part).count();
    let told: usize = text
        .lines()
        .filter_map(|line| {
            line.split_once("\"message\":\"suppressed ")?
                .1
                .split_once(" line")
        })
        .map(|(count, _)| count.parse::<usize>().unwrap())
        .sum();
    assert_eq!(
        count("\"again\"") + count("\"bridged ") + told,
        1_100,
        "{text}"
    );
    assert!(text.contains("log_control.rs:"), "it says where: {text}");
}

#[test]
fn the_filter_changes_for_some_time() {
    let mut parts = build(Config::new("checkout").log_filter("info")).unwrap();
    let sonde = parts.sonde().clone();
    let lines = || value(&sonde.metrics().render(), "radiosonde_log_lines_total ");
    tracing::dispatcher::with_default(&ext::dispatch(&mut parts), || {
        let log = || tracing::debug!("detail");
        log();
        assert_eq!(lines(), 0);

        let state = sonde
            .set_log_filter("debug", Duration::from_hours(1))
            .unwrap();
        assert_eq!(state.directives, "debug");
        assert!(state.expires_in.is_some());
        log();
        assert_eq!(lines(), 1);

        sonde.reset_log_filter().unwrap();
        log();
        assert_eq!(lines(), 1);

        sonde
            .set_log_filter("debug", Duration::from_secs(1))
            .unwrap();
        eventually("the end of the filter", Duration::from_secs(30), || {
            sonde.log_filter().expires_in.is_none().then_some(())
        });
        log();
        assert_eq!(lines(), 1);
        assert_eq!(sonde.log_filter().directives, "info");
    });
}

#[test]
fn a_filter_that_is_wrong_changes_nothing() {
    let mut parts = build(Config::new("checkout").log_filter("info")).unwrap();
    let _dispatch = ext::dispatch(&mut parts);
    let sonde = parts.into_sonde();
    let minute = Duration::from_mins(1);
    let malformed = sonde.set_log_filter("a=b=c", minute).unwrap_err();
    assert!(
        malformed.to_string().contains("my_crate=debug"),
        "{malformed}"
    );
    for lifetime in [Duration::ZERO, Duration::MAX] {
        let error = sonde.set_log_filter("debug", lifetime).unwrap_err();
        assert!(error.to_string().contains("24 hours"), "{error}");
    }
    assert_eq!(sonde.log_filter().directives, "info");
}

#[test]
fn fields_may_stand_beside_what_a_line_says_by_itself() {
    if child::is_child() {
        let _sonde = radiosonde::init("checkout").unwrap();
        tracing::info!(order = 7, level = "x", trace_id = "y", "taken");
        return;
    }
    let name = "log_control::fields_may_stand_beside_what_a_line_says_by_itself";
    let text = printed(&child::run(name, &[("RADIOSONDE_LOG_FIELDS", "flat")]));
    let line = text.lines().find(|line| line.contains("taken")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["order"], 7);
    assert_eq!(
        (&line["level"], &line["fields.level"]),
        (&"INFO".into(), &"x".into())
    );
    assert_eq!(line["fields.trace_id"], "y");
    assert!(line.get("trace_id").is_none());
}

/// With standard output a pipe that nobody reads, the service goes on, and every line that is not written is counted.
#[cfg(unix)]
#[test]
fn a_log_that_nobody_reads_stops_nothing_and_its_losses_are_exact() {
    use std::io::Read as _;
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use radiosonde_testkit::size;

    const EVENTS: u64 = 50_000;
    const TICK: Duration = Duration::from_millis(10);
    static TICKS: AtomicU64 = AtomicU64::new(0);
    if child::is_child() {
        let sonde = radiosonde::init(Config::new("checkout").log_limit(0)).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let blocked = Duration::from_secs(size(1, 60) as u64);
        // All of it is logged while nobody reads: it would take for ever if it waited.
        let ticks = runtime.block_on(async {
            tokio::spawn(async {
                let mut ticker = tokio::time::interval(TICK);
                ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
                loop {
                    ticker.tick().await;
                    TICKS.fetch_add(1, Relaxed);
                }
            });
            let logs = (0..4).map(|task| {
                tokio::spawn(async move {
                    for number in 0..EVENTS / 4 {
                        tracing::info!(task, number, "{}", "x".repeat(100));
                    }
                })
            });
            for logs in logs.collect::<Vec<_>>() {
                logs.await.unwrap();
            }
            // The pipe is full. A filter ends at its time all the same.
            let second = Duration::from_secs(1);
            sonde.set_log_filter("info,shop=debug", second).unwrap();
            // A line now and then would find a worker that waits.
            let (before, began) = (TICKS.load(Relaxed), std::time::Instant::now());
            while began.elapsed() < blocked {
                tracing::info!("{}", "x".repeat(100));
                tokio::time::sleep(TICK * 10).await;
            }
            TICKS.load(Relaxed) - before
        });
        eventually("the end of the filter", Duration::from_mins(1), || {
            sonde.log_filter().expires_in.is_none().then_some(())
        });
        eprintln!(
            "ticks {ticks} of {}",
            blocked.as_millis() / TICK.as_millis()
        );
        let logged = value(
            &sonde.metrics().render(),
            "log_events_total{level=\"info\"} ",
        );
        eprintln!("logged {logged}");
        let metrics = sonde.metrics().render();
        // Standard error is read: from now on, so is the log.
        eprintln!(
            "lost {}",
            value(&metrics, "radiosonde_log_lines_lost_total ")
        );
        drop(sonde);
        return;
    }
    let name = "log_control::a_log_that_nobody_reads_stops_nothing_and_its_losses_are_exact";
    let mut child = child::command(name, &[])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (mut lost, mut logged, mut ticks) = (String::new(), 0, [0, 0]);
    let stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    for line in std::io::BufRead::lines(stderr) {
        let line = line.unwrap();
        if let Some(counts) = line.strip_prefix("ticks ") {
            let (of, all) = counts.split_once(" of ").unwrap();
            ticks = [of, all].map(|count| count.parse::<u64>().unwrap());
        }
        if let Some(count) = line.strip_prefix("logged ") {
            logged = count.parse().unwrap();
        }
        if let Some(count) = line.strip_prefix("lost ") {
            lost = count.to_owned();
            break;
        }
    }
    let mut text = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    let lost: u64 = lost.parse().unwrap();
    let written = text.matches("\"level\":\"INFO\"").count() as u64;
    assert!(lost > 0, "the pipe took all of it");
    assert!(logged > EVENTS);
    assert_eq!(written + lost, logged, "{written} were written");
    let [of, all] = ticks;
    println!("{of} ticks of {all} while nobody read the log");
    // On a machine that others use, a tick may come late for any reason; that none comes has one alone.
    let least = if size(0, 1) == 1 { all * 95 / 100 } else { 1 };
    assert!(of >= least, "{of} ticks of {all}");
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn administrators_change_the_filter_over_http() {
    use axum::http::Request;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    let mut parts = build(Config::new("checkout").log_filter("info")).unwrap();
    let _dispatch = ext::dispatch(&mut parts);
    let sonde = parts.into_sonde();
    let ask = async |method: &str, query: &str, body: &'static str| {
        let request = Request::builder()
            .method(method)
            .uri(format!("/admin/log-filter{query}"))
            .body(axum::body::Body::from(body));
        let response = sonde
            .admin_router()
            .oneshot(request.unwrap())
            .await
            .unwrap();
        let status = response.status().as_u16();
        let text = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(text.into()).unwrap())
    };
    let configured = (200, "{\"directives\":\"info\"}\n".to_owned());
    assert_eq!(ask("GET", "", "").await, configured);
    let (status, text) = ask("PUT", "?for=1h", "debug").await;
    assert_eq!(status, 200);
    assert!(
        text.starts_with("{\"directives\":\"debug\",\"expires_in_seconds\":3"),
        "{text}"
    );
    assert_eq!(ask("PUT", "?for=soon", "debug").await.0, 400);
    assert_eq!(ask("PUT", "", "a=b=c").await.0, 400);
    assert_eq!(ask("DELETE", "", "").await, configured);
}
