//! Resolution, from a map instead of the environment that all threads share.

#[cfg(feature = "axum")]
mod exposure;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(feature = "otlp")]
mod sampling;
#[cfg(feature = "sentry")]
mod sentry;

use std::collections::HashMap;
use std::time::Duration;

use super::{Config, ConfigError, LogFormat, RequestOptions, Settings, env};

fn resolve(config: impl Into<Config>, vars: &[(&str, &str)]) -> Result<Settings, Vec<ConfigError>> {
    let vars: HashMap<_, _> = vars.iter().copied().collect();
    Settings::resolve(
        &config.into(),
        &|name| vars.get(name).map(ToString::to_string),
        false,
    )
}

fn resource(settings: &Settings, key: &'static str) -> Option<String> {
    settings
        .traces
        .resource
        .get(&key.into())
        .map(|value| value.to_string())
}

#[test]
fn with_nothing_set_nothing_is_sent() {
    let settings = resolve("checkout", &[]).unwrap();
    assert_eq!(settings.name, "checkout");
    assert_eq!(
        (settings.logs.filter.as_str(), settings.logs.format),
        ("info", LogFormat::Json)
    );
    assert_eq!(settings.lifecycle.drain_delay, Duration::ZERO);
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
    #[cfg(feature = "otlp")]
    assert!(settings.traces.export.is_none());
    #[cfg(feature = "sentry")]
    assert!(settings.sentry.is_none());
}

#[test]
fn the_methods_that_have_names_are_those_of_the_code_then_of_the_variable() {
    let variable = [("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", " GET ,,BREW")];
    let settings = resolve("checkout", &variable).unwrap();
    let known = settings.requests.known_methods.unwrap();
    assert_eq!(known, ["GET", "BREW"]);
    let requests = RequestOptions::new().known_methods(["PROPFIND"]);
    let settings = resolve(Config::new("checkout").requests(requests), &variable).unwrap();
    assert_eq!(settings.requests.known_methods.unwrap(), ["PROPFIND"]);
    let settings = resolve("checkout", &[]).unwrap();
    assert_eq!(settings.requests.known_methods, None);

    let none = [("OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", " , ")];
    let settings = resolve("checkout", &none).unwrap();
    assert_eq!(settings.requests.known_methods, None);
    let warning =
        "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS is `,`, which names no method, and is ignored";
    assert_eq!(settings.warnings, [warning]);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let variables = env::VARIABLES.iter().flat_map(|(_, variables)| *variables);
    let names = variables.map(|variable| variable.name);
    let without_effect = env::WITHOUT_EFFECT.iter().map(|variable| variable.name);
    let empty: Vec<_> = names
        .chain(without_effect)
        .map(|name| (name, " "))
        .collect();
    let settings = resolve("checkout", &empty).unwrap();
    assert_eq!(settings.name, "checkout");
    assert!(settings.warnings.is_empty(), "{:?}", settings.warnings);
}

#[test]
fn the_deployment_names_the_service() {
    let attributes = "service.version=2.0, deployment.environment.name=prod,team=a%2Cb";
    let vars = [
        (env::OTEL_SERVICE_NAME, "checkout-eu"),
        (env::OTEL_RESOURCE_ATTRIBUTES, attributes),
    ];
    let settings = resolve("checkout", &vars).unwrap();
    assert_eq!(settings.name, "checkout-eu");
    assert_eq!(settings.version.as_deref(), Some("2.0"));
    assert_eq!(settings.environment.as_deref(), Some("prod"));
    assert_eq!(
        resource(&settings, "service.name").as_deref(),
        Some("checkout-eu")
    );
    assert_eq!(resource(&settings, "team").as_deref(), Some("a,b"));
}

#[test]
fn two_processes_of_a_service_are_told_apart_unless_somebody_names_them() {
    let id = |vars: &[(&str, &str)]| {
        let settings = resolve("checkout", vars).unwrap();
        (
            resource(&settings, "service.instance.id").unwrap(),
            settings.instance_is_made,
        )
    };
    let [(one, made), (other, _)] = [id(&[]), id(&[])];
    assert!(made && one != other && one.len() == 36);
    assert_eq!((one.as_bytes()[14], one.as_bytes()[8]), (b'4', b'-'));
    assert!("89ab".contains(&one[19..20]), "{one}");
    let named = (env::OTEL_RESOURCE_ATTRIBUTES, "service.instance.id=pod-7");
    assert_eq!(id(&[named]), ("pod-7".into(), false));
}

#[test]
fn one_bad_pair_makes_all_resource_attributes_void() {
    let settings = resolve(
        "checkout",
        &[(env::OTEL_RESOURCE_ATTRIBUTES, "team=a,nonsense")],
    )
    .unwrap();
    assert_eq!(resource(&settings, "team"), None);
    assert_eq!(settings.warnings.len(), 1);
}

#[test]
fn all_mistakes_are_reported_at_once_and_no_secret_with_them() {
    let vars = [
        (env::OTEL_SERVICE_NAME, ""),
        (env::RADIOSONDE_DRAIN_DELAY, "soon"),
        (env::RADIOSONDE_FLUSH_TIMEOUT, "1m"),
        (env::LOG_FORMAT, "xml"),
        (env::SENTRY_DSN, "https://s3cret@/nowhere"),
        (
            env::OTEL_EXPORTER_OTLP_ENDPOINT,
            "ftp://user:s3cret@collector",
        ),
    ];
    let errors = resolve("  ", &vars).unwrap_err();
    let text = crate::InitError::Config(errors.clone()).to_string();
    let mut expected = vec![
        "the service has no name",
        "RADIOSONDE_DRAIN_DELAY is `soon`",
        "LOG_FORMAT is `xml`",
    ];
    expected.push("RADIOSONDE_FLUSH_TIMEOUT is `1m`, which is too long: give at most `5s`");
    if cfg!(feature = "sentry") {
        expected.push("SENTRY_DSN is malformed");
    }
    if cfg!(feature = "otlp") {
        expected.push("OTEL_EXPORTER_OTLP_ENDPOINT is no address of an HTTP server");
    }
    assert_eq!(errors.len(), expected.len(), "{text}");
    for part in expected {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(
        !text.contains("s3cret") && !format!("{errors:?}").contains("s3cret"),
        "{text}"
    );
}

#[test]
fn a_log_filter_in_code_must_be_right_and_one_in_the_environment_may_be_ignored() {
    let config = || Config::new("checkout").log_filter("checkout=loud");
    let errors = resolve(config(), &[]).unwrap_err();
    assert!(
        matches!(&errors[..], [ConfigError::InvalidLogFilter { .. }]),
        "{errors:?}"
    );

    let settings = resolve("checkout", &[(env::RUST_LOG, "checkout=loud")]).unwrap();
    assert_eq!(settings.logs.filter, "info");
    assert!(
        settings.warnings[0].starts_with("RUST_LOG is `checkout=loud`"),
        "{:?}",
        settings.warnings
    );
}

#[test]
fn code_wins_over_the_environment() {
    let config = Config::new("checkout")
        .environment("staging")
        .log_format(LogFormat::Text)
        .log_filter("debug")
        .drain_delay(Duration::from_secs(1));
    let vars = [
        (
            env::OTEL_RESOURCE_ATTRIBUTES,
            "deployment.environment.name=prod",
        ),
        (env::LOG_FORMAT, "json"),
        (env::RUST_LOG, "warn"),
        (env::RADIOSONDE_DRAIN_DELAY, "9s"),
    ];
    let settings = resolve(config, &vars).unwrap();
    assert_eq!(settings.environment.as_deref(), Some("staging"));
    assert_eq!(
        (settings.logs.filter.as_str(), settings.logs.format),
        ("debug", LogFormat::Text)
    );
    assert_eq!(settings.lifecycle.drain_delay, Duration::from_secs(1));
}

#[test]
fn inside_kubernetes_the_service_drains_for_five_seconds() {
    let settings = resolve("checkout", &[(env::KUBERNETES_SERVICE_HOST, "10.0.0.1")]).unwrap();
    assert_eq!(settings.lifecycle.drain_delay, Duration::from_secs(5));
}

#[test]
fn a_variable_without_effect_says_why_where_it_is_set() {
    let vars = [
        ("OTEL_CONFIG_FILE", "otel.yaml"),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "9090"),
        // As ever.
        ("OTEL_EXPORTER_PROMETHEUS_HOST", "localhost"),
    ];
    let warnings = resolve("checkout", &vars).unwrap().warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    let said = warnings.join("\n");
    for part in [
        "OTEL_CONFIG_FILE has no effect: settings come from code",
        "OTEL_EXPORTER_PROMETHEUS_PORT has no effect: metrics are scraped",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn our_own_events_may_have_a_level_of_their_own() {
    let filter = |level, rust_log| {
        let vars = [(env::OTEL_LOG_LEVEL, level), (env::RUST_LOG, rust_log)];
        let settings = resolve("checkout", &vars).unwrap();
        (settings.logs.filter, settings.warnings.len())
    };
    assert_eq!(filter("", "warn"), ("warn".to_owned(), 0));
    let (quiet, _) = filter("Error", "");
    assert!(
        quiet.starts_with("info,radiosonde=error,radiosonde::access=info,"),
        "{quiet}"
    );
    assert!(filter("none", "warn").0.contains(",radiosonde=off,"));
    let own = "warn,radiosonde=debug".to_owned();
    assert_eq!(filter("error", &own), (own.clone(), 0));
    assert_eq!(filter("loud", "warn"), ("warn".to_owned(), 1));
    assert!(tracing_subscriber::EnvFilter::try_new(quiet).is_ok());
}
