#![cfg(feature = "otlp")]

use super::*;
use crate::config::KeepSettings;

fn settings() -> SamplingSettings {
    SamplingSettings {
        follow_parent: true,
        root: RootSampling::Ratio(1.0),
        routes: Vec::new(),
        per_second: None,
        keep: KeepSettings::default(),
    }
}

fn sampling(settings: &SamplingSettings, ratio: f64) -> Sampling {
    Sampling::new(settings, RootOf(Root::Share(Share::new(ratio))))
}

/// Asks about a trace whose id is random.
fn asked(route: &str, origin: Origin) -> Asked<'_> {
    Asked {
        method: "GET",
        route,
        trace_id: TraceId::from(fastrand::u128(1..)),
        origin,
    }
}

fn recorded(sampling: &Sampling, route: &str, origin: Origin) -> usize {
    let decisions = (0..1_000).map(|_| sampling.decide(&asked(route, origin)));
    decisions
        .filter(|decision| *decision == Decision::Record)
        .count()
}

#[test]
fn a_trace_goes_on_as_it_was_decided_on_unless_that_is_not_to_count() {
    let follows = sampling(&settings(), 0.0);
    assert_eq!(recorded(&follows, "/", Origin::Decided(true)), 1_000);
    assert_eq!(recorded(&follows, "/", Origin::Decided(false)), 0);
    assert_eq!(
        recorded(&follows, "/", Origin::Undecided),
        0,
        "it is ours to decide"
    );
    let own = SamplingSettings {
        follow_parent: false,
        ..settings()
    };
    assert_eq!(
        recorded(&sampling(&own, 1.0), "/", Origin::Decided(false)),
        1_000
    );
    assert_eq!(
        recorded(&sampling(&own, 0.0), "/", Origin::Decided(true)),
        0
    );
}

#[test]
fn a_share_has_about_that_many_and_the_same_ones_everywhere() {
    let (half, third) = (Share::new(0.5), Share::new(1.0 / 3.0));
    let ids: Vec<_> = (0..10_000)
        .map(|_| TraceId::from(fastrand::u128(1..)))
        .collect();
    let count = ids.iter().filter(|id| half.has(**id)).count();
    assert!((4_500..5_500).contains(&count), "{count}");
    assert!(ids.iter().all(|id| !third.has(*id) || half.has(*id)));
    assert!(
        ids.iter()
            .all(|id| Share::new(1.0).has(*id) && !Share::new(0.0).has(*id))
    );
}

#[test]
fn a_route_has_a_share_of_its_own() {
    let settings = SamplingSettings {
        routes: vec![("/cheap".into(), 0.0), ("/dear".into(), 1.0)],
        ..settings()
    };
    let sampling = sampling(&settings, 0.0);
    assert_eq!(recorded(&sampling, "/dear", Origin::Here), 1_000);
    assert_eq!(recorded(&sampling, "/cheap", Origin::Here), 0);
    assert_eq!(recorded(&sampling, "/", Origin::Here), 0);
}

#[test]
fn a_limit_holds_for_traces_that_begin_here() {
    let settings = SamplingSettings {
        per_second: Some(10.0),
        ..settings()
    };
    let sampling = sampling(&settings, 1.0);
    // The test may take longer than a second.
    assert!((10..500).contains(&recorded(&sampling, "/", Origin::Here)));
    assert_eq!(recorded(&sampling, "/", Origin::Decided(true)), 1_000);
}

#[test]
fn what_is_not_recorded_is_watched_where_some_of_it_is_kept() {
    let settings = SamplingSettings {
        keep: KeepSettings {
            errors: true,
            slower_than: None,
        },
        ..settings()
    };
    let decide = |origin| sampling(&settings, 0.0).decide(&asked("/", origin));
    assert_eq!(decide(Origin::Here), Decision::Watch);
    assert_eq!(decide(Origin::Decided(false)), Decision::Watch);
    assert_eq!(decide(Origin::Decided(true)), Decision::Record);
}

#[cfg(feature = "otlp")]
mod jaeger {
    use super::super::strategies::{Strategies, check_strategies};
    use super::*;

    const FILE: &str = r#"{
        "service_strategies": [
            {"service": "checkout", "type": "probabilistic", "param": 1,
             "operation_strategies": [
                {"operation": "GET /cheap", "type": "probabilistic", "param": 0},
                {"operation": "/limited", "type": "ratelimiting", "param": 5}]},
            {"service": "none", "type": "ratelimiting", "param": 0}],
        "default_strategy": {"type": "probabilistic", "param": 0,
            "operation_strategies": [{"operation": "/health", "type": "probabilistic", "param": 0}]}
    }"#;

    fn of(text: &str, service: &str, method: &str, route: &str) -> usize {
        let strategies = Strategies::read(text, service).unwrap();
        let asked = |_: &i32| {
            strategies.record(&Asked {
                method,
                ..asked(route, Origin::Here)
            })
        };
        (0..100).filter(asked).count()
    }

    #[test]
    fn a_file_says_it_by_service_and_operation() {
        assert_eq!(of(FILE, "checkout", "GET", "/orders"), 100);
        assert_eq!(of(FILE, "checkout", "GET", "/cheap"), 0);
        assert_eq!(of(FILE, "checkout", "POST", "/cheap"), 100);
        assert_eq!(
            of(FILE, "checkout", "GET", "/health"),
            0,
            "the default says so"
        );
        assert!(of(FILE, "checkout", "GET", "/limited") < 100);
        assert_eq!(of(FILE, "another", "GET", "/orders"), 0);
        assert_eq!(of(FILE, "none", "GET", "/orders"), 0);
    }

    #[test]
    fn a_server_says_it_for_one_service() {
        let share =
            r#"{"strategyType": "PROBABILISTIC", "probabilisticSampling": {"samplingRate": 1}}"#;
        assert_eq!(of(share, "", "GET", "/"), 100);
        let rate = r#"{"strategyType": 1, "rateLimitingSampling": {"maxTracesPerSecond": 3}}"#;
        assert!((3..50).contains(&of(rate, "", "GET", "/")));
        let operations = r#"{"strategyType": "PROBABILISTIC", "operationSampling": {
            "defaultSamplingProbability": 0, "defaultLowerBoundTracesPerSecond": 2,
            "perOperationStrategies": [
                {"operation": "GET /dear", "probabilisticSampling": {"samplingRate": 1}}]}}"#;
        assert_eq!(of(operations, "", "GET", "/dear"), 100);
        assert!(
            (2..50).contains(&of(operations, "", "GET", "/")),
            "some in any case"
        );
    }

    #[test]
    fn what_will_not_do_is_told() {
        let wrong = |text: &str| Strategies::read(text, "checkout").unwrap_err();
        assert!(wrong("{").contains("EOF"));
        assert!(wrong("{}").contains("default_strategy"));
        let share = r#"{"default_strategy": {"type": "probabilistic", "param": 7}}"#;
        assert!(wrong(share).contains("`7` is no share"));
        let kind = r#"{"default_strategy": {"type": "adaptive", "param": 1}}"#;
        assert!(wrong(kind).contains("`type`"));
        assert!(check_strategies(std::path::Path::new("/nonexistent")).is_err());
    }
}
