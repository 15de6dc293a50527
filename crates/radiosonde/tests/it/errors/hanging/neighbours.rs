//! Those who are served beside handlers that panic.
//!
//! A handler that panics has its price without anybody's doing, so the same handlers panic in all services, and what reports add is the
//! difference to the service without Sentry. Of a thousand panics in a minute a hundred are reported, the first ones. In process, on one
//! thread, each neighbour is the first request after a panic, reported or not. What clients see is told by the bench `panics`.
//!
//! The services take turns, with a process for each turn. Times in process are left out where the thread lost its processor, whoever took it,
//! and it is told how many those are; over sockets none are, since whoever waits for an answer leaves it. A whole round is left out, for all
//! services, if others took a twentieth of the processors or more meanwhile.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use radiosonde::Config;
use radiosonde_testkit::fault::{FaultCollector, Mode};

use super::super::count;
use super::asked::{ask_for_both, ask_over_sockets};
use super::child_of::{beside, is_measured, panics};
use super::figures::{Measured, Round, in_words};
use super::times::{Began, Processors, Times, Took, slowest_hundredth};
use crate::child;
use crate::hanging::runtime;

#[test]
fn neighbours_of_handlers_that_panic_are_answered_as_ever() {
    let name =
        "errors::hanging::neighbours::neighbours_of_handlers_that_panic_are_answered_as_ever";
    if child::is_child() {
        println!("\n{}", panic_beside_neighbours());
        return;
    }
    // One thread for both, and one for each.
    let threads = [(0, "one thread"), (2, "two threads")];
    for (way, (workers, threads)) in WAYS.into_iter().flat_map(|way| threads.map(|of| (way, of))) {
        let mut rounds = Vec::new();
        for number in 0..count_of_rounds(way) {
            let began = Processors::now();
            // Each is the first one as often as the others: what else the machine does hits all.
            let mut turns: Vec<_> = (0..SERVICES.len()).collect();
            turns.rotate_left(number % SERVICES.len());
            let mut measured = SERVICES.map(|_| None);
            for turn in turns {
                let Service {
                    name: service,
                    sentry,
                } = SERVICES[turn];
                let collector = sentry.map(|mode| FaultCollector::start(mode()));
                let variables = [(SERVICE, service), (WAY, way)];
                let printed = beside(collector.as_ref(), name, workers, &variables);
                measured[turn] = Some(Measured::read(&printed));
            }
            let quiet = Processors::now().zip(began);
            rounds.push(Round {
                measured: measured.map(Option::unwrap),
                quiet: quiet.is_some_and(|(now, then)| now.were_quiet_since(then)),
            });
        }
        let names = SERVICES.map(|service| service.name);
        println!("{}", in_words(&format!("{way}, {threads}"), names, &rounds));
    }
}

#[derive(Clone, Copy)]
struct Service {
    name: &'static str,
    sentry: Option<fn() -> Mode>,
}

impl Service {
    const fn new(name: &'static str, sentry: Option<fn() -> Mode>) -> Self {
        Self { name, sentry }
    }
}

const BARE: &str = "without Radiosonde";

/// The first two are what others are compared with.
const SERVICES: [Service; 4] = [
    Service::new(BARE, None),
    Service::new("without Sentry", None),
    Service::new("Sentry answers", Some(|| Mode::status(200))),
    Service::new("Sentry hangs", Some(|| Mode::Hang)),
];

/// Which of the services a child is.
const SERVICE: &str = "RADIOSONDE_TEST_SERVICE";

/// As clients see it, who ask at the same time; and request by request, each with what the one before it has left of the caches.
const WAYS: [&str; 2] = [OVER_SOCKETS, "in process"];
const OVER_SOCKETS: &str = "over sockets";

/// By which of the ways a child is asked.
const WAY: &str = "RADIOSONDE_TEST_WAY";

fn panic_beside_neighbours() -> Measured {
    std::panic::set_hook(Box::new(|_| {}));
    let is_bare = std::env::var(SERVICE).unwrap() == BARE;
    let sonde = (!is_bare).then(|| radiosonde::init(Config::new("checkout")).unwrap());
    let in_hook = time_the_hook();
    let app = Router::new()
        .route(
            "/panic",
            get(async || -> StatusCode { panic!("as expected") }),
        )
        .route("/ok", get(async || "ok"));
    let app = match &sonde {
        Some(sonde) => app.layer(sonde.layer()),
        None => app,
    };
    let over_sockets = std::env::var(WAY).unwrap() == OVER_SOCKETS;
    let (panicking, neighbours) = if over_sockets {
        ask_over_sockets(app)
    } else {
        runtime().block_on(ask_for_both(app))
    };
    let mut in_hook = in_hook.take();
    // Who waits for requests leaves the processor.
    let disturbs = |took: &mut Took| took.disturbed &= !over_sockets;
    in_hook.iter_mut().for_each(disturbs);
    let budget = Duration::from_millis(if is_measured() { 1 } else { 50 });
    let worked = in_hook.iter().map(|took| took.worked).collect();
    assert!(slowest_hundredth(worked) <= budget);
    if let Some(sonde) = sonde {
        let expected = panics() as u64;
        assert_eq!(count(&sonde, "panics_total "), expected);
        if std::env::var_os("SENTRY_DSN").is_some() {
            let captured = count(&sonde, "radiosonde_error_events_captured_total ");
            let limited = r#"radiosonde_error_events_suppressed_total{reason="limited"} "#;
            assert_eq!(captured + count(&sonde, limited), expected);
        }
    }
    Measured::new([neighbours, panicking, in_hook].map(|times| Times::of(&times)))
}

/// How long the panic hook took each time.
#[derive(Clone, Default)]
struct InHook(Arc<Mutex<Vec<Took>>>);

impl InHook {
    fn take(&self) -> Vec<Took> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Puts a hook around the one that is there.
fn time_the_hook() -> InHook {
    let in_hook = InHook::default();
    let (times, hook) = (in_hook.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        let began = Began::now();
        hook(panic);
        times.0.lock().unwrap().push(began.took());
    }));
    in_hook
}

/// How often the figures are taken: once, unless they are looked at. Over sockets, the bench `panics` tells more.
fn count_of_rounds(way: &str) -> usize {
    if is_measured() && way != OVER_SOCKETS {
        60
    } else {
        1
    }
}
