//! The law of the layer: requests that departed are those that ended and those that are in flight, at every moment.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use http::{Request, Response};
use proptest::prelude::*;
use radiosonde_metrics::Registry;
use radiosonde_tower::client::{ClientBody, ClientResponseFuture, ObserveClient};
use tower_service::Service;

use super::observed;
use crate::balance::silence_expected_panics;
use crate::script::{Act, Actor, Step, Steps, poll, poll_frame, total, total_in};

type Call = ClientResponseFuture<<Actor as Service<Request<Act>>>::Future>;

/// What is done to the requests in flight. The number picks one of them.
#[derive(Debug, Clone, Copy)]
enum Move {
    Depart(Act),
    Poll(usize),
    Drop(usize),
}

/// A request in flight, as its caller sees it.
enum Flight {
    Head(Pin<Box<Call>>),
    Body(u16, Pin<Box<ClientBody<Steps>>>),
}

/// Requests in flight, and how many must have been counted under each outcome.
#[derive(Default)]
struct Flights {
    open: Vec<Flight>,
    ended: BTreeMap<&'static str, f64>,
}

impl Flights {
    fn end(&mut self, outcome: &'static str) {
        *self.ended.entry(outcome).or_default() += 1.0;
    }

    fn make(&mut self, service: &mut ObserveClient<Actor>, next: Move) {
        match next {
            Move::Depart(act) => {
                let call = || service.call(Request::new(act));
                match catch_unwind(AssertUnwindSafe(call)) {
                    Ok(call) => self.open.push(Flight::Head(Box::pin(call))),
                    Err(_) => self.end("panicked"),
                }
            }
            Move::Poll(_) | Move::Drop(_) if self.open.is_empty() => {}
            Move::Poll(pick) => {
                let flight = self.open.swap_remove(pick % self.open.len());
                self.poll(flight);
            }
            Move::Drop(pick) => {
                let flight = self.open.swap_remove(pick % self.open.len());
                self.end(match &flight {
                    Flight::Body(400.., _) => "error",
                    Flight::Head(_) | Flight::Body(..) => "cancelled",
                });
            }
        }
    }

    fn poll(&mut self, flight: Flight) {
        match flight {
            Flight::Head(mut call) => {
                match catch_unwind(AssertUnwindSafe(|| poll(call.as_mut()))) {
                    Ok(Poll::Ready(Ok(response))) => self.answer(response),
                    Ok(Poll::Ready(Err(_))) => self.end("error"),
                    Ok(Poll::Pending) => self.open.push(Flight::Head(call)),
                    Err(_) => self.end("panicked"),
                }
            }
            Flight::Body(status, mut body) => {
                let whole = if status >= 400 { "error" } else { "ok" };
                match catch_unwind(AssertUnwindSafe(|| poll_frame(body.as_mut()))) {
                    Ok(Poll::Ready(None)) => self.end(whole),
                    Ok(Poll::Ready(Some(Ok(frame)))) if frame.is_trailers() => self.end(whole),
                    Ok(Poll::Ready(Some(Err(_)))) => self.end("error"),
                    Ok(_) => self.open.push(Flight::Body(status, body)),
                    Err(_) => self.end("panicked"),
                }
            }
        }
    }

    fn answer(&mut self, response: Response<ClientBody<Steps>>) {
        match response.status().as_u16() {
            101 => self.end("upgraded"),
            204 => self.end("ok"),
            status => {
                let body = Box::pin(response.into_body());
                self.open.push(Flight::Body(status, body));
            }
        }
    }

    #[track_caller]
    fn assert_balance(&self, registry: &Registry) {
        let text = registry.render();
        let count = |metric: &str, part: &str| total_in(&text, metric, part);
        for outcome in ["ok", "error", "cancelled", "panicked", "upgraded"] {
            let counted = count(
                "http_client_requests_total",
                &format!("outcome=\"{outcome}\""),
            );
            let expected = self.ended.get(outcome).copied().unwrap_or_default();
            assert_eq!(counted, expected, "{outcome}\n{text}");
        }
        let active = count("http_client_active_requests", "");
        let in_flight = u32::try_from(self.open.len()).unwrap();
        assert_eq!(active, f64::from(in_flight), "{text}");
        let all: f64 = self.ended.values().sum();
        let durations = count("http_client_request_duration_seconds_count", "");
        assert_eq!(durations, all, "{text}");
        let failed = ["error", "panicked"].map(|outcome| self.ended.get(outcome).unwrap_or(&0.0));
        let errors = count("http_client_errors_total", "");
        assert_eq!(errors, failed.into_iter().sum::<f64>(), "{text}");
    }
}

fn act() -> impl Strategy<Value = Act> {
    let steps = prop::sample::select(vec![
        &[][..],
        &[Step::Data("a"), Step::Data("b")],
        &[Step::Data("a"), Step::Trailers],
        &[Step::Data("a"), Step::Fail],
        &[Step::Data("a"), Step::Hang],
        &[Step::Data("a"), Step::Panic],
    ]);
    let status = prop::sample::select(vec![200, 302, 404, 500]);
    prop_oneof![
        6 => (status, steps).prop_map(|(status, steps)| Act::Answer(status, steps)),
        1 => Just(Act::Answer(204, &[])),
        1 => Just(Act::Answer(101, &[])),
        1 => Just(Act::Hang),
        1 => Just(Act::Fail),
        1 => Just(Act::PanicInCall),
        1 => Just(Act::PanicInPoll),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        2 => act().prop_map(Move::Depart),
        4 => any::<usize>().prop_map(Move::Poll),
        1 => any::<usize>().prop_map(Move::Drop),
    ];
    prop::collection::vec(one, 0..60)
}

proptest! {
    #[test]
    fn requests_that_departed_are_those_that_ended_and_those_in_flight(moves in moves()) {
        silence_expected_panics();
        let registry = Registry::new();
        let mut service = observed(&registry);
        let mut flights = Flights::default();
        for next in moves {
            flights.make(&mut service, next);
            flights.assert_balance(&registry);
        }
        while !flights.open.is_empty() {
            flights.make(&mut service, Move::Drop(0));
        }
        flights.assert_balance(&registry);
    }
}

#[test]
fn the_balance_is_exact_on_many_threads_at_once() {
    silence_expected_panics();
    let registry = Registry::new();
    let service = observed(&registry);
    let cycle = [
        Move::Depart(Act::Answer(200, &[Step::Data("a"), Step::Data("b")])),
        Move::Depart(Act::Hang),
        Move::Poll(0),
        Move::Depart(Act::PanicInPoll),
        Move::Poll(2),
        Move::Poll(1),
        Move::Drop(1),
        Move::Poll(0),
    ];
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                let (mut service, mut flights) = (service, Flights::default());
                for next in cycle.into_iter().cycle().take(20_000) {
                    flights.make(&mut service, next);
                }
            });
        }
    });
    let ended = total(&registry, "http_client_requests_total", "");
    assert_eq!(ended, 4.0 * 20_000.0 * 3.0 / 8.0);
    assert_eq!(total(&registry, "http_client_active_requests", ""), 0.0);
}
