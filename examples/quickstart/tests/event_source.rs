//! The events of the quickstart as a browser hears them: by the `EventSource` of Node, which is that of the standard.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::process::Command;
use std::time::Duration;

use radiosonde_testkit::service::Service;
use radiosonde_testkit::{eventually, tools};

/// Hears three events, and closes the source, upon which the process ends.
const LISTEN: &str = "
    const source = new EventSource(process.argv[1]);
    const heard = [];
    source.onerror = () => { console.log('failed'); source.close(); };
    source.onmessage = (event) => {
        heard.push(event.data);
        if (heard.length === 3) {
            source.close();
            console.log(heard.join(', '));
        }
    };
";

#[test]
fn an_event_source_hears_events_and_its_stream_is_timed_apart() {
    let service = Service::start(&Command::new(env!("CARGO_BIN_EXE_quickstart")));
    let output = Command::new(tools::program("node"))
        .args(["--no-warnings", "--experimental-eventsource", "-e", LISTEN])
        .arg(format!("http://{}/events", service.addr()))
        .output()
        .unwrap();
    let heard = String::from_utf8(output.stdout).unwrap();
    assert_eq!(heard.trim(), "event 1, event 2, event 3");

    let ended =
        r#"http_requests_total{method="GET",outcome="cancelled",route="/events",status="200"} 1"#;
    let metrics = eventually("the end of the stream", Duration::from_secs(20), || {
        let metrics = service.get("/metrics").unwrap().text();
        metrics.contains(ended).then_some(metrics)
    });
    for line in [
        r#"http_stream_duration_seconds_count{method="GET",route="/events"} 1"#,
        r#"http_request_duration_seconds_count{method="GET",route="/events",status="200"} 1"#,
        r#"http_active_connections{method="GET"} 0"#,
    ] {
        assert!(metrics.contains(&format!("{line}\n")), "{line}\n{metrics}");
    }
}
