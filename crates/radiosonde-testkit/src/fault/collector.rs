//! The receiver itself.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use super::mode::{Answer, Mode};
use super::{http2, otlp};
use crate::door::Door;
use crate::http;

/// A receiver that misbehaves.
///
/// Every connection is closed when it is dropped.
#[derive(Debug)]
pub struct FaultCollector {
    door: Mutex<Door>,
    state: Arc<State>,
}

impl FaultCollector {
    /// Starts on a free loopback port, which is its own until it is dropped, open or not.
    ///
    /// # Panics
    ///
    /// Panics when no port is free.
    #[must_use]
    pub fn start(mode: Mode) -> Self {
        Self::started(mode, true)
    }

    /// Starts one that keeps nothing of what it is sent and looks into none of it, so that it costs as little as it can: it
    /// [counts](Self::received) requests, and nothing else.
    ///
    /// # Panics
    ///
    /// Panics when no port is free.
    #[must_use]
    pub fn forgetful(mode: Mode) -> Self {
        Self::started(mode, false)
    }

    fn started(mode: Mode, keeps: bool) -> Self {
        let door = Door::new().expect("a free loopback port");
        let collector = Self {
            door: Mutex::new(door),
            state: Arc::new(State::new(keeps)),
        };
        collector.set(mode);
        collector
    }

    /// Changes the mode, for requests that come from now on.
    ///
    /// A collector that begins to refuse connections cuts those that it has, as one does that is killed.
    ///
    /// # Panics
    ///
    /// Panics when the port cannot be opened.
    pub fn set(&self, mode: Mode) {
        let mut door = lock(&self.door);
        let (refuses, swallows) = (
            matches!(mode, Mode::Refuse),
            matches!(mode, Mode::BlackHole),
        );
        *lock(&self.state.mode) = mode;
        if refuses || swallows {
            door.close();
            self.state.cut();
        }
        let opened = if refuses {
            Ok(())
        } else if swallows {
            door.block()
        } else {
            let state = self.state.clone();
            door.open(move |connection| state.serve(&connection))
        };
        opened.expect("the port is ours");
    }

    /// Returns the address it listens on, or would.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        lock(&self.door).addr()
    }

    /// Returns the same as a URL, such as `OTEL_EXPORTER_OTLP_ENDPOINT` takes.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// Returns how many requests were received so far.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.state.received.load(Ordering::Relaxed)
    }

    /// Returns every request received so far, oldest first; none of a [forgetful](Self::forgetful) one.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.state.requests).clone()
    }

    /// Returns how many items it accepted of the messages of OTLP that were sent to a path: spans, log records or metrics. One that
    /// is [forgetful](Self::forgetful) does not know.
    #[must_use]
    pub fn accepted(&self, path: &str) -> u64 {
        let accepted = lock(&self.state.accepted);
        accepted.get(path).copied().unwrap_or_default()
    }
}

impl Drop for FaultCollector {
    fn drop(&mut self) {
        lock(&self.door).close();
        self.state.cut();
    }
}

/// A request that a [`FaultCollector`] received whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// Method, path and version, as they came.
    pub request_line: String,
    /// The header fields in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Vec<u8>,
}

impl Received {
    /// Returns the path, with the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.request_line.split(' ').nth(1).unwrap_or_default()
    }

    /// Returns the first header field called `name`, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields.find_map(|(field, value)| (field == name).then_some(value.as_str()))
    }
}

#[derive(Debug)]
pub(super) struct State {
    mode: Mutex<Mode>,
    received: AtomicU64,
    /// Whether it keeps requests, and counts what is in them.
    keeps: bool,
    requests: Mutex<Vec<Received>>,
    /// By path, how many items.
    accepted: Mutex<BTreeMap<String, u64>>,
    connections: Mutex<BTreeMap<u64, TcpStream>>,
    next: AtomicU64,
}

impl State {
    fn new(keeps: bool) -> Self {
        Self {
            mode: Mutex::new(Mode::Refuse),
            received: AtomicU64::default(),
            keeps,
            requests: Mutex::default(),
            accepted: Mutex::default(),
            connections: Mutex::default(),
            next: AtomicU64::default(),
        }
    }

    fn cut(&self) {
        for (_, connection) in std::mem::take(&mut *lock(&self.connections)) {
            connection.shutdown(Shutdown::Both).ok();
        }
    }

    fn serve(self: &Arc<Self>, connection: &TcpStream) {
        let Ok(handle) = connection.try_clone() else {
            return;
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.connections).insert(number, handle);
        let resets = self.converse(connection).is_ok();
        if resets {
            // Without time to linger, closing is a reset. It needs all handles gone.
            SockRef::from(connection)
                .set_linger(Some(Duration::ZERO))
                .ok();
        } else {
            connection.shutdown(Shutdown::Both).ok();
        }
        lock(&self.connections).remove(&number);
    }

    /// Takes requests until the connection fails, as it does when the client closes it or the collector is dropped, or
    /// until it is to be reset.
    fn converse(self: &Arc<Self>, connection: &TcpStream) -> io::Result<()> {
        let is_http2 = http2::begins(connection)?;
        // What is answered to the letter need not be what was asked for.
        if is_http2 && !matches!(*lock(&self.mode), Mode::Verbatim(_)) {
            return http2::converse(connection.try_clone()?, self);
        }
        self.converse_in_text(connection)
    }

    fn converse_in_text(&self, mut connection: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(connection);
        loop {
            let head = http::read_head(&mut reader)?;
            let body = http::read_request_body(&mut reader, &head)?;
            let request = Received {
                request_line: head.start_line,
                headers: head.headers,
                body,
            };
            match self.receive(request) {
                Mode::Answer(answer) => connection.write_all(&answer.to_bytes())?,
                Mode::Verbatim(answer) => connection.write_all(&answer)?,
                Mode::Drip(answer, every) => {
                    for byte in answer.to_bytes() {
                        connection.write_all(&[byte])?;
                        thread::sleep(every);
                    }
                }
                Mode::BreakOff => {
                    connection.write_all(b"HTTP/1.1 200 \r\ncontent-length: 9\r\n\r\nbroken")?;
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
                Mode::Reset => return Ok(()),
                Mode::Hang | Mode::Refuse | Mode::BlackHole => {}
            }
        }
    }

    /// Keeps a request, and returns how to treat it.
    pub(super) fn receive(&self, request: Received) -> Mode {
        let mode = lock(&self.mode).clone();
        self.received.fetch_add(1, Ordering::Relaxed);
        if !self.keeps {
            return mode;
        }
        let path = request.path().to_owned();
        let items = otlp::items(&request);
        lock(&self.requests).push(request);
        if let Mode::Answer(answer) = &mode {
            self.account(path, items, answer);
        }
        mode
    }

    /// Counts what is accepted, before the answer that says so.
    fn account(&self, path: String, items: u64, answer: &Answer) {
        if let Some(refused) = answer.refuses {
            let accepted = items.saturating_sub(refused);
            *lock(&self.accepted).entry(path).or_default() += accepted;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
