//! Where headers are read and written.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector};

/// The headers of a request that came.
pub(super) trait Incoming {
    /// Returns a header that is there once, is text, and is no longer than `most` bytes.
    fn once(&self, name: &HeaderName, most: usize) -> Option<&str>;

    /// Returns a header that may be there several times, which means the same as all of them joined by commas. Together
    /// they are no longer than `most` bytes.
    fn joined(&self, name: &HeaderName, most: usize) -> Option<Cow<'_, str>>;
}

/// The headers of a request that goes.
pub(super) trait Outgoing {
    /// Writes a header, in place of those of that name.
    fn set(&mut self, name: &HeaderName, value: String);

    /// Takes away the headers of that name, where that is possible.
    fn remove(&mut self, name: &HeaderName);
}

/// Tells for little whether a header may be there: most requests come without most headers, and comparing a few names takes
/// less than hashing one.
pub(crate) fn maybe_has(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.keys_len() > FEW || headers.keys().any(|key| key == name)
}

/// As many as a request of a browser has.
const FEW: usize = 16;

impl Incoming for HeaderMap {
    fn once(&self, name: &HeaderName, most: usize) -> Option<&str> {
        if !maybe_has(self, name) {
            return None;
        }
        let mut values = self.get_all(name).iter();
        let value = values.next().filter(|value| value.len() <= most)?;
        match values.next() {
            None => value.to_str().ok(),
            Some(_) => None,
        }
    }

    fn joined(&self, name: &HeaderName, most: usize) -> Option<Cow<'_, str>> {
        if !maybe_has(self, name) {
            return None;
        }
        let mut joined = Cow::Borrowed("");
        for value in self.get_all(name) {
            if joined.len() + value.len() >= most + usize::from(joined.is_empty()) {
                return None;
            }
            let value = text(value)?;
            if joined.is_empty() {
                joined = Cow::Borrowed(value);
            } else {
                let joined = joined.to_mut();
                joined.push(',');
                joined.push_str(value);
            }
        }
        (!joined.is_empty()).then_some(joined)
    }
}

impl Outgoing for HeaderMap {
    fn set(&mut self, name: &HeaderName, value: String) {
        match HeaderValue::try_from(value) {
            // A map that can hold no more keeps what it has.
            Ok(value) => drop(self.try_insert(name, value)),
            Err(_) => Outgoing::remove(self, name),
        }
    }

    fn remove(&mut self, name: &HeaderName) {
        HeaderMap::remove(self, name);
    }
}

/// A carrier as OpenTelemetry has it, in which a value may be any text. What no header could hold is not read.
pub(super) struct Foreign<T>(pub(super) T);

impl Incoming for Foreign<&dyn Extractor> {
    fn once(&self, name: &HeaderName, most: usize) -> Option<&str> {
        let is_text = |byte: u8| matches!(byte, b'\t' | b' '..=b'~');
        let value = self.0.get(name.as_str());
        value.filter(|value| value.len() <= most && value.bytes().all(is_text))
    }

    fn joined(&self, name: &HeaderName, most: usize) -> Option<Cow<'_, str>> {
        self.once(name, most).map(Cow::Borrowed)
    }
}

impl Outgoing for Foreign<&mut dyn Injector> {
    fn set(&mut self, name: &HeaderName, value: String) {
        self.0.set(name.as_str(), value);
    }

    fn remove(&mut self, _: &HeaderName) {}
}

/// Returns a value that is ASCII, as `HeaderValue::to_str` does, which looks at each byte by itself: eight kilobytes take
/// it microseconds.
fn text(value: &HeaderValue) -> Option<&str> {
    let bytes = value.as_bytes();
    let text = bytes.is_ascii().then(|| std::str::from_utf8(bytes));
    text?.ok()
}
