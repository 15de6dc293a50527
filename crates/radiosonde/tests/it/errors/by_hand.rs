//! Errors that the service reports by itself.

use std::time::Duration;

use radiosonde::Config;
use radiosonde_testkit::fault::{FaultCollector, Mode};

use super::envelopes::events;
use super::{all_sent, dsn, reporting};
use crate::child;

#[derive(Debug, thiserror::Error)]
#[error("the order could not be stored")]
struct NotStored {
    source: std::num::ParseIntError,
}

#[tokio::test]
async fn an_error_is_reported_with_its_causes_and_its_place() {
    let collector = FaultCollector::start(Mode::status(200));
    let (sonde, _) = reporting(&collector, Config::new("checkout"));
    let source = "x".parse::<u8>().unwrap_err();
    an_error_is_reported(&sonde, &NotStored { source });
    sonde.shutdown(Duration::from_secs(30)).await;

    let event = &events(&collector)[0];
    let [cause, error] = &event["exception"]["values"].as_array().unwrap()[..] else {
        panic!("{event:#}");
    };
    assert_eq!(
        (&cause["type"], &cause["value"]),
        (
            &"ParseIntError".into(),
            &"invalid digit found in string".into()
        )
    );
    assert_eq!(
        (&error["type"], &error["value"]),
        (&"NotStored".into(), &"the order could not be stored".into())
    );
    assert_eq!(error["mechanism"]["handled"], true);
    // Without a stack where looking up its symbols takes too long.
    if let Some(frames) = error["stacktrace"]["frames"].as_array() {
        let innermost = frames.last().unwrap();
        let function = innermost["function"].as_str().unwrap();
        assert!(function.contains("an_error_is_reported"), "{innermost:#}");
        assert_eq!(innermost["in_app"], true);
    }
}

/// A function of its own, because what is inlined into a runtime has no name there.
#[inline(never)]
fn an_error_is_reported(sonde: &radiosonde::Sonde, error: &NotStored) {
    sonde.report(error);
}

#[tokio::test]
async fn without_a_dsn_nothing_is_reported() {
    let sonde = radiosonde::build("checkout").unwrap().into_sonde();
    sonde.report(&std::fmt::Error);
    let report = sonde.shutdown(Duration::from_secs(30)).await;
    assert_eq!(report.error_reports.ended, 0);
    assert!(!sonde.metrics().render().contains("radiosonde_error_events"));
}

#[test]
fn a_report_says_what_runs_and_where() {
    let name = "errors::by_hand::a_report_says_what_runs_and_where";
    if child::is_child() {
        let service = radiosonde::Service::new("checkout").version("1.4.2");
        let sonde = radiosonde::init(service).unwrap();
        tracing::error!("it broke");
        all_sent(&sonde, 1);
        return;
    }
    let said = |variables: &[(&str, &str)]| {
        let collector = FaultCollector::start(Mode::status(200));
        let dsn = dsn(&collector);
        let variables = [variables, &[("SENTRY_DSN", &dsn)]].concat();
        child::printed(&child::run(name, &variables));
        let event = events(&collector).remove(0);
        ["release", "environment", "dist", "server_name"]
            .map(|member| event[member].as_str().map(ToOwned::to_owned))
    };
    let told = said(&[
        ("SENTRY_RELEASE", "shop@7"),
        ("SENTRY_ENVIRONMENT", "staging"),
        ("SENTRY_DIST", "arm64-42"),
        ("HOSTNAME", "shop-6f7d"),
    ]);
    let expected = ["shop@7", "staging", "arm64-42", "shop-6f7d"];
    assert_eq!(told, expected.map(|text| Some(text.to_owned())));

    let [release, environment, dist, server] = said(&[]);
    assert_eq!(release.as_deref(), Some("checkout@1.4.2"));
    assert_eq!(environment.as_deref(), Some("production"));
    assert_eq!(dist, None);
    // That of the kernel, where it tells.
    assert_eq!(server.is_some(), cfg!(target_os = "linux"));
}
