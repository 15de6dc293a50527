//! What a collector gets, and what its words are in the log.

use std::time::Duration;

use radiosonde::Config;
use radiosonde_testkit::fault::FaultCollector;
use tokio::runtime::Builder;

use super::protocol::{PROTOCOL, Protocol, in_children, serve};
use crate::child::{self, printed};

/// Runs a service of one request to its end.
fn ended(config: Config) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let sonde = radiosonde::init(config).unwrap();
        serve(&sonde, 1).await;
        sonde.shutdown(Duration::from_secs(30)).await;
    });
}

#[test]
fn exports_are_compressed_when_that_is_asked_for() {
    let name = "faults::told::exports_are_compressed_when_that_is_asked_for";
    let gzip = ("OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP");
    let Some(protocol) = in_children(name, &[gzip]) else {
        return;
    };
    let collector = FaultCollector::start(protocol.takes());
    ended(Config::new("checkout").otlp_endpoint(collector.endpoint()));
    assert_eq!(collector.accepted(protocol.traces()), 1);
    let coding = match protocol {
        Protocol::Http => "content-encoding",
        #[cfg(feature = "otlp-grpc")]
        Protocol::Grpc => "grpc-encoding",
    };
    for request in collector.requests() {
        assert_eq!(request.header(coding), Some("gzip"), "{}", request.path());
    }
}

/// <https://opentelemetry.io/docs/specs/otel/protocol/exporter/#user-agent>
#[test]
fn exports_say_whose_they_are() {
    let Some(protocol) = in_children("faults::told::exports_say_whose_they_are", &[]) else {
        return;
    };
    let collector = FaultCollector::start(protocol.takes());
    ended(Config::new("checkout").otlp_endpoint(collector.endpoint()));
    let agent = concat!("radiosonde-otlp-exporter-rust/", env!("CARGO_PKG_VERSION"));
    let requests = collector.requests();
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(
            request.header("user-agent"),
            Some(agent),
            "{}",
            request.path()
        );
    }
}

#[test]
fn what_a_collector_refuses_is_told_with_its_words() {
    let name = "faults::told::what_a_collector_refuses_is_told_with_its_words";
    if child::is_child() {
        let endpoint = std::env::var("COLLECTOR").unwrap();
        return ended(Config::new("checkout").otlp_endpoint(endpoint));
    }
    for protocol in Protocol::ALL {
        // A partial success that refuses 1, with a message. One span, because several may travel in several messages.
        let collector = FaultCollector::start(protocol.says(b"\x0a\x0b\x08\x01\x12\x07too old"));
        let variables = [
            ("COLLECTOR", &*collector.endpoint()),
            (PROTOCOL, protocol.name()),
        ];
        let text = printed(&child::run(name, &variables));
        let told = "the collector refused 1 of 1: too old";
        assert!(text.contains(told), "{protocol:?}: {text}");
    }
}
