//! Receivers that fail, on purpose.
//!
//! A *fault collector* stands where a collector or an error tracker should be, and misbehaves in one way, its [`Mode`],
//! while it keeps what it was sent.

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::http;

/// A receiver that misbehaves.
///
/// Every connection is closed when it is dropped.
#[derive(Debug)]
pub struct FaultCollector {
    addr: SocketAddr,
    state: Arc<State>,
    acceptor: Option<JoinHandle<()>>,
}

impl FaultCollector {
    /// Starts on a free loopback port, or, to refuse connections, on one where nothing ever listens.
    ///
    /// # Panics
    ///
    /// Panics when no port is free.
    #[must_use]
    pub fn start(mode: Mode) -> Self {
        let state = Arc::new(State::default());
        if matches!(mode, Mode::Refuse) {
            return Self {
                addr: SocketAddr::from((Ipv4Addr::LOCALHOST, CLOSED_PORT)),
                state,
                acceptor: None,
            };
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
        Self {
            addr: listener
                .local_addr()
                .expect("a bound socket has an address"),
            state: Arc::clone(&state),
            acceptor: Some(thread::spawn(move || accept(&listener, &mode, &state))),
        }
    }

    /// Returns the address it listens on, or would.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the same as a URL, such as `OTEL_EXPORTER_OTLP_ENDPOINT` takes.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns every request received so far, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.state.requests).clone()
    }
}

impl Drop for FaultCollector {
    fn drop(&mut self) {
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        self.state.stopping.store(true, Ordering::SeqCst);
        // The acceptor sits in `accept`: a connection wakes it.
        if TcpStream::connect(self.addr).is_ok() {
            acceptor.join().ok();
        }
        for connection in lock(&self.state.connections).drain(..) {
            connection.shutdown(Shutdown::Both).ok();
        }
    }
}

/// How a [`FaultCollector`] treats those who call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Mode {
    /// Refuses connections: nothing listens on the port.
    Refuse,
    /// Accepts connections, reads every request, and never answers.
    Hang,
    /// Gives every request the same answer.
    Answer(Answer),
}

impl Mode {
    /// Answers with this status and an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Answer(Answer::new(status, "", b""))
    }

    /// Answers with this status and header, and an empty body.
    #[must_use]
    pub fn header(status: u16, name: &str, value: &str) -> Self {
        Self::Answer(Answer::new(status, &format!("{name}: {value}\r\n"), b""))
    }

    /// Answers with status 200 and this body.
    #[must_use]
    pub fn answer(content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let headers = format!("content-type: {content_type}\r\n");
        Self::Answer(Answer::new(200, &headers, body.as_ref()))
    }
}

/// The answer of [`Mode::Answer`].
#[derive(Debug, Clone)]
pub struct Answer(Vec<u8>);

impl Answer {
    fn new(status: u16, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} \r\n{headers}content-length: {length}\r\n\r\n");
        Self([head.as_bytes(), body].concat())
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

#[derive(Debug, Default)]
struct State {
    requests: Mutex<Vec<Received>>,
    connections: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
}

fn accept(listener: &TcpListener, mode: &Mode, state: &Arc<State>) {
    for connection in listener.incoming() {
        if state.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(connection) = connection else { continue };
        let Ok(handle) = connection.try_clone() else {
            continue;
        };
        lock(&state.connections).push(handle);
        let (mode, state) = (mode.clone(), Arc::clone(state));
        thread::spawn(move || {
            converse(&connection, &mode, &state).ok();
            connection.shutdown(Shutdown::Both).ok();
        });
    }
}

/// Takes requests until the connection fails, as it does when the client closes it or the collector is dropped.
fn converse(mut connection: &TcpStream, mode: &Mode, state: &State) -> io::Result<()> {
    let mut reader = BufReader::new(connection);
    loop {
        let head = http::read_head(&mut reader)?;
        let body = http::read_request_body(&mut reader, &head)?;
        lock(&state.requests).push(Received {
            request_line: head.start_line,
            headers: head.headers,
            body,
        });
        if let Mode::Answer(Answer(bytes)) = mode {
            connection.write_all(bytes)?;
        }
    }
}

/// A port that stays closed: set aside for a service that nobody runs, and below those that are handed out.
///
/// One that was free a moment ago may be anybody's by now.
const CLOSED_PORT: u16 = 1;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::eventually;
    use crate::http::RawConnection;

    #[test]
    fn refusing_leaves_the_port_closed() {
        let collector = FaultCollector::start(Mode::Refuse);

        let error = http::get(collector.addr(), "/", &[]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn hanging_reads_the_request_and_says_nothing() {
        let collector = FaultCollector::start(Mode::Hang);
        let mut connection = RawConnection::open(collector.addr()).unwrap();
        connection
            .send_head("POST", "/v1/traces", &[("content-length", "5")])
            .unwrap();
        connection.send(b"spans").unwrap();

        let received = eventually("the request", Duration::from_secs(5), || {
            collector.requests().pop()
        });
        assert_eq!(received.request_line, "POST /v1/traces HTTP/1.1");
        assert_eq!(received.body, b"spans");

        drop(collector);
        assert!(connection.read_head().is_err());
    }

    #[test]
    fn an_answer_goes_to_every_request_of_a_connection() {
        let collector = FaultCollector::start(Mode::status(503));
        let mut connection = RawConnection::open(collector.addr()).unwrap();

        for _ in 0..2 {
            connection.send_head("GET", "/", &[]).unwrap();
            let response = connection.read_response().unwrap();
            assert_eq!((response.status, response.body.len()), (503, 0));
        }
        assert_eq!(collector.requests().len(), 2);
    }
}
