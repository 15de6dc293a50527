//! As much of HTTP as it takes to ask a service, and to hear what Alertmanager has to say.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// Host and port.
    pub(crate) address: String,
    /// With the slash before it; empty when the URL has none.
    pub(crate) path: String,
}

impl Location {
    /// Reads a URL, with its scheme or without it. The port is 80 unless it says otherwise.
    pub(crate) fn of(url: &str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let address = match host.rsplit_once(':') {
            Some((_, port)) if port.parse::<u16>().is_ok() => host.to_owned(),
            _ => format!("{host}:80"),
        };
        Self {
            address,
            path: path.to_owned(),
        }
    }
}

/// Asks a host, with its port, for a path. The connection is used once.
pub(crate) fn get(address: &str, path: &str, token: Option<&str>) -> io::Result<Answer> {
    let mut stream = connect(address)?;
    // Of version 1.0, an answer comes in one piece and ends with the connection.
    let mut request =
        format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n");
    if let Some(token) = token {
        request.push_str("Authorization: Bearer ");
        request.push_str(token);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = BufReader::new(stream);
    let (first, length) = head(&mut answer)?;
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("this is no HTTP"))?;
    let mut body = Vec::new();
    let mut rest = answer.take(length.unwrap_or(MAX_BODY).min(MAX_BODY));
    rest.read_to_end(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Answer { status, body })
}

/// Takes one request, answers that all is well, and returns its path and its body.
#[cfg(feature = "cli")]
pub(crate) fn take(stream: TcpStream) -> io::Result<(String, String)> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut request = BufReader::new(stream);
    let (first, length) = head(&mut request)?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut body = Vec::new();
    let length = length.unwrap_or(0).min(MAX_BODY);
    request.by_ref().take(length).read_to_end(&mut body)?;
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    request.get_mut().write_all(answer.as_bytes())?;
    Ok((path, String::from_utf8_lossy(&body).into_owned()))
}

fn connect(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::other("this is no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => {
                stream.set_read_timeout(Some(TIMEOUT))?;
                stream.set_write_timeout(Some(TIMEOUT))?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Reads up to the blank line, and returns the first line and the length of the body, if it is told.
fn head(reader: &mut impl BufRead) -> io::Result<(String, Option<u64>)> {
    let mut reader = reader.take(MAX_HEAD);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        Ok::<_, io::Error>(line.trim_end().to_owned())
    };
    let first = line()?;
    let mut length = None;
    loop {
        let header = line()?;
        if header.is_empty() {
            return Ok((first, length));
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
}

const TIMEOUT: Duration = Duration::from_secs(10);

const MAX_HEAD: u64 = 64 * 1024;

/// A catalogue of thousands of metrics takes a megabyte.
const MAX_BODY: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn answering(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        address
    }

    #[test]
    fn a_url_leads_to_a_host_a_port_and_a_path() {
        for (url, address, path) in [
            ("http://a:8080/admin/catalog", "a:8080", "/admin/catalog"),
            ("http://a", "a:80", ""),
            ("http://a/", "a:80", "/"),
            ("a:9464", "a:9464", ""),
            ("http://[::1]:80/x", "[::1]:80", "/x"),
            ("http://[::1]", "[::1]:80", ""),
        ] {
            let (address, path) = (address.to_owned(), path.to_owned());
            assert_eq!(Location::of(url), Location { address, path }, "{url}");
        }
    }

    #[test]
    fn an_answer_ends_where_it_says_or_with_the_connection() {
        for answer in [
            "HTTP/1.0 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.0 404 Not Found\r\n\r\n{}",
        ] {
            let answer = get(&answering(answer), "/", Some("secret")).unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (404, "{}"));
        }
    }

    #[test]
    fn what_is_no_http_is_an_error() {
        assert!(get(&answering("SSH-2.0-OpenSSH\r\n\r\n"), "/", None).is_err());
        assert!(get(&answering(""), "/", None).is_err());
    }
}
