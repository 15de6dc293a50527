//! How many requests a second does a whole process answer, and how much time of a processor does each take?
//!
//! A server of one thread on one processor, `wrk` with 64 connections that stay open on another, a second each, and the bare
//! service before and after each other one, because processors change their speed. The medians of all turns and, in brackets,
//! the quarters below and above; turns are left out in which a server waited for its processor. Run with a processor for each
//! or the figures are of their quarrel. Needs `wrk`, and `taskset` to keep the two apart.

mod floor;
mod router;
mod served;
mod subjects;
mod through;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use radiosonde_benches::{Mode, stolen, table};
use radiosonde_testkit::tools;

use crate::served::{PATH, Server, pinned};
use crate::subjects::{BARE, SAMPLING, subjects};

fn main() {
    if let Some(name) = served::asked_to_serve() {
        let subjects = subjects();
        let subject = subjects.iter().find(|subject| subject.name == name);
        let subject = subject.expect("a subject of this name");
        subject.within(|| served::serve(subject.app.clone(), || subject.upkeep()));
        return;
    }
    let mode = Mode::from_args();
    let names: Vec<_> = subjects().iter().map(|subject| subject.name).collect();
    match mode {
        Mode::Full if !cfg!(feature = "allocations") => measure(&names),
        Mode::Quick => {
            for name in names {
                assert!(answers(&Server::start(name, &SAMPLING)), "{name}");
            }
        }
        _ => {}
    }
}

/// Asks once.
fn answers(server: &Server) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(server.address)?;
        write!(
            stream,
            "GET {PATH} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// Has it asked as fast as it answers, and tells what came of it.
fn load(server: &Server) -> Load {
    let (before, stolen_before) = (server.scheduled(), stolen());
    let output = pinned(CLIENTS, &tools::program("wrk"))
        .args(["-t1", "-c64", "-d1s"])
        .arg(format!("http://{}{PATH}", server.address))
        .output()
        .expect("wrk runs");
    let scheduled = server.scheduled() - before;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        !text.contains("Non-2xx") && !text.contains("Socket errors"),
        "{text}"
    );
    let per_second = text.split_once("Requests/sec:").and_then(|(_, after)| {
        let number = after.lines().next()?;
        number.trim().parse::<f64>().ok()
    });
    let requests = text.split_once(" requests in").and_then(|(before, _)| {
        let number = before.rsplit(char::is_whitespace).next()?;
        number.parse::<f64>().ok()
    });
    let requests = requests.expect("what wrk prints");
    Load {
        per_second: per_second.expect("what wrk prints"),
        microseconds: scheduled.worked().as_secs_f64() * 1e6 / requests,
        waited: scheduled.waited > scheduled.worked() / 100 || stolen() - stolen_before > 1,
    }
}

/// What a server did under load.
#[derive(Debug, Clone, Copy)]
struct Load {
    per_second: f64,
    /// Of a processor, for each request.
    microseconds: f64,
    /// Whether it stood still for more than a hundredth of its time, because another had its processor, or whoever runs this machine
    /// gave as much of its processors to others.
    waited: bool,
}

/// A subject under load, beside the bare service just before and just after it.
#[derive(Debug, Clone, Copy)]
struct Turn {
    before: Load,
    load: Load,
    after: Load,
}

impl Turn {
    fn was_disturbed(&self) -> bool {
        [self.before, self.load, self.after]
            .iter()
            .any(|load| load.waited)
    }

    /// Returns how many requests it answered for a hundred of the bare service.
    fn percent(&self) -> f64 {
        let bare = f64::midpoint(self.before.per_second, self.after.per_second);
        self.load.per_second / bare * 100.0
    }

    /// Returns how many microseconds of a processor it took more than the bare service, for each request.
    fn over(&self) -> f64 {
        let bare = f64::midpoint(self.before.microseconds, self.after.microseconds);
        self.load.microseconds - bare
    }
}

/// All servers are there all the time, so that turns are short: what the machine does meanwhile is mostly the same in a turn and
/// in those of the bare service around it.
fn measure(names: &[&'static str]) {
    let servers: Vec<_> = names
        .iter()
        .map(|name| Server::start(name, &SAMPLING))
        .collect();
    for server in &servers {
        load(server); // what is done once
    }
    let bare = names.iter().position(|name| *name == BARE);
    let bare = &servers[bare.expect("a bare service")];
    let mut turns = vec![Vec::new(); names.len()];
    for _ in 0..ROUNDS {
        let mut before = load(bare);
        for (server, turns) in servers.iter().zip(&mut turns) {
            let (load, after) = (self::load(server), self::load(bare));
            turns.push(Turn {
                before,
                load,
                after,
            });
            before = after;
        }
    }
    let rows = names.iter().zip(&mut turns).map(|(name, turns)| {
        turns.retain(|turn| !turn.was_disturbed());
        row(name, turns)
    });
    let header = [
        "case",
        "requests a second",
        "of bare",
        "µs of a processor",
        "over bare",
        "turns",
    ];
    table(
        "Requests over loopback, connections kept",
        &header,
        &rows.collect::<Vec<_>>(),
    );
}

fn row(name: &str, turns: &[Turn]) -> Vec<String> {
    let quartiles = |of: &dyn Fn(&Turn) -> f64| {
        let mut all: Vec<_> = turns.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        [1, 2, 3].map(|quarter| {
            all.get(all.len() * quarter / 4)
                .copied()
                .unwrap_or(f64::NAN)
        })
    };
    let [_, per_second, _] = quartiles(&|turn| turn.load.per_second);
    let [_, microseconds, _] = quartiles(&|turn| turn.load.microseconds);
    let [less, percent, more] = quartiles(&Turn::percent);
    let [from, over, to] = quartiles(&Turn::over);
    vec![
        name.to_owned(),
        format!("{per_second:.0}"),
        format!("{percent:.1} % ({less:.1} to {more:.1})"),
        format!("{microseconds:.2}"),
        format!("{over:+.2} ({from:+.2} to {to:+.2})"),
        turns.len().to_string(),
    ]
}

/// The processor of `wrk`.
const CLIENTS: &str = "1";

const ROUNDS: usize = 12;
