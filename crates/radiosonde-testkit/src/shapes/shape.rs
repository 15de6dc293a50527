//! How a request asks, and what the service answers.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::{Piece, Pieces};

/// How a request asks, and what the service answers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Shape {
    /// What the request asks with.
    pub method: Method,
    /// What it is answered with.
    pub status: StatusCode,
    /// The phrase behind the status, for a server of HTTP/1 that can be told one.
    pub reason: Option<&'static [u8]>,
    headers: HeaderMap,
    body: Pieces,
}

impl Shape {
    /// Makes a shape without headers.
    ///
    /// # Panics
    ///
    /// Panics when there is no such status.
    #[must_use]
    pub fn new(method: Method, status: u16, body: Pieces) -> Self {
        Self {
            method,
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            reason: None,
            body,
        }
    }

    /// Adds a header to the answer.
    ///
    /// # Panics
    ///
    /// Panics when the value is none.
    #[must_use]
    pub fn with(mut self, name: header::HeaderName, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value of a header");
        self.headers.append(name, value);
        self
    }

    /// Lets the answer say how long its body is.
    #[must_use]
    pub fn announcing(self, bytes: usize) -> Self {
        self.with(header::CONTENT_LENGTH, &bytes.to_string())
    }

    /// Returns the answer.
    #[must_use]
    pub fn answer(&self) -> Response<Pieces> {
        let mut response = Response::new(self.body.clone());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }

    /// Returns what asks for it, at this path and in this version, such as `HTTP/1.1`; the server is asked to hang up
    /// afterwards.
    #[must_use]
    pub fn request(&self, path: &str, version: &str) -> Vec<u8> {
        let mut more = String::new();
        if self.headers.contains_key(header::TRAILER) {
            more.push_str("te: trailers\r\n");
        }
        let body = if self.method == Method::POST {
            "body"
        } else {
            ""
        };
        if !body.is_empty() {
            more.push_str("content-length: 4\r\n");
        }
        let method = &self.method;
        format!("{method} {path} {version}\r\nhost: a\r\nconnection: close\r\n{more}\r\n{body}")
            .into_bytes()
    }

    /// Returns the outcome that a request for it has whose client reads all that comes.
    ///
    /// # Panics
    ///
    /// Panics when it announces a length that is none.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        let bodiless = self.method == Method::HEAD || matches!(self.status.as_u16(), 204 | 304);
        let announced = self.headers.get(header::CONTENT_LENGTH).map(|length| {
            let length = length.to_str().ok().and_then(|text| text.parse().ok());
            length.expect("a length")
        });
        let (bytes, ends) = self.body.whole();
        let is_whole = ends && announced.is_none_or(|announced: usize| bytes >= announced);
        if self.status.as_u16() >= 500 || !(bodiless || is_whole) {
            "error"
        } else {
            "ok"
        }
    }
}

/// Returns more than two hundred: every method with every status and every body, and some that are their own kind.
#[must_use]
pub fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for method in [Method::GET, Method::HEAD, Method::POST] {
        for status in [200, 204, 206, 304, 404, 503] {
            let shape = |body| Shape::new(method.clone(), status, body);
            let announced = bodies().map(|(body, bytes)| match bytes {
                Some(bytes) => shape(body).announcing(bytes),
                None => shape(body),
            });
            shapes.extend(announced);
        }
    }
    shapes.extend(curiosities());
    shapes
}

/// Bodies, and how long they are said to be.
fn bodies() -> impl Iterator<Item = (Pieces, Option<usize>)> {
    let (hello, there) = (Piece::text("hello, "), Piece::text("there"));
    let pieces = |pieces: &[Piece]| Pieces::new(pieces.iter().cloned());
    let in_two = [hello.clone(), Piece::Wait, there.clone()];
    [
        (pieces(&[]), None),
        (pieces(&[]).that_knows_itself(), None),
        (pieces(std::slice::from_ref(&hello)), None),
        (pieces(std::slice::from_ref(&hello)), Some(7)),
        (pieces(&in_two).that_knows_itself(), None),
        (pieces(&in_two), None),
        (pieces(&in_two), Some(12)),
        (pieces(&[hello.clone(), there, Piece::Trailers]), None),
        (
            pieces(&[Piece::text(""), hello.clone(), Piece::text("")]),
            None,
        ),
        // Broken off: an error, with and without a length, and an end that comes too early.
        (pieces(&[hello.clone(), Piece::Wait, Piece::Fail]), None),
        (pieces(&[hello.clone(), Piece::Wait, Piece::Fail]), Some(12)),
        (pieces(&[hello, Piece::Wait]), Some(12)),
    ]
    .into_iter()
}

fn curiosities() -> Vec<Shape> {
    let get = |status, body| Shape::new(Method::GET, status, body);
    let text = || Pieces::new([Piece::text("text")]).that_knows_itself();
    let mut renamed = get(200, text());
    renamed.reason = Some(b"As You Like It");
    vec![
        renamed,
        get(200, text()).with(header::CONNECTION, "close"),
        get(200, Pieces::default()).announcing(0),
        get(200, Pieces::new([Piece::text("text"), Piece::Trailers]))
            .with(header::TRAILER, "x-checksum, grpc-status"),
        get(200, text())
            .with(header::SET_COOKIE, "a=1")
            .with(header::SET_COOKIE, "b=2; Path=/"),
        get(301, Pieces::default()).with(header::LOCATION, "/elsewhere"),
        get(200, text()).with(header::CONTENT_TYPE, "text/plain; charset=latin-1"),
        get(200, text()).with(header::ETAG, "\"\u{fc}\""),
        get(599, text()),
        get(999, text()),
        get(
            200,
            Pieces::new([Piece::Data(Bytes::from(vec![b'x'; 300_000]))]),
        ),
        get(200, Pieces::new(vec![Piece::text("many "); 1_000])),
        get(
            200,
            Pieces::new([Piece::Wait, Piece::Wait, Piece::Trailers]),
        ),
        get(200, Pieces::new([Piece::text("data: 1\n\n"), Piece::Wait]))
            .with(header::CONTENT_TYPE, "text/event-stream"),
    ]
}
