//! What does a layer add to a request?
//!
//! The service has 20 routes with parameters; a request is made, answered, and its body read to the end. Whatever
//! `Router::layer` costs by itself is in the case of a layer that does nothing.

mod asked;
mod floor;
mod headers;
mod logged;
mod router;
mod sampled;
mod subjects;
mod through;

use axum::Router;
use http::Uri;
use radiosonde::Config;
use radiosonde::trace::Propagator;
use radiosonde_benches::{Case, Group, Mode, again_with};

use crate::asked::{answer, cycle, uri};
use crate::headers::{Cases, answer_with, of_others, of_the_w3c};
use crate::logged::logged_subjects;
use crate::sampled::{sampled_by, traced_subjects};
use crate::subjects::{NOOP, SAMPLING, Subject, subjects};

fn main() {
    let mode = Mode::from_args();
    again_with(&SAMPLING);
    let subjects = subjects();
    let (in_turn, one) = (cycle(), [uri(3, 42)]);
    let nothing = [Uri::from_static("/api/nothing/42")];
    for (title, uris, threads) in [
        ("Request, 20 routes in turn", &in_turn[..], 1),
        ("Request, 20 routes in turn", &in_turn, 2),
        ("Request, one route", &one, 1),
        ("Request, one route", &one, 2),
        // The end of a body is awaited: that is a part of the rest, and not of this.
        ("Request, answered without a body", &nothing, 1),
    ] {
        let cases = subjects.iter().map(|subject| case(subject, uris));
        Group::new(title, cases)
            .over(NOOP)
            .threads(threads)
            .run(&mode);
    }
    for (title, uris) in [
        (
            "Request, reported if it failed, 20 routes in turn",
            &in_turn[..],
        ),
        ("Request, reported if it failed, one route", &one),
    ] {
        reported_if_it_failed(title, &subjects, uris, &mode);
    }
    for (title, subjects) in [
        ("Request, traced or not", &traced_subjects()[..]),
        ("Request, with a line of log", &logged_subjects()),
    ] {
        for threads in [1, 2] {
            let cases = subjects.iter().map(|subject| case(subject, &in_turn));
            Group::new(title, cases)
                .over(NOOP)
                .threads(threads)
                .run(&mode);
        }
    }
    headers_of_a_trace(&mode);
}

/// What it costs that a request would be reported if it failed. That is little, so differences are taken in pairs.
fn reported_if_it_failed(title: &str, subjects: &[Subject], uris: &[Uri], mode: &Mode) {
    let without = "ours, everything on, nothing exported";
    let names = [
        NOOP,
        without,
        "ours, everything on, failures reported",
        "sentry-tower",
    ];
    let compared = || {
        subjects
            .iter()
            .filter(|subject| names.contains(&subject.name))
    };
    for threads in [1, 2] {
        let cases = compared().map(|subject| case(subject, uris));
        Group::new(title, cases)
            .over(without)
            .threads(threads)
            .paired()
            .run(mode);
    }
}

/// What the headers cost that a request comes with, whose trace is not sampled: those that are read by default, and those of
/// others where all are read.
fn headers_of_a_trace(mode: &Mode) {
    let by_default = sampled_by("ours", 0.0, Config::new("benches"));
    let config = Config::new("benches").propagators([
        Propagator::TraceContext,
        Propagator::Baggage,
        Propagator::B3,
        Propagator::B3Multi,
        Propagator::Jaeger,
    ]);
    let of_all = sampled_by("ours, all formats", 0.0, config);
    headers("Headers of a trace", &by_default, &of_the_w3c(), mode);
    let title = "Headers of a trace, all formats read";
    headers(title, &of_all, &of_others(), mode);
}

fn headers(title: &str, service: &Subject, headers: &Cases, mode: &Mode) {
    let cases = headers.iter().map(|(name, headers)| {
        Case::new(name, |turns| {
            let mut app = service.app.clone();
            (0..turns).for_each(|_| answer_with(&mut app, headers));
        })
    });
    Group::new(title, cases).over(headers[0].0).run(mode);
}

fn case<'a>(subject: &'a Subject, uris: &'a [Uri]) -> Case<'a> {
    Case::new(subject.name, move |turns| {
        subject.within(|| answer_all(&subject.app, uris, turns));
    })
    .between(|| subject.upkeep())
}

/// Answers requests as one connection does: by a service of its own.
fn answer_all(app: &Router, uris: &[Uri], turns: u64) {
    let mut app = app.clone();
    let turns = usize::try_from(turns).expect("turns are few");
    for turn in 0..turns {
        answer(&mut app, &uris[turn % uris.len()]);
    }
}
