//! Which traces there are, and by which headers they come and go.

use super::*;
use crate::config::{Propagator, RootSampling, SamplingOptions, StrategyPlace};

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
    let on = of("PARENTBASED_always_on", "");
    assert_eq!(on, (true, RootSampling::Ratio(1.0)));
    let off = of("parentbased_always_off", "");
    assert_eq!(off, (true, RootSampling::Ratio(0.0)));
    assert_eq!(of("xray", ""), (true, RootSampling::Ratio(1.0)));
}

#[test]
fn a_share_that_is_none_is_ignored_with_a_warning() {
    for argument in ["-1", "-0.0001", "1.5", "1e30", "NaN", "inf", "half", "50%"] {
        let vars = [
            (env::OTEL_TRACES_SAMPLER, "traceidratio"),
            (env::OTEL_TRACES_SAMPLER_ARG, argument),
        ];
        let settings = resolve("checkout", &vars).unwrap();
        let root = settings.traces.sampling.root;
        assert_eq!(root, RootSampling::Ratio(1.0), "{argument}");
        let expected = format!("OTEL_TRACES_SAMPLER_ARG is `{argument}`, which is no share");
        let [warning] = &settings.warnings[..] else {
            panic!("{:?}", settings.warnings);
        };
        assert!(warning.starts_with(&expected), "{warning}");
    }
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

#[cfg(not(feature = "otlp-grpc"))]
#[test]
fn a_server_that_speaks_grpc_needs_the_feature() {
    let sampler = (env::OTEL_TRACES_SAMPLER, "jaeger_remote");
    let argument = |argument| (env::OTEL_TRACES_SAMPLER_ARG, argument);
    let warnings = |vars: &[(&str, &str)]| resolve("checkout", vars).unwrap().warnings;
    let own = (env::RADIOSONDE_SAMPLING_STRATEGIES, "http://jaeger:14250");
    for vars in [
        &[sampler, argument("endpoint=http://jaeger:14250")][..],
        &[own],
    ] {
        let warnings = warnings(vars);
        assert!(
            matches!(&warnings[..], [warning] if warning.contains("this build has no feature `otlp-grpc`")),
            "{warnings:?}"
        );
    }
    let over_http = [sampler, argument("endpoint=http://jaeger:5778/sampling")];
    assert!(warnings(&over_http).is_empty());
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
    let twice = new().route("/a", 0.1).route("/b", 0.2).route("/a", 0.5);
    let text = named(twice, &[]);
    assert!(
        text.contains("`/a` has two shares of traces, SamplingOptions::route(…, 0.1) and SamplingOptions::route(…, 0.5)"),
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
