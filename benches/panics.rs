//! How long do requests take while handlers panic and Sentry hangs, beside those of the same service without Sentry?
//!
//! Services of one thread, each in a process of its own and with a processor that it has for itself, are asked 5 000 times a second for
//! two seconds. Meanwhile a thousand handlers panic, each in a connection of its own, which its panic ends. A hundred of the panics are
//! reported, as in any minute, and where the first of them happened is looked up: on the one processor that requests have. A round of a
//! service that reports is compared with one, before it or after it, of a service that does not; each begins with a process that has
//! not panicked yet. Requests are left out that were due when a processor was not there: a [`Witness`] of each sees that.
//!
//! What is told otherwise is what `disturbed` tells. Needs `taskset`, `chrt`, and the right to have priority. `--only` and a case measures that alone,
//! and eight times as long.

mod asking;
mod beside;
mod router;
mod served;

use std::cell::RefCell;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use axum::routing::get;
use radiosonde::Config;
use radiosonde_benches::{Mode, Witness, worked};
use radiosonde_testkit::fault::{self, FaultCollector};

use crate::asking::{Connection, Round};
use crate::beside::{Compared, Promise, Rounds};
use crate::served::Server;

fn main() {
    if served::asked_to_serve().is_some() {
        std::panic::set_hook(Box::new(|_| {}));
        let sonde =
            radiosonde::init(Config::new("benches")).expect("the environment is well-formed");
        let panics = get(async || -> () { panic!("as expected") });
        let app = router::routes().route(PANICS, panics);
        served::serve(router::served(app.layer(sonde.layer())), || ());
        return;
    }
    match Mode::from_args() {
        Mode::Full if !cfg!(feature = "allocations") => {
            asking::apart(|| measure(&CASES, Size::FULL));
        }
        Mode::Only { case, .. } => {
            let asked_for = CASES.iter().filter(|of| of.name == case);
            let longer = Size {
                pairs: 8 * Size::FULL.pairs,
                ..Size::FULL
            };
            asking::apart(|| measure(&asked_for.copied().collect::<Vec<_>>(), longer));
        }
        Mode::Quick => measure(&CASES[..2], Size::QUICK),
        _ => {}
    }
}

/// What Sentry does that the one service has.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    /// `None` for no Sentry.
    sentry: Option<fn() -> fault::Mode>,
}

const CASES: [Case; 4] = [
    Case {
        name: "is not there, either",
        sentry: None,
    },
    Case {
        name: "hangs",
        sentry: Some(|| fault::Mode::Hang),
    },
    Case {
        name: "refuses",
        sentry: Some(|| fault::Mode::Refuse),
    },
    Case {
        name: "answers",
        sentry: Some(|| fault::Mode::status(200)),
    },
];

/// How much is asked.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// How many pairs of services there are.
    pairs: u32,
    /// In how many parts each of them is asked.
    parts: u32,
    /// How often in each part.
    turns: u32,
}

impl Size {
    const FULL: Self = Self {
        pairs: 20,
        parts: 8,
        turns: 1_250,
    };

    const QUICK: Self = Self {
        pairs: 1,
        parts: 2,
        turns: 20,
    };
}

fn measure(cases: &[Case], size: Size) {
    let witness = Witness::of(&[asking::CLIENTS, served::SERVERS]);
    let compared = |case: &Case| (case.name, in_pairs(*case, size, &witness));
    let cases: Vec<_> = cases.iter().map(compared).collect();
    COMPARED.tell("Requests beside handlers that panic", &cases);
}

const COMPARED: Compared<'_> = Compared {
    names: ["a Sentry that", "without", "with"],
    promise: Promise {
        ratio: 1.1,
        more: f64::INFINITY,
        words: "10 % at most",
    },
};

/// Asks both sides, each of them first half of the time.
fn in_pairs(case: Case, size: Size, witness: &Witness) -> Vec<Vec<Rounds>> {
    let asked = |sentry| asked(sentry, size, witness);
    let one_pair = |pair: u32| {
        let (one, other) = if pair.is_multiple_of(2) {
            let one = asked(None);
            (one, asked(case.sentry))
        } else {
            let other = asked(case.sentry);
            (asked(None), other)
        };
        let rounds = one.into_iter().zip(other);
        let rounds = rounds.map(|(one, other)| Rounds { one, other });
        rounds.collect()
    };
    (0..size.pairs).map(one_pair).collect()
}

/// Starts a service, and asks it while others ask for what panics: a round for each part.
fn asked(sentry: Option<fn() -> fault::Mode>, size: Size, witness: &Witness) -> Vec<Round> {
    let collector = sentry.map(|mode| FaultCollector::forgetful(mode()));
    let dsn = collector
        .as_ref()
        .map(|collector| format!("http://key@{}/1", collector.addr()));
    // Where lines of a log would be, there is the address of the server.
    let mut variables = vec![("RUST_LOG", "off")];
    variables.extend(dsn.as_deref().map(|dsn| ("SENTRY_DSN", dsn)));
    let server = Server::start("", &variables);
    let mut connection = Connection::new(server.address);
    connection.warm_up(size.turns);
    let process = server.process();
    let mut part = || {
        let (before, at_work) = (server.scheduled(), worked(process));
        let round = asked_beside(&mut connection, server.address, size.turns);
        let mut scheduled = server.scheduled() - before;
        // The thread that looks symbols up has ended since.
        let beside = worked(process).saturating_sub(at_work + scheduled.first + ROUNDING);
        scheduled.others = scheduled.others.max(beside);
        round.with(scheduled).without(&witness.take_times())
    };
    (0..size.parts).map(|_| part()).collect()
}

/// Asks as often, while others ask for what panics: on a thread of its own, whose priority neither collectors nor services inherit.
fn asked_beside(connection: &mut Connection, address: SocketAddr, turns: u32) -> Round {
    let ask = || {
        let panicking = Panicking {
            address,
            last: RefCell::new(None),
        };
        connection.ask_when_due(turns, |turn| panicking.ask(turn))
    };
    let round = thread::scope(|scope| scope.spawn(ask).join());
    round.expect("who asks does not panic")
}

/// Somebody who asks for what panics, and does not wait for an answer, since there is none.
struct Panicking {
    address: SocketAddr,
    /// What the last panic has ended meanwhile.
    last: RefCell<Option<TcpStream>>,
}

impl Panicking {
    fn ask(&self, turn: u32) {
        if !turn.is_multiple_of(TURNS_FOR_A_PANIC) {
            return;
        }
        let mut stream = asking::connect(self.address).expect("it is listening");
        let request = format!("GET {PANICS} HTTP/1.1\r\nhost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it is read");
        self.last.replace(Some(stream));
    }
}

/// What two times in hundredths of a second may be off by together.
const ROUNDING: Duration = Duration::from_millis(20);

/// A path at which there is a handler that panics.
const PANICS: &str = "/panics";

/// How often others are asked for between two handlers that panic: 500 of them in a second.
const TURNS_FOR_A_PANIC: u32 = 10;
