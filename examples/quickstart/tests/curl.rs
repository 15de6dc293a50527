//! The quickstart as a visitor sees it who has only `curl`.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::process::Command;

use radiosonde_testkit::{service::Service, tools};

/// Asks with `curl`, and returns what it printed: head and body.
fn curl(service: &Service, arguments: &[&str], path: &str) -> String {
    let url = format!("http://{}{path}", service.addr());
    let mut command = Command::new(tools::program("curl"));
    command
        .args(["-sS", "-i", "--max-time", "20"])
        .args(arguments)
        .arg(url);
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

#[track_caller]
fn assert_answers(answer: &str, status: &str, body: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.ends_with(body),
        "{answer}"
    );
}

#[test]
fn every_address_that_it_prints_answers() {
    let service = Service::start(&Command::new(env!("CARGO_BIN_EXE_quickstart")));
    assert_answers(
        &curl(&service, &[], "/hello/you"),
        "200 OK",
        "Hello, you!\n",
    );
    assert_answers(
        &curl(&service, &[], "/slow"),
        "200 OK",
        "That took half a second.\n",
    );
    assert_answers(
        &curl(&service, &[], "/stream"),
        "200 OK",
        "piece 10 of 10\n",
    );
    assert_answers(
        &curl(&service, &[], "/fail"),
        "500 ",
        "That did not work.\n",
    );
    assert!(
        curl(&service, &[], "/panic").contains("curl: (52)"),
        "a panic ends the connection without an answer"
    );
    assert_answers(
        &curl(&service, &[], "/live"),
        "200 OK",
        r#"{"status":"alive"}"#,
    );
    assert_answers(
        &curl(&service, &[], "/ready"),
        "200 OK",
        r#"{"status":"ready"}"#,
    );
    assert_answers(
        &curl(&service, &["-H", "accept: text/plain"], "/ready"),
        "200 OK",
        "ready check passed\n",
    );
    assert_answers(
        &curl(&service, &["--head"], "/health"),
        "200 OK",
        "\r\n\r\n",
    );
    assert!(
        curl(&service, &[], "/health")
            .contains(r#""status":"healthy","service":"quickstart","version":"0.1.0""#)
    );
    let metrics = curl(&service, &[], "/metrics");
    assert!(metrics.contains(
        r#"http_requests_total{method="GET",outcome="panicked",route="/panic",status="500"} 1"#
    ));
}

#[test]
fn http_2_is_spoken_as_well() {
    let service = Service::start(&Command::new(env!("CARGO_BIN_EXE_quickstart")));
    let answer = curl(&service, &["--http2-prior-knowledge"], "/hello/you");
    assert!(
        answer.starts_with("HTTP/2 200") && answer.ends_with("Hello, you!\n"),
        "{answer}"
    );
}
