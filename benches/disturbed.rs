//! How long do requests take while their collector fails, beside those of a service whose collector is fine?
//!
//! Of two servers, each of one thread and in a process of its own, one exports every span to a collector that is fine, and the other to
//! one that fails in some way. They are asked in turns, over a connection that stays open, 5 000 times a second: each request is
//! timed from when it is due, so one that is late makes those after it late, too. Needs `taskset` to keep servers and client
//! apart.

mod router;
mod served;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use radiosonde::Config;
use radiosonde::trace::SamplingOptions;
use radiosonde_benches::{Mode, Stopwatch, table};
use radiosonde_testkit::fault::{self, FaultCollector};

use crate::served::{PATH, Server};

fn main() {
    if let Some(endpoint) = served::asked_to_serve() {
        let config = Config::new("benches")
            .otlp_endpoint(endpoint)
            .sampling(SamplingOptions::new().ratio(1.0));
        let parts = radiosonde::build(config).expect("the environment is well-formed");
        let layer = parts.sonde().layer();
        served::serve(router::served(router::routes().layer(layer)), || ());
        return;
    }
    match Mode::from_args() {
        Mode::Full if !cfg!(feature = "allocations") => measure(PAIRS, TURNS),
        Mode::Quick => measure(1, 16),
        _ => {}
    }
}

/// A collector, a service that sends to it, and somebody who asks that.
struct Side {
    collector: FaultCollector,
    server: Server,
    connection: TcpStream,
}

impl Side {
    fn new(mode: fault::Mode) -> Self {
        let collector = FaultCollector::start(mode);
        let server = Server::start(&collector.endpoint(), &[]);
        let connection = TcpStream::connect(server.address).expect("it listens");
        connection.set_nodelay(true).expect("a connection");
        Self {
            collector,
            server,
            connection,
        }
    }

    /// Asks, and reads the answer to its end.
    fn ask(&mut self) {
        let request = format!("GET {PATH} HTTP/1.1\r\nhost: a\r\n\r\n");
        let sent = self.connection.write_all(request.as_bytes());
        sent.expect("an open connection");
        let (mut answer, mut length) = ([0; 1024], 0);
        while !answer[..length].ends_with(b"an item, as good as any") {
            let read = self.connection.read(&mut answer[length..]);
            length += read.ok().filter(|read| *read > 0).expect("an answer");
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "a request failed");
    }

    /// Asks as often, as fast as is due. Meanwhile, its collector behaves in these ways, one after the other.
    fn asked(&mut self, turns: u32, modes: &[fault::Mode]) -> Round {
        let mut watch = Stopwatch::default();
        let (worked, start) = (self.server.worked(), Instant::now());
        let ways = u32::try_from(modes.len()).expect("they are few");
        for turn in 0..turns {
            // One that has behaved so all the time need not be told.
            if ways > 1 && turn % (turns / ways) == 0 {
                let way = usize::try_from(turn / (turns / ways)).expect("they are few");
                self.collector.set(modes[way % modes.len()].clone());
            }
            watch.time_when_due(start + INTERVAL * turn, || self.ask());
        }
        Round {
            half: watch.at(500),
            most: watch.at(990),
            per_second: f64::from(turns) / start.elapsed().as_secs_f64(),
            worked: self.server.worked() - worked,
        }
    }
}

/// How fast a side answered.
struct Round {
    /// What half of its requests did not exceed, in nanoseconds.
    half: f64,
    /// What all but one in a hundred did not exceed.
    most: f64,
    per_second: f64,
    /// Hundredths of a second.
    worked: u64,
}

/// Asks in pairs of rounds, and tells of each way to fail how the sides compare.
fn measure(pairs: usize, turns: u32) {
    let mut rows = Vec::new();
    for (name, modes) in ways() {
        let mut fine = Side::new(fault::Mode::status(200));
        let mut failing = Side::new(modes[0].clone());
        // What is done once, and so many spans that the queue of the one is full.
        for side in [&mut fine, &mut failing] {
            (0..turns / 2).for_each(|_| side.ask());
        }
        let pairs: Vec<_> = (0..pairs)
            .map(|pair| {
                // Each goes first half of the time.
                if pair % 2 == 0 {
                    let fine = fine.asked(turns, &[]);
                    (fine, failing.asked(turns, &modes))
                } else {
                    let failing = failing.asked(turns, &modes);
                    (fine.asked(turns, &[]), failing)
                }
            })
            .collect();
        rows.push(row(name, &pairs));
    }
    let header = [
        "a collector that",
        "p50, fine",
        "failing",
        "ratio",
        "p99, fine",
        "failing",
        "ratio",
        "from",
        "to",
        "more",
        "requests a second, ratio",
        "time of a processor, ratio",
    ];
    table("Requests beside a collector that fails", &header, &rows);
}

fn ways() -> [(&'static str, Vec<fault::Mode>); 10] {
    use fault::Mode;
    [
        ("is fine, too", vec![Mode::status(200)]),
        ("refuses", vec![Mode::Refuse]),
        ("swallows what comes", vec![Mode::BlackHole]),
        ("hangs", vec![Mode::Hang]),
        ("resets", vec![Mode::Reset]),
        ("drips", vec![Mode::drip()]),
        ("answers 503", vec![Mode::status(503)]),
        ("asks for a pause", vec![Mode::throttle(429, 600)]),
        ("takes all but one", vec![Mode::partial(1)]),
        ("dies and comes back", vec![Mode::Refuse, Mode::status(200)]),
    ]
}

fn row(name: &str, pairs: &[(Round, Round)]) -> Vec<String> {
    let sorted = |of: &dyn Fn(&(Round, Round)) -> f64| {
        let mut all: Vec<_> = pairs.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all
    };
    let worked = |of: &dyn Fn(&(Round, Round)) -> u64| -> u64 { pairs.iter().map(of).sum() };
    #[expect(clippy::cast_precision_loss, reason = "they worked for seconds")]
    let work =
        worked(&|(_, failing)| failing.worked) as f64 / worked(&|(fine, _)| fine.worked) as f64;
    let median = |of: &dyn Fn(&(Round, Round)) -> f64| sorted(of)[pairs.len() / 2];
    let microseconds = |nanoseconds: f64| format!("{:.1} µs", nanoseconds / 1_000.0);
    let ratios = sorted(&|(fine, failing)| failing.most / fine.most);
    // Of ten pairs, the median of all that there could be lies between the second and the ninth in 98 of 100 cases.
    let second = usize::from(pairs.len() > 2);
    vec![
        name.to_owned(),
        microseconds(median(&|(fine, _)| fine.half)),
        microseconds(median(&|(_, failing)| failing.half)),
        format!("{:.3}", median(&|(fine, failing)| failing.half / fine.half)),
        microseconds(median(&|(fine, _)| fine.most)),
        microseconds(median(&|(_, failing)| failing.most)),
        format!("{:.3}", ratios[pairs.len() / 2]),
        format!("{:.3}", ratios[second]),
        format!("{:.3}", ratios[pairs.len() - 1 - second]),
        microseconds(median(&|(fine, failing)| failing.most - fine.most)),
        format!(
            "{:.3}",
            median(&|(fine, failing)| failing.per_second / fine.per_second)
        ),
        format!("{work:.2}"),
    ]
}

const PAIRS: usize = 10;

/// How often a side is asked in a round: for two seconds.
const TURNS: u32 = 10_000;

const INTERVAL: Duration = Duration::from_micros(200);
