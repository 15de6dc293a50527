//! The law at full size: a million requests in process, of which three in ten are left by their client and one in ten panics:
//! in the call, when polled, or in the body.

use std::collections::BTreeMap;

use http::Request;
use http_body_util::BodyExt as _;
use radiosonde_metrics::Registry;
use radiosonde_testkit::size;
use radiosonde_tower::Observe;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, yield_now};
use tower_service::Service as _;

use crate::balance::{assert_balance, silence_expected_panics};
use crate::script::{Act, Actor, Step, observed};

/// A body that goes on later, on whatever thread, so that a request does not end where it began.
const STREAM: Act = Act::Answer(200, &[Step::Data("a"), Step::Wait, Step::Data("b")]);

/// Makes a request, and behaves as its client.
async fn request(service: &mut Observe<Actor>, turn: usize) {
    match turn % 10 {
        // Left before the first poll.
        0 => drop(service.call(Request::new(STREAM))),
        // Left while pending.
        1 => tokio::select! {
            biased;
            _ = service.call(Request::new(Act::Hang)) => unreachable!("it hangs"),
            () = yield_now() => {}
        },
        // Left while the body streams.
        2 => {
            let mut body = service
                .call(Request::new(STREAM))
                .await
                .unwrap()
                .into_body();
            assert!(body.frame().await.is_some());
        }
        3 => {
            let (act, mut service) = (PANICS[turn / 10 % PANICS.len()], *service);
            let task = tokio::spawn(async move {
                let response = service.call(Request::new(act)).await.unwrap();
                response.into_body().collect().await
            });
            assert!(task.await.unwrap_err().is_panic());
        }
        _ => {
            let body = service
                .call(Request::new(STREAM))
                .await
                .unwrap()
                .into_body();
            assert_eq!(body.collect().await.unwrap().to_bytes(), "ab");
        }
    }
}

/// Makes so many requests at a runtime, by 16 clients at once, and asserts that every one of them is accounted for.
fn requests_at(runtime: &Runtime, requests: usize) {
    silence_expected_panics();
    let registry = Registry::new();
    let service = observed(&registry);
    runtime.block_on(async {
        let mut clients = JoinSet::new();
        for client in 0..CLIENTS {
            let mut service = service;
            clients.spawn(async move {
                for turn in (client..requests).step_by(CLIENTS) {
                    request(&mut service, turn).await;
                    yield_now().await;
                }
            });
        }
        clients.join_all().await;
    });
    #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
    let tenth = (requests / 10) as f64;
    let expected = [("cancelled", 3.0), ("ok", 6.0), ("panicked", 1.0)];
    let expected = expected.map(|(outcome, tenths)| (outcome, tenths * tenth));
    assert_balance(&registry, &BTreeMap::from(expected));
}

#[test]
fn a_million_requests_leave_the_balance_exact_on_one_thread() {
    let runtime = Builder::new_current_thread().build().unwrap();
    requests_at(&runtime, size(50_000, 1_000_000));
}

#[test]
fn a_million_requests_leave_the_balance_exact_on_several_threads() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .unwrap();
    requests_at(&runtime, size(50_000, 1_000_000));
}

const CLIENTS: usize = 16;

/// Where a service panics, in turn.
const PANICS: [Act; 3] = [
    Act::PanicInCall,
    Act::PanicInPoll,
    Act::Answer(200, &[Step::Data("a"), Step::Wait, Step::Panic]),
];
