//! The service under test.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::http::{self, Response};
use crate::server::{START_DEADLINE, print_tail};
use crate::{eventually, launch};

/// A running service, and all it has printed.
///
/// Kills the service when dropped, and during a panic prints the end of what it said.
#[derive(Debug)]
pub struct Service {
    child: Child,
    addr: Option<SocketAddr>,
    stdout: Capture,
    stderr: Capture,
}

impl Service {
    /// Starts a service on a free loopback port, and waits until it says where it listens.
    ///
    /// It does so by printing `listening on http://127.0.0.1:<port>`. Its environment is that of [`spawn`](Self::spawn).
    ///
    /// # Panics
    ///
    /// Panics when it does not start, or ends first.
    #[must_use]
    #[track_caller]
    pub fn start(command: &Command) -> Self {
        let mut service = Self::spawn(command);
        let addr = eventually("the address of the service", START_DEADLINE, || {
            let status = service.try_wait();
            let addr = service.find_addr();
            if let (None, Some(status)) = (addr, status) {
                panic!("the service ended with {status}");
            }
            addr
        });
        service.addr = Some(addr);
        service
    }

    /// Starts a service that is not expected to listen, such as one that refuses its configuration.
    ///
    /// Its environment is `PATH` and `HOME`, `ADDR=127.0.0.1:0`, and the variables that `command` sets.
    ///
    /// # Panics
    ///
    /// Panics when no process can be started.
    #[must_use]
    #[track_caller]
    pub fn spawn(command: &Command) -> Self {
        let child = launch::launch(prepared(command));
        let mut child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self {
            stdout: Capture::start(child.stdout.take().expect("its output is a pipe")),
            stderr: Capture::start(child.stderr.take().expect("its errors are a pipe")),
            addr: None,
            child,
        }
    }

    /// Returns the address that the service listens on.
    ///
    /// # Panics
    ///
    /// Panics when [`start`](Self::start) has not waited for it.
    #[must_use]
    #[track_caller]
    pub fn addr(&self) -> SocketAddr {
        self.addr.expect("a service that was seen to listen")
    }

    /// Waits until the service says where administrators are listened for, in its log, and returns that address.
    ///
    /// # Panics
    ///
    /// Panics when it does not say so within a minute.
    #[must_use]
    #[track_caller]
    pub fn admin_addr(&self) -> SocketAddr {
        eventually("the address for administrators", START_DEADLINE, || {
            let said = [self.stdout(), self.stderr()].concat();
            let (_, rest) = said.split_once("administrators are listened for on http://")?;
            let is_part = |c: char| c.is_ascii_digit() || ".:[]".contains(c);
            let end = rest.find(|c| !is_part(c))?;
            rest[..end].parse().ok()
        })
    }

    /// Asks the service for `path`.
    ///
    /// # Errors
    ///
    /// Fails when there is no connection, or when it ends before the response does.
    ///
    /// # Panics
    ///
    /// Panics when [`start`](Self::start) has not waited for it to listen.
    #[track_caller]
    pub fn get(&self, path: &str) -> io::Result<Response> {
        http::get(self.addr(), path, &[])
    }

    /// Asks the service to end, with `SIGTERM`. One that has ended already is left in peace.
    ///
    /// # Panics
    ///
    /// Panics when the signal cannot be sent.
    pub fn terminate(&mut self) {
        // Until it is waited for, its number belongs to nobody else.
        if self.try_wait().is_some() {
            return;
        }
        // Every shell has it built in; the program of this name may not be installed.
        let kill = format!("kill -TERM {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "no success with `{kill}`"
        );
    }

    /// Waits until the service has ended, and all it printed is captured.
    ///
    /// # Panics
    ///
    /// Panics when that has not happened by the `deadline`.
    #[track_caller]
    pub fn wait(&mut self, deadline: Duration) -> ExitStatus {
        eventually("the service to end", deadline, || {
            let status = self.try_wait()?;
            (self.stdout.is_complete() && self.stderr.is_complete()).then_some(status)
        })
    }

    /// Returns what the service has printed to its standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Returns what the service has printed to its standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of our own")
    }

    fn find_addr(&self) -> Option<SocketAddr> {
        launch::listening_address(&self.stdout())
            .or_else(|| launch::listening_address(&self.stderr()))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).ok();
        if thread::panicking() {
            print_tail("standard output of the service", &self.stdout());
            print_tail("standard error of the service", &self.stderr());
        }
    }
}

/// Copies what `command` says onto a clean environment.
fn prepared(command: &Command) -> Command {
    let mut prepared = launch::command(command.get_program());
    prepared.args(command.get_args()).env("ADDR", "127.0.0.1:0");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => prepared.env(name, value),
            None => prepared.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        prepared.current_dir(directory);
    }
    prepared.stdin(Stdio::null());
    prepared.stdout(Stdio::piped()).stderr(Stdio::piped());
    prepared
}

/// What one stream of a process has said so far.
#[derive(Debug)]
struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Capture {
    fn start(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::default();
        let reader = thread::spawn({
            let bytes = Arc::clone(&bytes);
            move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    lock(&bytes).extend_from_slice(&buffer[..count]);
                }
            }
        });
        Self { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.bytes)).into_owned()
    }

    fn is_complete(&self) -> bool {
        self.reader.is_finished()
    }
}

fn lock(bytes: &Mutex<Vec<u8>>) -> MutexGuard<'_, Vec<u8>> {
    bytes.lock().unwrap_or_else(PoisonError::into_inner)
}
