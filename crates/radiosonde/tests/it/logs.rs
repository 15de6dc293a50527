//! Log lines, as a child prints them.

use serde_json::Value;
use tracing::{error, info, info_span};

use crate::child::{self, printed};

/// The lines that a child logged as JSON.
fn json_lines(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[track_caller]
fn line<'a>(lines: &'a [Value], message: &str) -> &'a Value {
    lines
        .iter()
        .find(|line| line["message"] == message)
        .unwrap_or_else(|| panic!("{message} is not in {lines:?}"))
}

fn log_everything() {
    let _sonde = radiosonde::init(radiosonde::Service::new("checkout").version("1.2.3")).unwrap();
    info!(
        orders = 3,
        ratio = 0.5,
        done = true,
        name = "a \"b\"",
        "plain"
    );
    info!(nan = f64::NAN, big = u64::MAX, debug = ?Some("x"), "odd");
    info!(field = %"a\nb\u{1b}[31m\u{9b}c\u{202e}", "hostile\nmessage\u{1b}[0m");
    let source = std::io::Error::other(std::io::Error::other("the cause"));
    error!(error = &source as &dyn std::error::Error, "failed");
    let outer = info_span!("outer", order = 7, late = tracing::field::Empty);
    let _outer = outer.enter();
    outer.record("late", "yes");
    info_span!("inner").in_scope(|| info!("inside"));
    tracing::debug!("not wanted");
}

#[test]
fn a_line_is_an_object_with_the_fields_the_service_and_the_ids() {
    if child::is_child() {
        return log_everything();
    }
    let name = "logs::a_line_is_an_object_with_the_fields_the_service_and_the_ids";
    let text = printed(&child::run(name, &[]));
    let lines = json_lines(&text);

    let plain = line(&lines, "plain");
    assert_eq!(
        plain["fields"],
        serde_json::json!({"orders": 3, "ratio": 0.5, "done": true, "name": "a \"b\""})
    );
    assert_eq!(
        (&plain["service"], &plain["version"], &plain["level"]),
        (&"checkout".into(), &"1.2.3".into(), &"INFO".into())
    );
    assert_eq!(plain["target"], "it::logs");
    assert!(plain["timestamp"].as_str().unwrap().ends_with('Z') && plain.get("trace_id").is_none());

    let odd = line(&lines, "odd");
    assert_eq!(
        odd["fields"],
        serde_json::json!({"nan": "NaN", "big": u64::MAX, "debug": "Some(\"x\")"})
    );
    assert_eq!(
        line(&lines, "hostile\nmessage\u{1b}[0m")["fields"]["field"],
        "a\nb\u{1b}[31m\u{9b}c\u{202e}"
    );
    assert_eq!(line(&lines, "failed")["fields"]["error"], "the cause");

    let inside = line(&lines, "inside");
    let spans = serde_json::json!([{"name": "outer", "fields": {"order": 7, "late": "yes"}}, {"name": "inner"}]);
    assert_eq!(inside["spans"], spans);
    assert_eq!(inside["trace_id"].as_str().unwrap().len(), 32);
    assert_eq!(inside["span_id"].as_str().unwrap().len(), 16);
    assert!(!text.contains("not wanted"));
}

#[test]
fn a_readable_line_holds_no_control_character() {
    if child::is_child() {
        return log_everything();
    }
    let text = printed(&child::run(
        "logs::a_readable_line_holds_no_control_character",
        &[("LOG_FORMAT", "text")],
    ));
    let lines: Vec<_> = text
        .lines()
        .filter(|line| line.contains("it::logs:"))
        .collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(
        !lines
            .iter()
            .any(|line| line.contains(char::is_control) || line.contains('\u{202e}')),
        "{text}"
    );
    assert!(
        lines[0].ends_with(r#" INFO it::logs: plain orders=3 ratio=0.5 done=true name="a \"b\"""#),
        "{text}"
    );
    assert!(
        lines[3].contains(r#"ERROR it::logs: failed error="the cause""#),
        "{text}"
    );
    assert!(
        lines[4].contains("INFO it::logs: inside outer{order=7 late=yes} inner trace_id="),
        "{text}"
    );
}

#[test]
fn the_filter_is_that_of_rust_log() {
    if child::is_child() {
        return log_everything();
    }
    let text = printed(&child::run(
        "logs::the_filter_is_that_of_rust_log",
        &[("RUST_LOG", "off,it=debug")],
    ));
    assert!(
        text.contains("not wanted") && !text.contains("telemetry is on"),
        "{text}"
    );
}

#[cfg(all(feature = "axum", feature = "otlp"))]
#[test]
fn spans_and_metrics_may_be_lines_of_the_log() {
    use axum::Router;
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt as _;

    if child::is_child() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        return runtime.block_on(async {
            let sonde = radiosonde::init("checkout").unwrap();
            let app = Router::new()
                .route("/orders/{id}", axum::routing::get(async || "an order"))
                .layer(sonde.layer());
            let request = Request::get("/orders/7").body(Body::empty()).unwrap();
            let answer = app.oneshot(request).await.unwrap().into_body();
            axum::body::to_bytes(answer, 100).await.unwrap();
            sonde.shutdown(std::time::Duration::from_secs(20)).await;
        });
    }
    let name = "logs::spans_and_metrics_may_be_lines_of_the_log";
    let variables = [
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_METRICS_EXPORTER", "console"),
    ];
    let text = printed(&child::run(name, &variables));
    let lines = json_lines(&text);
    let span = line(&lines, "GET /orders/{id}");
    assert_eq!(span["target"], "radiosonde::spans");
    assert_eq!(span["fields"]["http.response.status_code"], "200");
    assert!(span["trace_id"].is_string(), "{span}");
    let counted =
        r#"http_requests_total{method="GET",outcome="ok",route="/orders/{id}",status="200"} 1"#;
    assert_eq!(line(&lines, counted)["target"], "radiosonde::metrics");
    assert!(
        text.contains(r#""traces":"the log","metrics":"the log""#),
        "{text}"
    );
}

#[cfg(all(feature = "axum", feature = "otlp", feature = "sentry"))]
#[test]
fn a_line_says_at_the_start_where_telemetry_goes_and_no_secret() {
    use radiosonde_testkit::fault::{FaultCollector, Mode};

    if child::is_child() {
        // The harness has begun a line.
        println!();
        let _sonde =
            radiosonde::init(radiosonde::Service::new("checkout").version("1.2.3")).unwrap();
        return;
    }
    let name = "logs::a_line_says_at_the_start_where_telemetry_goes_and_no_secret";
    let absent = FaultCollector::start(Mode::Refuse);
    let address = absent.addr();
    let general = format!("http://{address}/s3cret?token=s3cret");
    let (of_logs, dsn) = (
        format!("http://{address}/s3cret/logs?key=s3cret"),
        format!("http://s3cret@{address}/1"),
    );
    let mut variables = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", general.as_str()),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &of_logs),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=s3cret"),
        ("OTEL_METRICS_EXPORTER", "otlp,console"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "deployment.environment.name=prod",
        ),
        ("SENTRY_DSN", &dsn),
    ];
    let of_traces = if cfg!(feature = "otlp-grpc") {
        variables.push(("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"));
        "grpc"
    } else {
        "http/protobuf"
    };
    let text = printed(&child::run(name, &variables));
    let lines = json_lines(&text);
    let expected = serde_json::json!({
        "service": "checkout",
        "version": "1.2.3",
        "environment": "prod",
        "traces": format!("http://{address} ({of_traces})"),
        "metrics": format!("http://{address} (http/protobuf), the log"),
        "logs": format!("http://{address} (http/protobuf)"),
        "error_reports": address.to_string(),
    });
    assert_eq!(
        line(&lines, "telemetry is on")["fields"],
        expected,
        "{text}"
    );
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn what_was_printed_before_stands_before_the_log() {
    if child::is_child() {
        // No line, which standard output would let go of by itself.
        print!("before");
        drop(radiosonde::init("checkout").unwrap());
        println!("after");
        return;
    }
    let name = "logs::what_was_printed_before_stands_before_the_log";
    let text = printed(&child::run(name, &[]));
    let place = |part| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    let places = ["before", "telemetry is on", "after"].map(place);
    assert!(places.is_sorted(), "{text}");
}
