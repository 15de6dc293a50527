//! The end of a process whose Sentry fails in any way.

use std::io::Read as _;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::{eventually, http, size};

use super::{count, dsn};
use crate::account::Account;
use crate::child;
use crate::faults::{Protocol, modes};
use crate::hanging::{LISTENS, WORKERS, end, runtime, start};

/// How many reports there are.
const REPORTS: u64 = 40;

/// What Sentry does that has taken a report: of an answer, only the status matters.
const TAKES: [&str; 5] = ["none", "nonsense", "a page", "partial success", "oversized"];

#[test]
fn in_every_mode_reports_are_accounted_for_and_the_process_ends_in_time_and_well() {
    if child::is_child() {
        let (reports, panics) = serve(|address| eprintln!("{LISTENS}{address}"));
        let Account { all, sent, .. } = reports;
        return println!("\nof {all} reports {sent} were sent, after {panics} panics");
    }
    // What they do is wait.
    thread::scope(|scope| {
        for workers in ["0", "1", "2"] {
            scope.spawn(move || {
                let mut modes = modes(Protocol::Http);
                modes.push(("killed", Mode::Hang, false));
                for (does, mode, _) in modes {
                    let took = ends(does, mode, workers);
                    println!("{does}, {workers} workers: it took {took:?}");
                }
            });
        }
    });
}

/// Answers with failures until it is told to end. Returns what became of the reports, and how many panics there were.
fn serve(listens: impl FnOnce(SocketAddr)) -> (Account, u64) {
    runtime().block_on(async {
        let sonde = radiosonde::init("checkout").unwrap();
        let app = Router::new()
            .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .layer(sonde.layer());
        let server = sonde.bind("127.0.0.1:0").await.unwrap();
        listens(server.local_addr());
        server.serve(app).await;
        (Account::of_reports(&sonde), count(&sonde, "panics_total "))
    })
}

/// Runs a service with so many workers in a child, whose Sentry does this, and ends it. Returns how long that took.
fn ends(does: &str, mode: Mode, workers: &str) -> Duration {
    let name = "errors::ending::in_every_mode_reports_are_accounted_for_and_the_process_ends_in_time_and_well";
    let sent = if TAKES.contains(&does) { REPORTS } else { 0 };
    let arrive = match mode {
        Mode::Refuse | Mode::BlackHole => 0,
        _ => sent.max(1),
    };
    // What is not taken takes all the time there is: at full size, as much as there is by default.
    let flush_timeout = match sent {
        0 => ["500ms", ""][size(0, 1)],
        _ => "5s",
    };
    let sentry = FaultCollector::start(mode);
    let variables = [
        ("SENTRY_DSN", &*dsn(&sentry)),
        ("RADIOSONDE_FLUSH_TIMEOUT", flush_timeout),
        (WORKERS, workers),
    ];
    let (mut child, address, rest) = start(name, &variables);
    let mut stdout = child.stdout.take().unwrap();
    for _ in 0..REPORTS {
        assert_eq!(http::get(address, "/fail", &[]).unwrap().status, 500);
    }
    eventually("what Sentry receives", Duration::from_mins(1), || {
        (sentry.received() >= arrive).then_some(())
    });
    if does == "killed" {
        sentry.set(Mode::Refuse);
    }

    let (status, took) = end(child);
    let case = format!("{does}, {workers} workers, {took:?}");
    assert!(status.success(), "{case}: {status}, {:?}", rest.join());
    // What was promised, at full size. A machine that is busy may take its time.
    assert!(took < Duration::from_secs(size(60, 5) as u64), "{case}");
    let mut said = String::new();
    stdout.read_to_string(&mut said).unwrap();
    let expected = format!("of {REPORTS} reports {sent} were sent, after 0 panics");
    assert!(said.contains(&expected), "{case}: {said}");
    took
}
