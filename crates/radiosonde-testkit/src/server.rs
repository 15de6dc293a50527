//! A server that tests talk to, as a child process.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::{eventually, launch, scratch, tools};

/// A running server: its process, its data and its log.
///
/// Ends the process when dropped, and during a panic prints the end of its log.
#[derive(Debug)]
pub(crate) struct Server {
    name: String,
    child: Child,
    log: PathBuf,
    // Dropped last: the process is gone by then.
    _directory: TempDir,
}

impl Server {
    /// Starts a Python program that prints the address it listens on.
    pub(crate) fn python(name: &str, module: &str, program: &str) -> (Self, SocketAddr) {
        let mut server = Self::spawn(name, |directory| {
            let file = directory.join("main.py");
            fs::write(&file, program).expect("a new file in a directory of our own");
            let mut command = launch::command(tools::python(module));
            command.arg(file);
            command
        });
        let address = eventually(&format!("the address of {name}"), START_DEADLINE, || {
            if let Some(status) = server.exit_status() {
                panic!("{name} ended with {status}");
            }
            launch::listening_address(&server.log())
        });
        (server, address)
    }

    /// Starts a server that has to be told its ports, and waits until it is `ready`.
    ///
    /// A port that was free can be taken before the server binds it, so a server that ends at once is started again with
    /// other ports, a few times.
    pub(crate) fn with_ports<const N: usize>(
        name: &str,
        command: impl Fn(&Path, [SocketAddr; N]) -> Command,
        ready: impl Fn([SocketAddr; N]) -> bool,
    ) -> (Self, [SocketAddr; N]) {
        let mut attempt = 1;
        loop {
            let addresses = free_addresses();
            let mut server = Self::spawn(name, |directory| command(directory, addresses));
            match server.await_start(|| ready(addresses)) {
                Ok(()) => return (server, addresses),
                Err(status) => assert!(
                    attempt < START_ATTEMPTS,
                    "{name} ended with {status}, the last of {attempt} times"
                ),
            }
            attempt += 1;
        }
    }

    fn spawn(name: &str, command: impl FnOnce(&Path) -> Command) -> Self {
        let directory = scratch::directory(name);
        let log = directory.path().join("log");
        let output = File::create(&log).expect("a new file in a directory of our own");
        let errors = output.try_clone().expect("a second handle of an open file");
        let mut command = command(directory.path());
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child =
            launch::launch(command).unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self {
            name: name.to_owned(),
            child,
            log,
            _directory: directory,
        }
    }

    /// Waits until the server is ready, or says how it ended instead.
    fn await_start(&mut self, ready: impl Fn() -> bool) -> Result<(), ExitStatus> {
        let what = format!("{} to be ready", self.name);
        eventually(&what, START_DEADLINE, || match self.exit_status() {
            Some(status) => Some(Err(status)),
            None => ready().then_some(Ok(())),
        })
    }

    fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of our own")
    }

    /// Returns what it has said so far.
    pub(crate) fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).ok();
        if thread::panicking() {
            print_tail(&self.name, &self.log());
        }
    }
}

/// Prints the end of what a process said, for the report of a failed test.
#[expect(
    clippy::print_stderr,
    reason = "the test harness shows it with the failure, and with nothing else"
)]
pub(crate) fn print_tail(name: &str, output: &str) {
    let lines: Vec<_> = output.lines().collect();
    let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    eprintln!(
        "--- {name}, end of its output ---\n{}\n---",
        tail.join("\n")
    );
}

fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    // All are held until all are known, so that they differ.
    let listeners = [(); N].map(|()| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on the loopback interface")
    });
    listeners.map(|listener| {
        listener
            .local_addr()
            .expect("the address of a bound socket")
    })
}

pub(crate) const START_DEADLINE: Duration = Duration::from_secs(30);

const START_ATTEMPTS: usize = 4;

const TAIL_LINES: usize = 40;
