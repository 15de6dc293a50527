//! Starting the telemetry of a process.

use radiosonde::{Config, InitError, init};

use crate::child::{self, printed};

#[test]
fn init_works_before_there_is_a_runtime_and_records_what_any_crate_does() {
    if !child::is_child() {
        let name = "init::init_works_before_there_is_a_runtime_and_records_what_any_crate_does";
        let text = printed(&child::run(name, &[("LOG_FORMAT", "json")]));
        assert!(text.contains(r#""message":"telemetry is on""#), "{text}");
        assert!(text.contains(r#""message":"by the log crate""#), "{text}");
        return;
    }
    let sonde = init("checkout").unwrap();
    metrics::counter!("orders_total").increment(3);
    log::info!("by the log crate");
    assert!(sonde.metrics().render().contains("orders_total 3\n"));
}

#[test]
fn a_second_init_names_the_first() {
    if !child::is_child() {
        printed(&child::run("init::a_second_init_names_the_first", &[]));
        return;
    }
    let _sonde = init("checkout").unwrap();
    let line = line!() - 1;
    let error = init("checkout").unwrap_err();
    assert!(matches!(error, InitError::AlreadyInitialised { .. }));
    assert!(
        error
            .to_string()
            .contains(&format!("tests/it/init.rs:{line}:")),
        "{error}"
    );
}

#[test]
fn after_a_failed_init_one_that_is_right_works() {
    if !child::is_child() {
        printed(&child::run(
            "init::after_a_failed_init_one_that_is_right_works",
            &[],
        ));
        return;
    }
    assert!(matches!(init(""), Err(InitError::Config(_))));
    assert!(init("checkout").is_ok());
}

#[test]
fn a_subscriber_or_a_recorder_of_the_host_is_left_in_place() {
    if !child::is_child() {
        printed(&child::run(
            "init::a_subscriber_or_a_recorder_of_the_host_is_left_in_place",
            &[],
        ));
        return;
    }
    let of_the_host = radiosonde::metrics::Registry::new();
    metrics::set_global_recorder(of_the_host.clone()).unwrap();
    assert!(matches!(init("checkout"), Err(InitError::RecorderTaken)));

    tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    assert!(matches!(init("checkout"), Err(InitError::SubscriberTaken)));
    metrics::counter!("orders_total").increment(1);
    assert!(of_the_host.render().contains("orders_total 1\n"));
}

#[test]
fn a_subscriber_for_one_closure_is_in_nobodys_way() {
    if !child::is_child() {
        printed(&child::run(
            "init::a_subscriber_for_one_closure_is_in_nobodys_way",
            &[],
        ));
        return;
    }
    tracing::subscriber::with_default(tracing_subscriber::registry(), || tracing::info!("booting"));
    assert!(init("checkout").is_ok());
}

#[test]
fn eight_threads_that_init_at_once_succeed_once() {
    if !child::is_child() {
        printed(&child::run(
            "init::eight_threads_that_init_at_once_succeed_once",
            &[],
        ));
        return;
    }
    let threads: Vec<_> = (0..8)
        .map(|_| std::thread::spawn(|| init("checkout").is_ok()))
        .collect();
    let succeeded = threads
        .into_iter()
        .filter(|_| true)
        .map(|thread| thread.join().unwrap());
    assert_eq!(succeeded.filter(|ok| *ok).count(), 1);
}

#[test]
fn an_error_that_main_returns_reads_as_a_sentence() {
    let error = radiosonde::build(Config::new("")).unwrap_err();
    assert_eq!(format!("{error:?}"), error.to_string());
    assert!(
        error
            .to_string()
            .starts_with("the service has no name: give `init` one"),
        "{error}"
    );
}

#[test]
fn what_is_ignored_is_told_where_nothing_is_installed() {
    if !child::is_child() {
        let name = "init::what_is_ignored_is_told_where_nothing_is_installed";
        printed(&child::run(name, &[("OTEL_PROPAGATORS", "b3,pigeon")]));
        return;
    }
    let parts = radiosonde::build("checkout").unwrap();
    let warnings: Vec<_> = parts.warnings().collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("OTEL_PROPAGATORS names `pigeon`"));
}

#[test]
fn nothing_public_shows_a_secret() {
    let config = Config::new("checkout");
    #[cfg(feature = "sentry")]
    let config = config.sentry_dsn("http://s3cret@localhost/1");
    assert!(!format!("{config:?}").contains("s3cret"));
    let parts = radiosonde::build(config).unwrap();
    assert!(!format!("{parts:?} {:?}", parts.sonde()).contains("s3cret"));
}

#[cfg(feature = "otlp")]
#[test]
fn one_that_fails_sends_nothing() {
    use radiosonde_testkit::fault::{FaultCollector, Mode};

    if !child::is_child() {
        let collector = FaultCollector::start(Mode::status(200));
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint())];
        printed(&child::run(
            "init::one_that_fails_sends_nothing",
            &variables,
        ));
        assert!(collector.requests().is_empty());
        return;
    }
    metrics::set_global_recorder(radiosonde::metrics::Registry::new()).unwrap();
    assert!(matches!(init("checkout"), Err(InitError::RecorderTaken)));
    tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    assert!(matches!(init("checkout"), Err(InitError::SubscriberTaken)));
}
