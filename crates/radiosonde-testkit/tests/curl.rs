//! The client and the fault collector, against a client written by others.

use std::process::Command;

use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::{http, tools};

#[test]
fn curl_reads_the_same_as_the_client() {
    let server = FaultCollector::start(Mode::answer("text/plain", "ready\n"));
    let url = format!("{}/ready", server.endpoint());

    let ours = http::get(server.addr(), "/ready", &[]).unwrap();
    let curl = Command::new(tools::program("curl"))
        .args([
            "--silent",
            "--write-out",
            "%{http_code} %{content_type}",
            &url,
        ])
        .output()
        .unwrap();

    let content_type = ours.header("content-type").unwrap();
    let expected = format!("{}{} {content_type}", ours.text(), ours.status);
    assert_eq!(String::from_utf8(curl.stdout).unwrap(), expected);

    let [first, second] = &server.requests()[..] else {
        panic!("two requests")
    };
    assert_eq!(first.request_line, "GET /ready HTTP/1.1");
    assert_eq!(second.request_line, first.request_line);
}
