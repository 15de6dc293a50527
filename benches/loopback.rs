//! How many requests a second does a whole process answer, and how much time of a processor does each take?
//!
//! A server of one thread on one processor, `wrk` with 64 connections that stay open on another, in turns. Run with a
//! processor for each or the figures are of their quarrel. Needs `wrk`, and `taskset` to keep the two apart.

mod router;
mod subjects;
mod through;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use radiosonde_benches::{Mode, table};
use radiosonde_testkit::tools;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

use crate::subjects::{BARE, SAMPLING, Subject, subjects};

fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != SERVE);
    if let Some(name) = arguments.nth(1) {
        serve(&name);
        return;
    }
    let mode = Mode::from_args();
    let names: Vec<_> = subjects().iter().map(|subject| subject.name).collect();
    match mode {
        Mode::Full if !cfg!(feature = "allocations") => measure(&names),
        Mode::Quick => {
            for name in names {
                assert!(Server::start(name).answers(), "{name}");
            }
        }
        _ => {}
    }
}

/// Serves a subject until whoever started this process ends it.
fn serve(name: &str) {
    let subjects = subjects();
    let subject = subjects.iter().find(|subject| subject.name == name);
    let subject = subject.expect("a subject of this name");
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    subject.within(|| runtime.block_on(listen(subject)));
}

async fn listen(subject: &Subject) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let _ = writeln!(std::io::stdout(), "{address}");
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let upkeep = async {
        loop {
            second.tick().await;
            subject.upkeep();
        }
    };
    tokio::select! {
        _ = axum::serve(listener, subject.app.clone()) => {}
        () = upkeep => {}
    }
}

/// A process that serves a subject.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(name: &str) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = pinned(SERVERS, &program)
            .args([SERVE, name])
            .envs(SAMPLING)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        let read = BufReader::new(output).read_line(&mut line);
        let address = line.trim().parse();
        Self {
            address: read
                .ok()
                .and(address.ok())
                .expect("the address of the server"),
            child,
        }
    }

    /// Asks once.
    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(self.address)?;
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

    /// How long it has been at work, in user and in system mode, in hundredths of a second: what Linux counts in.
    fn worked(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("the processes of Linux");
        // Behind the name, which may hold anything.
        let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
        let fields = fields.skip(12).take(2).map(str::parse::<u64>);
        fields.map(|ticks| ticks.expect("a number")).sum()
    }

    /// Has it asked as fast as it answers, and tells what came of it.
    fn load(&self, seconds: u32) -> Load {
        let before = self.worked();
        let output = pinned(CLIENTS, &tools::program("wrk"))
            .args(["-t1", "-c64", &format!("-d{seconds}s")])
            .arg(format!("http://{}{PATH}", self.address))
            .output()
            .expect("wrk runs");
        let worked = self.worked() - before;
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
        #[expect(clippy::cast_precision_loss, reason = "seconds of work are few")]
        let worked = worked as f64 * 10_000.0;
        Load {
            per_second: per_second.expect("what wrk prints"),
            microseconds: worked / requests.expect("what wrk prints"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
            let server = Server::start(name);
            server.load(1); // what is done once
            loads.push(server.load(SECONDS));
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

/// A command that runs on one processor only, where that can be asked for.
fn pinned(processor: &str, program: &Path) -> Command {
    let can_pin = Command::new("taskset")
        .args(["-c", processor, "true"])
        .status();
    if !can_pin.is_ok_and(|status| status.success()) {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", processor]).arg(program);
    command
}

const SERVE: &str = "--serve";
const PATH: &str = "/api/resource3/42";

/// The processors of the server and of `wrk`.
const SERVERS: &str = "0";
const CLIENTS: &str = "1";

const ROUNDS: usize = 5;
const SECONDS: u32 = 4;
