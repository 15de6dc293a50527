//! How long do requests take while their collector fails, beside those of a service whose collector is fine?
//!
//! Two services, each of one thread and in a process of its own, export every span, one to a collector that is fine and the other
//! to one that fails in some way. They are asked in turns, in many short *rounds*, 5 000 times a second: each request is timed from
//! when it is due, so one that is late makes those after it late, too. Half-way the collectors change places, so that no process
//! counts for one side alone. Requests are left out, and counted, that were due when a processor was not there: a [`Witness`] of each
//! sees that. What is told of the slowest hundredth is that of all other requests of a side together, and how far it is to be trusted;
//! two collectors that are both fine show what the machine makes of nothing.
//!
//! Services have a processor of their own. The other one is that of who asks, and collectors, which do as little as they can, have
//! what that leaves. All of them go before what else the machine has to do. Needs `taskset`, `chrt`, and the right to have priority.
//! `--only` and a way to fail measures that alone, and four times as long.

mod asking;
mod beside;
mod router;
mod served;
mod sides;

use std::time::Instant;

use radiosonde::Config;
use radiosonde::trace::SamplingOptions;
use radiosonde_benches::{Mode, Witness};
use radiosonde_testkit::fault::{self, grpc};

use crate::beside::{Compared, Promise, Rounds};
use crate::sides::Side;

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
        Mode::Full if !cfg!(feature = "allocations") => asking::apart(|| measure(&ways())),
        Mode::Only { case, .. } => {
            let asked_for = ways().into_iter().filter(|way| way.name == case);
            // What is in doubt among all of them is settled by more of it.
            let longer = asked_for.map(|way| Way {
                pairs: way.pairs * TIMES_BY_ITSELF,
                ..way
            });
            let longer: Vec<_> = longer.collect();
            asking::apart(|| measure(&longer));
        }
        Mode::Quick => {
            let quick = |way: Way| Way {
                pairs: 2,
                turns: 16,
                ..way
            };
            // One of each protocol, and one that changes.
            let ways = ways().into_iter().filter(|way| way.name.contains("back"));
            measure(&ways.map(quick).collect::<Vec<_>>());
        }
        _ => {}
    }
}

/// A way to fail.
struct Way {
    name: &'static str,
    protocol: Protocol,
    /// What the collector does in a round, one after the other.
    modes: Vec<fault::Mode>,
    pairs: u32,
    /// How often a side is asked in a round.
    turns: u32,
}

#[derive(Debug, Clone, Copy)]
enum Protocol {
    Http,
    Grpc,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http/protobuf",
            Self::Grpc => "grpc",
        }
    }

    /// How a collector behaves that is fine.
    fn fine(self) -> fault::Mode {
        match self {
            Self::Http => fault::Mode::status(200),
            Self::Grpc => grpc::status("0"),
        }
    }
}

fn ways() -> Vec<Way> {
    use Protocol::{Grpc, Http};
    use fault::Mode;
    let fails = |name, protocol, mode| Way {
        name,
        protocol,
        modes: vec![mode],
        pairs: PAIRS,
        turns: TURNS,
    };
    // It is dead for half a second, and then has the time to be found alive.
    let comes_back = |name, protocol: Protocol| Way {
        name,
        protocol,
        modes: [vec![Mode::Refuse], vec![protocol.fine(); 3]].concat(),
        pairs: PAIRS_OF_LONG_ROUNDS,
        turns: TURNS * 8,
    };
    vec![
        fails("is fine, too", Http, Http.fine()),
        fails("refuses", Http, Mode::Refuse),
        fails("swallows what comes", Http, Mode::BlackHole),
        fails("hangs", Http, Mode::Hang),
        fails("resets", Http, Mode::Reset),
        fails("drips", Http, Mode::drip()),
        fails("answers 503", Http, Mode::status(503)),
        fails(
            "answers 429, and asks for a second",
            Http,
            Mode::throttle(429, 1),
        ),
        fails("takes all but one", Http, Mode::partial(1)),
        comes_back("dies and comes back", Http),
        fails("is fine, too, over gRPC", Grpc, Grpc.fine()),
        fails("refuses, over gRPC", Grpc, Mode::Refuse),
        fails("hangs, over gRPC", Grpc, Mode::Hang),
        fails("is unavailable, over gRPC", Grpc, grpc::status("14")),
        comes_back("dies and comes back, over gRPC", Grpc),
    ]
}

/// Asks in pairs of rounds, and tells of each way to fail how the sides compare.
fn measure(ways: &[Way]) {
    let witness = Witness::of(&[asking::CLIENTS, served::SERVERS]);
    let compared = |way: &Way| (way.name, compared(way, &witness));
    let cases: Vec<_> = ways.iter().map(compared).collect();
    COMPARED.tell("Requests beside a collector that fails", &cases);
}

const COMPARED: Compared<'_> = Compared {
    names: ["a collector that", "fine", "failing"],
    promise: Promise {
        ratio: 1.05,
        more: 50_000.0,
        words: "5 % and 50 µs at most",
    },
};

fn compared(way: &Way, witness: &Witness) -> Vec<Vec<Rounds>> {
    let variables = [("OTEL_EXPORTER_OTLP_PROTOCOL", way.protocol.name())];
    let fine = way.protocol.fine();
    let mut sides = [(); 2].map(|()| Side::new(&variables, fine.clone()));
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let [one, other] = &mut sides;
        one.recover(&fine);
        other.fail(&way.modes[0]);
        // So many spans that the queue of the one is full.
        for side in [&mut *one, &mut *other] {
            side.warm_up(way.turns.min(TURNS) * 3);
        }
        // Where answers come late, a round takes as long as it takes.
        let end = Instant::now() + asking::INTERVAL * way.turns * way.pairs * 6 / 5;
        let pairs = (0..way.pairs / 2).take_while(|_| Instant::now() < end);
        rounds.extend(pairs.map(|pair| vec![in_turns(way, pair, [one, other], witness)]));
        sides.reverse();
    }
    rounds
}

/// Asks both sides, each of them first half of the time.
fn in_turns(way: &Way, pair: u32, [one, other]: [&mut Side; 2], witness: &Witness) -> Rounds {
    let asked = |side: &mut Side, modes: &[fault::Mode]| {
        let round = side.asked(way.turns, modes);
        round.without(&witness.take_times())
    };
    // One that behaves the same all the time need not be told.
    let modes = if way.modes.len() > 1 {
        &*way.modes
    } else {
        &[]
    };
    let (one, other) = if pair.is_multiple_of(2) {
        let fine = asked(one, &[]);
        (fine, asked(other, modes))
    } else {
        let failing = asked(other, modes);
        (asked(one, &[]), failing)
    };
    Rounds { one, other }
}

/// How many pairs of rounds there are, half of them with each service on each side.
const PAIRS: u32 = 40;

/// How many there are where a round is eight times as long.
const PAIRS_OF_LONG_ROUNDS: u32 = 10;

/// How many times as many there are of a way that is measured alone.
const TIMES_BY_ITSELF: u32 = 4;

/// How often a side is asked in a round: for a quarter of a second.
const TURNS: u32 = 1_250;
