//! A backend that runs, or could.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::Kind;
use super::system;
use crate::server::print_tail;
use crate::{eventually, launch, scratch};

/// A running backend. Ends its process when dropped, and during a panic prints the end of its log.
#[derive(Debug)]
pub struct Backend {
    pub(super) kind: Kind,
    pub(super) port: u16,
    process: Option<Child>,
    /// The name server of Erlang, for RabbitMQ.
    pub(super) names: Option<(Child, u16)>,
    directory: TempDir,
}

impl Backend {
    /// Starts a backend with a free port and no data, and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// Panics when it does not within two minutes, and when its program is not among the tools.
    #[must_use]
    #[track_caller]
    pub fn start(kind: Kind) -> Self {
        let mut backend = Self {
            kind,
            port: system::free_port(),
            process: None,
            names: None,
            directory: scratch::directory(kind.name()),
        };
        backend.prepare();
        backend.revive();
        backend
    }

    /// Returns where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns the URL by which clients connect to it.
    #[must_use]
    pub fn url(&self) -> String {
        self.kind.url(self.addr())
    }

    /// Kills it, as a crash does. Its port refuses connections then.
    ///
    /// # Panics
    ///
    /// Panics when it does not run.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("a backend that runs");
        let children = system::children(process.id());
        process.kill().and_then(|()| process.wait()).ok();
        // Those of PostgreSQL notice by themselves, and take a moment.
        for child in children {
            system::signal("KILL", child);
        }
    }

    /// Starts it again, on the same port and with the same data, and waits until it accepts connections.
    ///
    /// # Panics
    ///
    /// Panics when it runs already, or does not accept within two minutes.
    #[track_caller]
    pub fn revive(&mut self) {
        assert!(self.process.is_none(), "a backend that does not run");
        let mut command = self.command();
        let log = File::options().append(true).create(true).open(self.log());
        let log = log.expect("a log in a directory of our own");
        let errors = log.try_clone().expect("a second handle of an open file");
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let name = self.kind.name();
        let process = launch::launch(command).unwrap_or_else(|error| panic!("{name}: {error}"));
        self.process = Some(process);
        let addr = self.addr();
        let is_ready = || {
            let said = fs::read(self.log()).unwrap_or_default();
            let said = String::from_utf8_lossy(&said);
            let starts = said.matches(self.kind.ready()).count();
            (starts > 0 && TcpStream::connect(addr).is_ok()).then_some(())
        };
        eventually(&format!("{name} to accept"), START_DEADLINE, is_ready);
    }

    /// Stops it with `SIGSTOP`: its port accepts connections, and nothing answers.
    ///
    /// # Panics
    ///
    /// Panics when it does not run.
    pub fn stop(&self) {
        self.signal_all("STOP");
    }

    /// Continues it after [`stop`](Self::stop).
    ///
    /// # Panics
    ///
    /// Panics when it does not run.
    pub fn resume(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, name: &str) {
        let process = self.process.as_ref().expect("a backend that runs").id();
        // The parent first: it must not start another for one that seems dead.
        system::signal(name, process);
        for child in system::children(process) {
            system::signal(name, child);
        }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read(self.log()).unwrap_or_default();
            print_tail(self.kind.name(), &String::from_utf8_lossy(&log));
        }
        if self.process.is_some() {
            self.kill();
        }
        if let Some((names, _)) = &mut self.names {
            names.kill().and_then(|()| names.wait()).ok();
        }
    }
}

const START_DEADLINE: Duration = Duration::from_mins(2);
