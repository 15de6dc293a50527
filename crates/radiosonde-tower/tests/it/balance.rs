//! The law of the layer: every request that arrives is counted once, and in flight only while it is.

use std::collections::BTreeMap;

use http::Request;
use proptest::prelude::*;
use radiosonde_metrics::Registry;
use radiosonde_tower::Observe;
use tower_service::Service as _;

use crate::script::{Act, Actor, Step, observed, poll, poll_frame, serve, total};

/// One request: what the service does, and after how many polls the client leaves, if it does.
#[derive(Debug, Clone, Copy)]
struct Plan {
    act: Act,
    leaves_after: Option<usize>,
}

/// Runs a plan, and returns the outcome that it must be counted under.
fn run(service: &mut Observe<Actor>, plan: Plan) -> &'static str {
    let Some(polls) = plan.leaves_after else {
        serve(service, Request::new(plan.act));
        return natural_outcome(plan.act);
    };
    let mut future = Box::pin(service.call(Request::new(plan.act)));
    if polls == 0 {
        return "cancelled";
    }
    match poll(future.as_mut()) {
        std::task::Poll::Ready(Ok(response)) => {
            let mut body = Box::pin(response.into_body());
            for _ in 1..polls {
                let _ = poll_frame(body.as_mut());
            }
            left_after(plan.act, polls - 1)
        }
        std::task::Poll::Ready(Err(_)) => "error",
        std::task::Poll::Pending => "cancelled",
    }
}

fn natural_outcome(act: Act) -> &'static str {
    match act {
        Act::Answer(101, _) => "upgraded",
        Act::Answer(500.., steps) => {
            if steps.iter().any(panics) {
                "panicked"
            } else {
                "error"
            }
        }
        Act::Answer(_, steps) => match steps.last() {
            Some(last) if panics(last) => "panicked",
            Some(Step::Fail) => "error",
            Some(Step::Hang) => "cancelled",
            _ => "ok",
        },
        Act::Hang => "cancelled",
        Act::Fail => "error",
        Act::PanicInCall | Act::PanicInPoll | Act::PanicInDrop => "panicked",
    }
}

fn panics(step: &Step) -> bool {
    matches!(step, Step::Panic | Step::PanicInHint | Step::PanicInDrop)
}

/// The outcome when the client left after so many polls of the body.
fn left_after(act: Act, polls: usize) -> &'static str {
    let Act::Answer(status, steps) = act else {
        return "cancelled";
    };
    match status {
        101 => "upgraded",
        204 => "ok",
        500.. => "error",
        _ if steps
            .get(..polls)
            .is_some_and(|seen| seen.contains(&Step::Fail)) =>
        {
            "error"
        }
        _ if steps
            .get(..polls)
            .is_some_and(|seen| seen.contains(&Step::Trailers)) =>
        {
            "ok"
        }
        _ if polls > steps.len() => "ok",
        _ => "cancelled",
    }
}

fn body() -> impl Strategy<Value = &'static [Step]> {
    prop::sample::select(vec![
        &[][..],
        &[Step::Data("a")],
        &[Step::Data("a"), Step::Data("b")],
        &[Step::Data("a"), Step::Trailers],
        &[Step::Data("a"), Step::Fail],
        &[Step::Data("a"), Step::Hang],
    ])
}

fn plan() -> impl Strategy<Value = Plan> {
    let act = prop_oneof![
        6 => (prop::sample::select(vec![200, 204, 404, 500, 503]), body()).prop_map(|(status, steps)| {
            // A status that has no body gets none.
            Act::Answer(status, if status == 204 { &[] } else { steps })
        }),
        1 => Just(Act::Answer(101, &[])),
        1 => Just(Act::Hang),
        1 => Just(Act::Fail),
    ];
    let leaves = (act, prop::option::of(0..4_usize))
        .prop_map(|(act, leaves_after)| Plan { act, leaves_after });
    let panics = prop::sample::select(vec![
        Act::PanicInCall,
        Act::PanicInPoll,
        Act::PanicInDrop,
        Act::Answer(200, &[Step::Data("a"), Step::Panic]),
        Act::Answer(200, &[Step::Data("a"), Step::PanicInHint]),
        Act::Answer(500, &[Step::Data("a"), Step::PanicInDrop]),
    ]);
    prop_oneof![6 => leaves, 1 => panics.prop_map(|act| Plan { act, leaves_after: None })]
}

/// Runs all plans on so many threads, and returns how many must be counted under each outcome.
fn run_all(registry: &Registry, plans: &[Plan], threads: usize) -> BTreeMap<&'static str, f64> {
    let service = observed(registry);
    let outcomes = std::thread::scope(|scope| {
        let share = plans.len().div_ceil(threads).max(1);
        let handles: Vec<_> = plans
            .chunks(share)
            .map(|plans| {
                scope.spawn(move || {
                    let mut service = service;
                    plans
                        .iter()
                        .map(|plan| run(&mut service, *plan))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        handles
            .into_iter()
            .flat_map(|handle| handle.join().unwrap())
            .collect::<Vec<_>>()
    });
    outcomes
        .into_iter()
        .fold(BTreeMap::new(), |mut counts, outcome| {
            *counts.entry(outcome).or_default() += 1.0;
            counts
        })
}

#[track_caller]
pub(crate) fn assert_balance(registry: &Registry, expected: &BTreeMap<&'static str, f64>) {
    let text = registry.render();
    for outcome in ["ok", "error", "cancelled", "panicked", "upgraded"] {
        let counted = total(
            registry,
            "http_requests_total",
            &format!("outcome=\"{outcome}\""),
        );
        assert_eq!(
            counted,
            expected.get(outcome).copied().unwrap_or_default(),
            "{outcome}\n{text}"
        );
    }
    let all: f64 = expected.values().sum();
    let errors = total(registry, "http_errors_total", "");
    let failed = ["error", "panicked"]
        .iter()
        .filter_map(|outcome| expected.get(outcome))
        .sum::<f64>();
    assert_eq!(
        total(registry, "http_request_duration_seconds_count", ""),
        all,
        "{text}"
    );
    assert_eq!(errors, failed, "{text}");
    assert_eq!(
        total(registry, "http_active_connections", ""),
        0.0,
        "{text}"
    );
}

/// Panics of the plans are expected: their messages would bury everything else.
pub(crate) fn silence_expected_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let message = panic.payload_as_str().unwrap_or_default();
            if !["in call", "in poll", "in body"].contains(&message) {
                previous(panic);
            }
        }));
    });
}

proptest! {
    #[test]
    fn requests_that_arrived_are_those_that_ended(plans in prop::collection::vec(plan(), 0..60), threads in 1..4_usize) {
        silence_expected_panics();
        let registry = Registry::new();
        let expected = run_all(&registry, &plans, threads);
        assert_balance(&registry, &expected);
    }
}
