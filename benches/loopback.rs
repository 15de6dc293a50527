//! How many requests a second does a whole process answer, and how much time of a processor does each take?
//!
//! A server of one thread on one processor, `wrk` with 64 connections that stay open on another, in turns. Run with a
//! processor for each or the figures are of their quarrel. Needs `wrk`, and `taskset` to keep the two apart.

mod floor;
mod router;
mod served;
mod subjects;
mod through;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use radiosonde_benches::{Mode, table};
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
fn load(server: &Server, seconds: u32) -> Load {
    let before = server.scheduled();
    let output = pinned(CLIENTS, &tools::program("wrk"))
        .args(["-t1", "-c64", &format!("-d{seconds}s")])
        .arg(format!("http://{}{PATH}", server.address))
        .output()
        .expect("wrk runs");
    let worked = (server.scheduled() - before).worked();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let per_second = text.split_once("Requests/sec:").and_then(|(_, after)| {
        let number = after.lines().next()?;
        number.trim().parse::<f64>().ok()
    });
    assert!(
        !text.contains("Non-2xx") && !text.contains("Socket errors"),
        "{text}"
    );
    let requests = text.split_once(" requests in").and_then(|(before, _)| {
        let number = before.rsplit(char::is_whitespace).next()?;
        number.parse::<f64>().ok()
    });
    Load {
        per_second: per_second.expect("what wrk prints"),
        microseconds: worked.as_secs_f64() * 1e6 / requests.expect("what wrk prints"),
    }
}

/// What a server did under load.
#[derive(Debug, Clone, Copy)]
struct Load {
    per_second: f64,
    /// Of a processor, for each request.
    microseconds: f64,
}

fn measure(names: &[&'static str]) {
    let mut loads = vec![Vec::new(); names.len()];
    for _ in 0..ROUNDS {
        for (name, loads) in names.iter().zip(&mut loads) {
            let server = Server::start(name, &SAMPLING);
            load(&server, 1); // what is done once
            loads.push(load(&server, SECONDS));
        }
    }
    let medians: Vec<_> = loads.iter().map(|loads| median(loads)).collect();
    let bare = names
        .iter()
        .position(|name| *name == BARE)
        .map(|bare| medians[bare]);
    let bare = bare.expect("a bare service");
    let rows = names.iter().zip(&medians).map(|(name, load)| {
        vec![
            (*name).to_owned(),
            format!("{:.0}", load.per_second),
            format!("{:.1} %", load.per_second / bare.per_second * 100.0),
            format!("{:.2}", load.microseconds),
            format!("{:+.2}", load.microseconds - bare.microseconds),
        ]
    });
    let header = [
        "case",
        "requests a second",
        "of bare",
        "µs of a processor",
        "over bare",
    ];
    table(
        "Requests over loopback, connections kept",
        &header,
        &rows.collect::<Vec<_>>(),
    );
}

fn median(loads: &[Load]) -> Load {
    let middle = |of: fn(&Load) -> f64| {
        let mut all: Vec<_> = loads.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    Load {
        per_second: middle(|load| load.per_second),
        microseconds: middle(|load| load.microseconds),
    }
}

/// The processor of `wrk`.
const CLIENTS: &str = "1";

const ROUNDS: usize = 5;
const SECONDS: u32 = 4;
