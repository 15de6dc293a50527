//! A service, the collector that it exports to, and somebody who asks it.

use std::thread;
use std::time::{Duration, Instant};

use radiosonde_testkit::fault::{FaultCollector, Mode};

use crate::asking::{Connection, INTERVAL, PATIENCE, Round};
use crate::served::Server;

/// A collector, a service that sends to it, and a connection over which that is asked.
pub(crate) struct Side {
    collector: FaultCollector,
    server: Server,
    connection: Connection,
}

impl Side {
    /// Starts a service with these variables, and a collector that treats it like this.
    pub(crate) fn new(variables: &[(&str, &str)], mode: Mode) -> Self {
        let collector = FaultCollector::forgetful(mode);
        let server = Server::start(&collector.endpoint(), variables);
        let connection = Connection::new(server.address);
        Self {
            collector,
            server,
            connection,
        }
    }

    /// Makes the collector fail like this.
    pub(crate) fn fail(&self, mode: &Mode) {
        self.collector.set(mode.clone());
    }

    /// Has the collector take everything, and asks until it is met: how it failed before is then forgotten.
    pub(crate) fn recover(&mut self, fine: &Mode) {
        // What hangs would hang on.
        self.collector.set(Mode::Refuse);
        self.collector.set(fine.clone());
        let (before, start) = (self.collector.received(), Instant::now());
        while self.collector.received() == before {
            assert!(start.elapsed() < PATIENCE, "the collector is never met");
            self.warm_up(100);
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Asks as often, as fast as it is answered.
    pub(crate) fn warm_up(&mut self, turns: u32) {
        self.connection.warm_up(turns);
    }

    /// Asks as often, each time when it is due. Meanwhile, its collector behaves in these ways, one after the other; in none of them
    /// as it did.
    pub(crate) fn asked(&mut self, turns: u32, modes: &[Mode]) -> Round {
        let Self {
            collector,
            server,
            connection,
        } = self;
        let before = server.scheduled();
        let asked = thread::scope(|scope| {
            let asks = scope.spawn(|| connection.ask_when_due(turns, |_| ()));
            for mode in modes {
                collector.set(mode.clone());
                thread::sleep(INTERVAL * turns / u32::try_from(modes.len()).unwrap_or(1));
            }
            asks.join()
        });
        let round = asked.expect("who asks does not panic");
        round.with(server.scheduled() - before)
    }
}
