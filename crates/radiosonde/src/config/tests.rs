//! Resolution, from a map instead of the environment that all threads share.

use std::collections::HashMap;
use std::time::Duration;

use super::{Config, ConfigError, LogFormat, Settings, env};

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
fn an_empty_variable_counts_as_unset() {
    let names = env::VARIABLES
        .iter()
        .flat_map(|(_, variables)| *variables)
        .map(|variable| (variable.name, " "));
    let settings = resolve("checkout", &names.collect::<Vec<_>>()).unwrap();
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

#[cfg(feature = "otlp")]
mod otlp {
    use super::*;
    use crate::config::{Propagator, RootSampling, SamplingOptions, StrategyPlace};

    const ENDPOINT: (&str, &str) = (env::OTEL_EXPORTER_OTLP_ENDPOINT, "http://collector:4318/");

    fn endpoint(vars: &[(&str, &str)]) -> Option<String> {
        resolve("checkout", vars)
            .unwrap()
            .traces
            .export
            .map(|export| export.target.endpoint.to_string())
    }

    #[test]
    fn the_general_endpoint_gets_a_path_and_that_of_traces_does_not() {
        assert_eq!(
            endpoint(&[ENDPOINT]).as_deref(),
            Some("http://collector:4318/v1/traces")
        );
        let own = (env::OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, "http://other:1/in");
        assert_eq!(
            endpoint(&[ENDPOINT, own]).as_deref(),
            Some("http://other:1/in")
        );
    }

    #[test]
    fn metrics_go_where_spans_go_unless_they_have_an_address_of_their_own() {
        let export = |vars: &[(&str, &str)]| resolve("checkout", vars).unwrap().metrics.export;
        let endpoint =
            |vars: &[(&str, &str)]| export(vars).map(|export| export.target.endpoint.to_string());
        assert_eq!(endpoint(&[]), None);
        let general = Some("http://collector:4318/v1/metrics".to_owned());
        assert_eq!(endpoint(&[ENDPOINT]), general);
        let own = (
            env::OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
            "http://other:1/in",
        );
        assert_eq!(endpoint(&[own]).as_deref(), Some("http://other:1/in"));
        for off in ["none", "Prometheus", "prometheus, none"] {
            let off = (env::OTEL_METRICS_EXPORTER, off);
            assert_eq!(endpoint(&[ENDPOINT, off]), None, "{off:?}");
        }
        for on in ["otlp", "prometheus,OTLP", "console"] {
            let on = (env::OTEL_METRICS_EXPORTER, on);
            assert_eq!(endpoint(&[ENDPOINT, on]), general, "{on:?}");
        }
        let settings = export(&[ENDPOINT, (env::OTEL_METRIC_EXPORT_TIMEOUT, "250")]).unwrap();
        assert_eq!(settings.target.timeout, Duration::from_millis(250));
        assert_eq!(settings.interval, Duration::from_mins(1));
    }

    #[test]
    fn a_mistake_that_several_signals_share_is_told_once() {
        let vars = [
            ENDPOINT,
            (env::OTEL_EXPORTER_OTLP_TIMEOUT, "soon"),
            (
                env::OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE,
                "delta",
            ),
            (env::OTEL_METRICS_EXEMPLAR_FILTER, "always_on"),
        ];
        let settings = resolve("checkout", &vars).unwrap();
        assert_eq!(settings.warnings.len(), 3, "{:?}", settings.warnings);
        assert!(settings.metrics.exemplars);
        let off = (env::OTEL_METRICS_EXEMPLAR_FILTER, "Always_Off");
        assert!(!resolve("checkout", &[off]).unwrap().metrics.exemplars);
    }

    #[test]
    fn a_query_stays_behind_the_path() {
        let general = (
            env::OTEL_EXPORTER_OTLP_ENDPOINT,
            "http://collector:4318/in?key=1",
        );
        assert_eq!(
            endpoint(&[general]).as_deref(),
            Some("http://collector:4318/in/v1/traces?key=1")
        );
    }

    #[test]
    fn an_address_without_a_host_or_with_an_impossible_port_is_refused() {
        for address in [
            "http://:4318",
            "http://c:99999",
            "http://c:0",
            "http://c:",
            "http://",
            "collector:4318",
        ] {
            let errors =
                resolve("checkout", &[(env::OTEL_EXPORTER_OTLP_ENDPOINT, address)]).unwrap_err();
            assert!(
                matches!(&errors[..], [ConfigError::InvalidEndpoint { .. }]),
                "{address}: {errors:?}"
            );
        }
        assert_eq!(
            endpoint(&[(env::OTEL_EXPORTER_OTLP_ENDPOINT, "http://[::1]")]).as_deref(),
            Some("http://[::1]/v1/traces")
        );
    }

    #[test]
    fn an_address_that_is_not_used_need_not_be_right() {
        let wrong = (env::OTEL_EXPORTER_OTLP_ENDPOINT, "nonsense");
        assert_eq!(endpoint(&[wrong, (env::OTEL_SDK_DISABLED, "true")]), None);
    }

    #[test]
    fn the_export_can_be_turned_off() {
        for off in [
            (env::OTEL_SDK_DISABLED, "TRUE"),
            (env::OTEL_TRACES_EXPORTER, "None"),
            #[cfg(not(feature = "otlp-grpc"))]
            (env::OTEL_EXPORTER_OTLP_PROTOCOL, "grpc"),
            #[cfg(not(feature = "otlp-grpc"))]
            (env::OTEL_EXPORTER_OTLP_TRACES_PROTOCOL, "grpc"),
        ] {
            assert_eq!(endpoint(&[ENDPOINT, off]), None, "{off:?}");
        }
    }

    #[cfg(feature = "otlp-grpc")]
    #[test]
    fn over_grpc_an_address_is_a_host_and_a_port_or_more() {
        let grpc = (env::OTEL_EXPORTER_OTLP_PROTOCOL, "gRPC");
        let place = |address, insecure| {
            let address = (env::OTEL_EXPORTER_OTLP_ENDPOINT, address);
            let insecure = (env::OTEL_EXPORTER_OTLP_INSECURE, insecure);
            let endpoint = endpoint(&[grpc, address, insecure]).unwrap();
            let (place, method) = endpoint.split_at(endpoint.len() - METHOD.len());
            assert_eq!(method, METHOD);
            place.to_owned()
        };
        assert_eq!(place("collector:4317", "true"), "http://collector:4317");
        assert_eq!(
            place("http://collector:4317/x", ""),
            "http://collector:4317"
        );
        #[cfg(any(feature = "tls", feature = "tls-ring"))]
        assert_eq!(place("collector:4317", ""), "https://collector:4317");
    }

    #[cfg(feature = "otlp-grpc")]
    const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    #[test]
    fn what_is_set_for_one_signal_wins() {
        let vars = [
            ENDPOINT,
            (env::OTEL_EXPORTER_OTLP_TIMEOUT, "1000"),
            (env::OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, "2000"),
            (env::OTEL_EXPORTER_OTLP_COMPRESSION, "gzip"),
            (env::OTEL_EXPORTER_OTLP_TRACES_COMPRESSION, "none"),
        ];
        let settings = resolve("checkout", &vars).unwrap();
        let spans = settings.traces.export.unwrap().target;
        assert_eq!((spans.timeout.as_secs(), spans.gzip), (2, false));
        let metrics = settings.metrics.export.unwrap().target;
        assert_eq!((metrics.timeout.as_secs(), metrics.gzip), (1, true));
    }

    #[cfg(any(feature = "tls", feature = "tls-ring"))]
    #[test]
    fn files_for_tls_that_will_not_do_are_errors() {
        let https = (env::OTEL_EXPORTER_OTLP_ENDPOINT, "https://collector:4318");
        for (variable, file) in [
            (env::OTEL_EXPORTER_OTLP_CERTIFICATE, "/nonexistent"),
            (env::OTEL_EXPORTER_OTLP_CERTIFICATE, "/dev/null"),
            (env::OTEL_EXPORTER_OTLP_CLIENT_KEY, "/dev/null"),
        ] {
            let errors = resolve("checkout", &[https, (variable, file)]).unwrap_err();
            assert!(
                matches!(&errors[..], [ConfigError::InvalidCertificate { setting, .. }] if *setting == variable),
                "{errors:?}"
            );
            assert!(resolve("checkout", &[ENDPOINT, (variable, file)]).is_ok());
        }
    }

    #[test]
    fn numbers_are_clamped_or_ignored_with_a_warning() {
        let vars = [
            ENDPOINT,
            (env::OTEL_BSP_MAX_QUEUE_SIZE, "1000000000"),
            (env::OTEL_BSP_MAX_EXPORT_BATCH_SIZE, "-1"),
            (env::OTEL_BSP_SCHEDULE_DELAY, "0"),
            (env::OTEL_EXPORTER_OTLP_TIMEOUT, "18446744073709551616"),
            (env::OTEL_TRACES_SAMPLER, "traceidratio"),
            (env::OTEL_TRACES_SAMPLER_ARG, "NaN"),
        ];
        let settings = resolve("checkout", &vars).unwrap();
        let otlp = settings.traces.export.unwrap();
        assert_eq!((otlp.batches.queue, otlp.batches.batch), (65_536, 512));
        assert_eq!(otlp.batches.delay, Duration::from_millis(100));
        assert_eq!(otlp.target.timeout, Duration::from_secs(10));
        assert_eq!(settings.warnings.len(), 5, "{:?}", settings.warnings);
    }

    #[test]
    fn whatever_a_variable_holds_the_settings_are_safe() {
        let abuse = [
            "",
            " ",
            "0",
            "-1",
            "1",
            "18446744073709551615",
            "1000000000000000000000000000000",
            "NaN",
            "inf",
            "text",
            "\u{fffd}",
            "=,=,",
        ];
        let names = env::VARIABLES.iter().flat_map(|(_, variables)| *variables);
        for (variable, value) in names.flat_map(|name| abuse.map(|value| (name.name, value))) {
            let Ok(settings) = resolve("checkout", &[ENDPOINT, (variable, value)]) else {
                let ours = ["RADIOSONDE_", "LOG_FORMAT", "SENTRY_DSN", "_ENDPOINT"];
                let may_fail = ours.iter().any(|part| variable.contains(part));
                assert!(may_fail, "{variable}={value} is an error");
                continue;
            };
            if let Some(export) = &settings.traces.export {
                assert!((1..=65_536).contains(&export.batches.queue));
                assert!((1..=export.batches.queue).contains(&export.batches.batch));
                assert!(export.batches.delay >= Duration::from_millis(100));
                assert!(export.target.timeout <= Duration::from_mins(1));
            }
        }
    }

    #[test]
    fn headers_are_decoded_and_never_shown() {
        let headers = (
            env::OTEL_EXPORTER_OTLP_HEADERS,
            "authorization=Bearer%20s3cret,bad name=x",
        );
        let settings = resolve("checkout", &[ENDPOINT, headers]).unwrap();
        let shown = format!("{settings:?}");
        let otlp = settings.traces.export.unwrap();
        let sent: Vec<_> = otlp
            .target
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        assert_eq!(sent, [("authorization", "Bearer s3cret")]);
        assert!(!shown.contains("s3cret"), "{shown}");
        assert_eq!(settings.warnings.len(), 1);
    }

    fn sampling(vars: &[(&str, &str)]) -> (bool, RootSampling) {
        let settings = resolve("checkout", vars).unwrap().traces.sampling;
        (settings.follow_parent, settings.root)
    }

    #[test]
    fn samplers_are_named_in_any_case() {
        assert_eq!(sampling(&[]), (true, RootSampling::Ratio(1.0)));
        let of = |name, argument| {
            let argument = (env::OTEL_TRACES_SAMPLER_ARG, argument);
            sampling(&[(env::OTEL_TRACES_SAMPLER, name), argument])
        };
        assert_eq!(of("always_on", ""), (false, RootSampling::Ratio(1.0)));
        assert_eq!(of("Always_Off", ""), (false, RootSampling::Ratio(0.0)));
        assert_eq!(
            of("TraceIdRatio", "0.25"),
            (false, RootSampling::Ratio(0.25))
        );
        let ratio = of("parentbased_traceidratio", "0.25");
        assert_eq!(ratio, (true, RootSampling::Ratio(0.25)));
        assert_eq!(of("xray", ""), (true, RootSampling::Ratio(1.0)));
    }

    #[test]
    fn a_server_may_say_which_traces_are_recorded() {
        let of = |name, argument| {
            let argument = (env::OTEL_TRACES_SAMPLER_ARG, argument);
            let (follow, root) = sampling(&[(env::OTEL_TRACES_SAMPLER, name), argument]);
            let RootSampling::Strategies(source) = root else {
                panic!("{root:?}");
            };
            let StrategyPlace::Server(server) = source.place else {
                panic!("{source:?}");
            };
            (
                follow,
                server.to_string(),
                source.every.as_millis(),
                source.initial,
            )
        };
        assert_eq!(
            of(
                "jaeger_remote",
                "endpoint=http://jaeger:5778/sampling,pollingIntervalMs=5000,initialSamplingRate=0.25"
            ),
            (false, "http://jaeger:5778/sampling".into(), 5_000, 0.25)
        );
        assert_eq!(
            of("parentbased_jaeger_remote", "pollingIntervalMs=soon"),
            (true, "http://localhost:5778/sampling".into(), 60_000, 0.001)
        );
    }

    #[test]
    fn settings_that_contradict_each_other_are_named() {
        let named = |options: SamplingOptions, vars: &[(&str, &str)]| {
            let errors = resolve(Config::new("checkout").sampling(options), vars).unwrap_err();
            crate::InitError::Config(errors).to_string()
        };
        let new = SamplingOptions::new;
        let text = named(new().ratio(0.1).strategies("http://jaeger/sampling"), &[]);
        assert!(
            text.contains("SamplingOptions::ratio and SamplingOptions::strategies contradict"),
            "{text}"
        );
        let text = named(
            new().traces_per_second(5.0),
            &[(env::OTEL_TRACES_SAMPLER, "always_off")],
        );
        assert!(
            text.contains("OTEL_TRACES_SAMPLER and SamplingOptions::traces_per_second"),
            "{text}"
        );
        let strategies = (
            env::RADIOSONDE_SAMPLING_STRATEGIES,
            "http://jaeger/sampling",
        );
        let text = named(
            new(),
            &[strategies, (env::OTEL_TRACES_SAMPLER, "always_on")],
        );
        assert!(
            text.contains("OTEL_TRACES_SAMPLER and RADIOSONDE_SAMPLING_STRATEGIES"),
            "{text}"
        );
        let text = named(
            new().ratio(2.0).route("/", f64::NAN).traces_per_second(0.0),
            &[],
        );
        for part in [
            "`2` is no share",
            "`NaN` is no share",
            "`0` is no number of traces",
        ] {
            assert!(text.contains(part), "{text}");
        }
        let file = (env::RADIOSONDE_SAMPLING_STRATEGIES, "/nonexistent");
        assert!(named(new(), &[file]).contains("strategies of sampling that will not do"));
    }

    #[test]
    fn propagators_are_a_list_in_which_none_is_the_last_word() {
        let of = |text| {
            let settings = resolve("checkout", &[(env::OTEL_PROPAGATORS, text)]).unwrap();
            (settings.traces.propagators, settings.warnings.len())
        };
        let default = vec![Propagator::TraceContext, Propagator::Baggage];
        assert_eq!(of(""), (default.clone(), 0));
        let list = vec![Propagator::B3, Propagator::TraceContext];
        assert_eq!(of("B3,tracecontext,b3"), (list, 0));
        assert_eq!(of("xray"), (default, 1));
        assert_eq!(of("b3,none"), (Vec::new(), 0));
    }

    #[cfg(not(any(feature = "tls", feature = "tls-ring")))]
    #[test]
    fn an_address_with_tls_needs_the_feature() {
        let errors = resolve(
            "checkout",
            &[(env::OTEL_EXPORTER_OTLP_ENDPOINT, "https://collector")],
        )
        .unwrap_err();
        assert!(
            matches!(&errors[..], [ConfigError::NoTls { .. }]),
            "{errors:?}"
        );
    }
}

#[cfg(feature = "sentry")]
mod sentry {
    use super::*;

    #[test]
    fn the_release_is_the_name_and_the_version() {
        let dsn = (env::SENTRY_DSN, "http://key@localhost/1");
        let config = || Config::new(crate::Service::new("checkout").version("1.2.3"));
        let sentry = resolve(config(), &[dsn]).unwrap().sentry.unwrap();
        assert_eq!(sentry.release.as_deref(), Some("checkout@1.2.3"));
        assert_eq!(sentry.environment, "production");

        let vars = [
            dsn,
            (env::SENTRY_RELEASE, "r1"),
            (env::SENTRY_ENVIRONMENT, "staging"),
        ];
        let sentry = resolve(config(), &vars).unwrap().sentry.unwrap();
        assert_eq!(
            (sentry.release.as_deref(), sentry.environment.as_str()),
            (Some("r1"), "staging")
        );
    }

    #[test]
    fn broken_dsns_are_refused_without_being_shown() {
        let broken = [
            "s3cret",
            "ftp://s3cret@host/1",
            "http://host/1",
            "http://s3cret@host/",
            "http://s3cret@host/s3cret/",
        ];
        for dsn in broken {
            let Err(errors) = resolve("checkout", &[(env::SENTRY_DSN, dsn)]) else {
                continue;
            };
            let text = crate::InitError::Config(errors).to_string();
            assert!(
                text.contains("SENTRY_DSN is malformed") && !text.contains("s3cret"),
                "{dsn}: {text}"
            );
        }
        assert!(resolve("checkout", &[(env::SENTRY_DSN, "s3cret")]).is_err());
    }
}

#[cfg(feature = "axum")]
#[test]
fn an_address_to_listen_on_is_the_loopback_one_unless_told_otherwise() {
    let of = |value: &str| {
        let settings = resolve("checkout", &[(env::RADIOSONDE_ADMIN_ADDR, value)]).unwrap();
        (
            settings.exposure.admin_addr.unwrap(),
            settings.warnings.len(),
        )
    };
    assert_eq!(of("9090"), ("127.0.0.1:9090".to_owned(), 0));
    assert_eq!(of(":9090"), ("127.0.0.1:9090".to_owned(), 0));
    assert_eq!(of("[::1]:9090"), ("[::1]:9090".to_owned(), 0));
    assert_eq!(of("localhost:0"), ("localhost:0".to_owned(), 0));
    // Whoever reaches it is an administrator.
    assert_eq!(of("0.0.0.0:9090"), ("0.0.0.0:9090".to_owned(), 1));
    let with_token = [
        (env::RADIOSONDE_ADMIN_ADDR, "0.0.0.0:9090"),
        (env::RADIOSONDE_ADMIN_TOKEN, "mgKqCnD1cVVSBWzJ"),
    ];
    assert!(
        resolve("checkout", &with_token)
            .unwrap()
            .warnings
            .is_empty()
    );
}

#[cfg(feature = "axum")]
#[test]
fn what_is_wrong_with_the_exposure_is_told_at_once_and_without_the_token() {
    let vars = [
        (env::RADIOSONDE_ADMIN_ADDR, "everywhere"),
        (env::RADIOSONDE_PROBE_ADDR, "::1:9090"),
        (env::RADIOSONDE_ADMIN_TOKEN, "hunter2"),
        (env::RADIOSONDE_READY_PATH, "/live"),
        (env::RADIOSONDE_MAX_CONNECTIONS, "0"),
        (env::RADIOSONDE_HEAD_TIMEOUT, "0s"),
        (env::RADIOSONDE_IDLE_TIMEOUT, "soon"),
    ];
    let errors = resolve("checkout", &vars).unwrap_err();
    assert_eq!(errors.len(), vars.len(), "{errors:?}");
    let said: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    for expected in [
        "`everywhere`",
        "`::1:9090`",
        "RADIOSONDE_ADMIN_TOKEN cannot be used",
        "`/live`",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    assert!(!said.contains("hunter2") && !format!("{errors:?}").contains("hunter2"));
}

#[cfg(feature = "axum")]
#[test]
fn connections_have_limits_that_can_be_set() {
    let settings = resolve("checkout", &[]).unwrap().connections;
    assert_eq!(settings.most, tokio::sync::Semaphore::MAX_PERMITS);
    assert_eq!(settings.head_timeout, Duration::from_secs(30));
    let config = Config::new("checkout").max_connections(100);
    let config = config.idle_timeout(Duration::from_mins(1));
    let settings = resolve(config, &[(env::RADIOSONDE_MAX_CONNECTIONS, "7")]);
    let settings = settings.unwrap().connections;
    assert_eq!(
        (settings.most, settings.idle_timeout),
        (100, Duration::from_mins(1))
    );
    assert!(resolve(Config::new("checkout").max_connections(0), &[]).is_err());
}
