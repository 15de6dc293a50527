//! Errors that the service reports by itself.

use std::time::Duration;

use radiosonde::Config;
use radiosonde_testkit::fault::{FaultCollector, Mode};

use super::envelopes::events;
use super::reporting;

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
