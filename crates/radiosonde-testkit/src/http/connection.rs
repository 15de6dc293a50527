//! Requests, and connections to the byte.

use std::io::{self, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::message::{Response, read_head, read_response_body};

/// Asks `addr` for `path`, such as `/metrics?x=1`.
///
/// # Errors
///
/// Fails when there is no connection, or when it ends before the response does.
///
/// # Examples
///
/// ```
/// use radiosonde_testkit::fault::{FaultCollector, Mode};
/// use radiosonde_testkit::http;
///
/// let server = FaultCollector::start(Mode::answer("text/plain", "up 1\n"));
/// let response = http::get(server.addr(), "/metrics", &[("accept", "text/plain")]).unwrap();
///
/// assert_eq!(response.header("content-type"), Some("text/plain"));
/// assert_eq!(response.text(), "up 1\n");
/// ```
pub fn get(addr: SocketAddr, path: &str, headers: &[(&str, &str)]) -> io::Result<Response> {
    request("GET", addr, path, headers, None)
}

/// Sends `body` to `path` at `addr`.
///
/// # Errors
///
/// Fails when there is no connection, or when it ends before the response does.
pub fn post(
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Response> {
    request("POST", addr, path, headers, Some(body))
}

fn request(
    method: &str,
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> io::Result<Response> {
    let length = body.map(|body| body.len().to_string());
    let mut fields = vec![("connection", "close")];
    fields.extend(length.as_deref().map(|length| ("content-length", length)));
    fields.extend(headers);

    let mut connection = RawConnection::open(addr)?;
    connection.send_head(method, path, &fields)?;
    connection.send(body.unwrap_or_default())?;
    connection.read_response()
}

/// One connection, to which a test writes what it likes.
///
/// # Examples
///
/// A client that hangs up in the middle of the answer:
///
/// ```
/// use radiosonde_testkit::fault::{FaultCollector, Mode};
/// use radiosonde_testkit::http::RawConnection;
///
/// let server = FaultCollector::start(Mode::answer("text/plain", "a long body"));
/// let mut connection = RawConnection::open(server.addr()).unwrap();
/// connection.send_head("GET", "/stream", &[]).unwrap();
/// assert_eq!(connection.read_head().unwrap().status, 200);
/// assert_eq!(connection.read_bytes(6).unwrap(), b"a long");
/// connection.cut();
/// ```
#[derive(Debug)]
pub struct RawConnection {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
}

impl RawConnection {
    /// Connects to `addr`.
    ///
    /// # Errors
    ///
    /// Fails when nobody accepts the connection.
    pub fn open(addr: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&addr, TIMEOUT)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: addr,
        })
    }

    /// Sends the head of a request, with a `host` and the given header fields.
    ///
    /// # Errors
    ///
    /// Fails when the connection does.
    pub fn send_head(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<()> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.host);
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        self.send(head.as_bytes())
    }

    /// Sends `bytes` as they are.
    ///
    /// # Errors
    ///
    /// Fails when the connection does.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Reads the head of a response and nothing beyond.
    ///
    /// # Errors
    ///
    /// Fails when the connection ends first, or what comes is not HTTP.
    pub fn read_head(&mut self) -> io::Result<Response> {
        Response::from_head(read_head(&mut self.stream)?)
    }

    /// Reads a whole response. It must not be the answer to a HEAD request, which announces a body and sends none.
    ///
    /// # Errors
    ///
    /// Fails when the connection ends first, or what comes is not HTTP.
    pub fn read_response(&mut self) -> io::Result<Response> {
        let mut response = self.read_head()?;
        response.body = read_response_body(&mut self.stream, &response)?;
        Ok(response)
    }

    /// Reads the next `count` bytes as they come, framing included.
    ///
    /// # Errors
    ///
    /// Fails when the connection ends first.
    pub fn read_bytes(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// Closes the connection.
    ///
    /// The other side reads an end; on Linux it sees a reset where bytes that it sent were left unread.
    pub fn cut(self) {}
}

/// How long one step may take; a test that waits longer than this has failed.
const TIMEOUT: Duration = Duration::from_secs(30);
