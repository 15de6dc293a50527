//! The quickstart under load by `wrk`.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::process::Command;
use std::time::Duration;

use radiosonde_testkit::service::Service;
use radiosonde_testkit::{eventually, tools};

const CONNECTIONS: u64 = 16;

/// Asks as fast as it is answered for a second, and returns how many answers came.
fn load(service: &Service, path: &str) -> u64 {
    let output = Command::new(tools::program("wrk"))
        .args(["-t1", &format!("-c{CONNECTIONS}"), "-d1s"])
        .arg(format!("http://{}{path}", service.addr()))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("Socket errors"), "{text}");
    let (before, _) = text.split_once(" requests in").expect(&text);
    before
        .rsplit(char::is_whitespace)
        .next()
        .unwrap()
        .parse()
        .unwrap()
}

/// The value of a series, 0 where there is none.
fn sample(metrics: &str, series: &str) -> u64 {
    let value = metrics
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map_or(0, |value| value.parse().unwrap())
}

#[test]
fn what_wrk_was_answered_is_what_was_counted() {
    let service = Service::start(&Command::new(env!("CARGO_BIN_EXE_quickstart")));
    let answered = load(&service, "/hello/wrk");
    assert!(answered > 0);

    let metrics = || service.get("/metrics").unwrap().text();
    let active = r#"http_active_connections{method="GET"}"#;
    let metrics = eventually("no request in flight", Duration::from_secs(20), || {
        Some(metrics()).filter(|metrics| sample(metrics, active) == 0)
    });
    let counted = |outcome: &str, status: &str| {
        let labels = format!(
            r#"method="GET",outcome="{outcome}",route="/hello/{{name}}",status="{status}""#
        );
        sample(&metrics, &format!("http_requests_total{{{labels}}}"))
    };
    let ok = counted("ok", "200");
    let all = ok + counted("cancelled", "200") + counted("cancelled", "499");
    // When its time is over, it leaves without looking at what is still on its way: one answer for each connection.
    assert!(
        (answered..=answered + CONNECTIONS).contains(&all),
        "{answered} of {all}\n{metrics}"
    );
    assert!(ok >= answered, "{answered} of {ok}\n{metrics}");
    let count =
        r#"http_request_duration_seconds_count{method="GET",route="/hello/{name}",status="200"}"#;
    assert!(sample(&metrics, count) >= ok, "{metrics}");
}
