//! Two hundred and more shapes of responses.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use hyper::ext::ReasonPhrase;

use super::pieces::{Piece, Pieces};

/// How a request asks, and what the service answers.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) method: Method,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) reason: Option<&'static [u8]>,
    pub(super) body: Pieces,
}

impl Shape {
    pub(super) fn new(method: Method, status: u16, body: Pieces) -> Self {
        Self {
            method,
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            reason: None,
            body,
        }
    }

    pub(super) fn with(mut self, name: header::HeaderName, value: &str) -> Self {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.headers.append(name, value);
        self
    }

    pub(super) fn announcing(self, bytes: usize) -> Self {
        self.with(header::CONTENT_LENGTH, &bytes.to_string())
    }

    pub(super) fn answer(&self) -> Response<Pieces> {
        let mut response = Response::new(self.body.clone());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        if let Some(reason) = self.reason {
            let reason = ReasonPhrase::from_static(reason);
            response.extensions_mut().insert(reason);
        }
        response
    }
}

/// Every method with every status and every body, and some that are their own kind.
pub(super) fn shapes() -> Vec<Shape> {
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
