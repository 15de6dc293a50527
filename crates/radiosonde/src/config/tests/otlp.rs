//! Where signals go.

use super::*;
use crate::config::{Batches, OtlpTarget};

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
    for off in ["none", "Prometheus", "prometheus, none", "console"] {
        let off = (env::OTEL_METRICS_EXPORTER, off);
        assert_eq!(endpoint(&[ENDPOINT, off]), None, "{off:?}");
    }
    for on in ["otlp", "prometheus,OTLP", "carrier pigeon"] {
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
            "increasing",
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

/// Says where each signal goes and how: spans, metrics, log records.
fn targets(vars: &[(String, &str)]) -> [String; 3] {
    let vars: Vec<_> = vars.iter().map(|(name, value)| (&**name, *value)).collect();
    let settings = resolve("checkout", &vars).unwrap();
    let targets = [
        settings.traces.export.unwrap().target,
        settings.metrics.export.unwrap().target,
        settings.logs.export.unwrap().target,
    ];
    targets.map(|target| {
        let headers = target.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name, value.expose()))
            .collect();
        format!("{target:?} {headers:?}")
    })
}

/// Sets variables for one signal, and others for all, and expects that it has the one and the others the other.
fn wins(base: &[(&str, &'static str)], variables: &[(&str, [&'static str; 2])]) {
    const ALL: &str = "OTEL_EXPORTER_OTLP_";
    let base = base
        .iter()
        .map(|(name, value)| (format!("{ALL}{name}"), *value));
    let base: Vec<_> = base.collect();
    let set = |signal: &str, which: usize| {
        let variables = variables.iter();
        variables
            .map(|(name, values)| (format!("{ALL}{signal}{name}"), values[which]))
            .collect::<Vec<_>>()
    };
    let alone = [0, 1].map(|which| targets(&[&base[..], &set("", which)].concat()));
    for (place, signal) in ["TRACES_", "METRICS_", "LOGS_"].into_iter().enumerate() {
        let both = targets(&[&base[..], &set("", 0), &set(signal, 1)].concat());
        for (other, target) in both.iter().enumerate() {
            let expected = &alone[usize::from(other == place)][other];
            assert_eq!(target, expected, "{signal}{variables:?}");
        }
        assert_ne!(alone[0][place], alone[1][place], "{variables:?}");
    }
}

#[test]
fn every_variable_of_one_signal_wins_over_that_of_all_and_says_nothing_of_the_others() {
    let plain = [("ENDPOINT", ENDPOINT.1)];
    for variable in [
        ("HEADERS", ["a=1", "b=2"]),
        ("TIMEOUT", ["1000", "2000"]),
        ("COMPRESSION", ["gzip", "None"]),
        #[cfg(feature = "otlp-grpc")]
        ("PROTOCOL", ["http/protobuf", "GRPC"]),
    ] {
        wins(&plain, &[variable]);
    }
    // Each address is used as it is.
    let own = ["TRACES", "METRICS", "LOGS"].map(|signal| {
        let own = format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
        targets(&[
            (ENDPOINT.0.to_owned(), ENDPOINT.1),
            (own, "http://other:1/in"),
        ])
    });
    for (place, targets) in own.iter().enumerate() {
        let is_own = |target: &String| target.contains("http://other:1/in,");
        let found: Vec<_> = targets.iter().map(is_own).collect();
        assert_eq!(found, [0, 1, 2].map(|other| other == place));
    }
}

#[cfg(any(feature = "tls", feature = "tls-ring"))]
#[test]
fn every_variable_about_tls_of_one_signal_wins_over_that_of_all() {
    macro_rules! file {
        ($name:literal) => {
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/certificates/", $name)
        };
    }
    let https = [("ENDPOINT", "https://collector:4318")];
    wins(
        &https,
        &[("CERTIFICATE", [file!("ca.pem"), file!("server.pem")])],
    );
    let pair = [
        (
            "CLIENT_CERTIFICATE",
            [file!("client.pem"), file!("server.pem")],
        ),
        ("CLIENT_KEY", [file!("client.key"), file!("server.key")]),
    ];
    wins(&https, &pair);
    #[cfg(feature = "otlp-grpc")]
    {
        let grpc = [("ENDPOINT", "collector:4317"), ("PROTOCOL", "grpc")];
        wins(&grpc, &[("INSECURE", ["false", "TRUE"])]);
    }
}

#[test]
fn what_cannot_be_read_for_one_signal_leaves_what_is_set_for_all() {
    let vars = [
        ENDPOINT,
        (env::OTEL_EXPORTER_OTLP_TIMEOUT, "1000"),
        (env::OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, "soon"),
        (env::OTEL_EXPORTER_OTLP_COMPRESSION, "gzip"),
        (env::OTEL_EXPORTER_OTLP_TRACES_COMPRESSION, "zstd"),
        (env::OTEL_EXPORTER_OTLP_HEADERS, "a=1"),
        (env::OTEL_EXPORTER_OTLP_TRACES_HEADERS, "none"),
        (env::OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT, "7"),
        (env::OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT, "short"),
    ];
    let settings = resolve("checkout", &vars).unwrap();
    let spans = settings.traces.export.unwrap();
    assert_eq!(spans.value_length, 7);
    let target = spans.target;
    assert_eq!((target.timeout.as_secs(), target.gzip), (1, true));
    assert_eq!(target.headers.len(), 1);
    assert_eq!(settings.warnings.len(), 4, "{:?}", settings.warnings);
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
fn spans_and_log_records_wait_and_are_batched_by_variables_of_their_own() {
    let of = |vars: &[(&str, &str)]| {
        let settings = resolve("checkout", vars).unwrap();
        let (spans, records) = (settings.traces.export, settings.logs.export);
        let (spans, records) = (spans.unwrap(), records.unwrap());
        let told = |batches: Batches, target: OtlpTarget| {
            let times = [batches.delay, target.timeout].map(|time| time.as_millis());
            (times, batches.queue, batches.batch)
        };
        [
            told(spans.batches, spans.target),
            told(records.batches, records.target),
        ]
    };
    let spans = ([5_000, 10_000], 2_048, 512);
    let records = ([1_000, 10_000], 2_048, 512);
    assert_eq!(of(&[ENDPOINT]), [spans, records]);
    let of_spans = [
        ENDPOINT,
        (env::OTEL_BSP_SCHEDULE_DELAY, "200"),
        (env::OTEL_BSP_EXPORT_TIMEOUT, "300"),
        (env::OTEL_BSP_MAX_QUEUE_SIZE, "40"),
        (env::OTEL_BSP_MAX_EXPORT_BATCH_SIZE, "5"),
    ];
    assert_eq!(of(&of_spans), [([200, 300], 40, 5), records]);
    let of_records = [
        ENDPOINT,
        (env::OTEL_BLRP_SCHEDULE_DELAY, "200"),
        (env::OTEL_BLRP_EXPORT_TIMEOUT, "300"),
        (env::OTEL_BLRP_MAX_QUEUE_SIZE, "40"),
        // More than may wait.
        (env::OTEL_BLRP_MAX_EXPORT_BATCH_SIZE, "41"),
    ];
    assert_eq!(of(&of_records), [spans, ([200, 300], 40, 40)]);
}

#[test]
fn a_switch_that_is_neither_on_nor_off_is_off_with_a_warning() {
    for (text, warnings) in [("false", 0), ("FALSE", 0), ("1", 1), ("yes", 1)] {
        let disabled = (env::OTEL_SDK_DISABLED, text);
        let settings = resolve("checkout", &[ENDPOINT, disabled]).unwrap();
        assert!(settings.traces.export.is_some(), "{text}");
        let told: Vec<_> = settings.warnings;
        assert_eq!(told.len(), warnings, "{told:?}");
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

#[test]
fn metrics_may_be_sent_as_what_came_since() {
    let delta = |text| {
        let name = env::OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE;
        let settings = resolve("checkout", &[ENDPOINT, (name, text)]).unwrap();
        (
            settings.metrics.export.unwrap().delta,
            settings.warnings.len(),
        )
    };
    assert_eq!(delta(""), (false, 0));
    assert_eq!(delta("Cumulative"), (false, 0));
    assert_eq!(delta("DELTA"), (true, 0));
    assert_eq!(delta("lowmemory"), (true, 0));
    assert_eq!(delta("sometimes"), (false, 1));
}

#[test]
fn histograms_may_have_exponential_buckets_unless_an_objective_needs_bounds() {
    let name = env::OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION;
    let counts = |config: Config, text| {
        let settings = resolve(config, &[(name, text)]).unwrap();
        let counts = settings.metrics.registry.without_thresholds().is_none();
        (counts, settings.warnings.len())
    };
    let config = || Config::new("checkout");
    let exponential = "base2_exponential_bucket_histogram";
    assert_eq!(counts(config(), ""), (true, 0));
    assert_eq!(counts(config(), "Explicit_Bucket_Histogram"), (true, 0));
    assert_eq!(counts(config(), exponential), (false, 0));
    assert_eq!(counts(config(), "linear"), (true, 1));
    #[cfg(feature = "slo")]
    {
        use crate::slo::Objective;
        let promising = config().objective(Objective::availability("api", 99.9));
        assert_eq!(counts(promising, exponential), (true, 1));
    }
}

#[test]
fn spans_and_metrics_may_go_to_the_log() {
    let of = |text| {
        let vars = [
            (env::OTEL_TRACES_EXPORTER, text),
            (env::OTEL_METRICS_EXPORTER, text),
        ];
        let settings = resolve("checkout", &vars).unwrap();
        let every = settings.metrics.printed.map(|every| every.as_secs());
        (settings.traces.printed, every, settings.warnings.len())
    };
    assert_eq!(of(""), (false, None, 0));
    assert_eq!(of("otlp, Console"), (true, Some(60), 0));
    assert_eq!(of("none"), (false, None, 0));
}

#[test]
fn an_exporter_that_is_not_known_is_told_beside_one_that_is() {
    let of = |text| {
        let exporter = (env::OTEL_TRACES_EXPORTER, text);
        let settings = resolve("checkout", &[ENDPOINT, exporter]).unwrap();
        let traces = settings.traces;
        (traces.export.is_some(), traces.printed, settings.warnings)
    };
    let told = "OTEL_TRACES_EXPORTER names `zipkin`, which is no exporter here, and is ignored";
    for (text, exported, printed) in [
        ("zipkin,console", false, true),
        ("OTLP, zipkin", true, false),
        ("none,zipkin", false, false),
    ] {
        let expected = (exported, printed, vec![told.to_owned()]);
        assert_eq!(of(text), expected, "{text}");
    }
    assert_eq!(of("otlp,,console,"), (true, true, Vec::new()));
    let alone = "OTEL_TRACES_EXPORTER is `zipkin`; using otlp";
    assert_eq!(of("zipkin"), (true, false, vec![alone.to_owned()]));
}
