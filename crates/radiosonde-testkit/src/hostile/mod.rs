//! Requests that mean no good, as bytes.
//!
//! More than five hundred: most are made by code, because what matters about them is a length or a byte; those that somebody
//! thought of stand in `oddities.txt`. All of them are HTTP/1.1 requests, whole and one at a time, and hostile in their
//! method, their target or their headers. They aim at whoever reads a header to trace, to log or to count a request.
//!
//! # Examples
//!
//! ```
//! use radiosonde_testkit::hostile::requests;
//!
//! let all = requests();
//! assert!(all.len() >= 500);
//! assert!(all[0].bytes("/orders/7").starts_with(b"GET /orders/7 HTTP/1.1\r\n"));
//! ```

mod calls;
mod headers;
mod oddities;
mod propagation;
mod targets;

use std::collections::BTreeSet;
use std::fmt;

/// One hostile request.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostileRequest {
    /// What is hostile about it.
    pub name: String,
    method: Vec<u8>,
    target: Target,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// Where the test says.
    Path,
    /// Where the test says, and further.
    PathThen(Vec<u8>),
    /// Elsewhere.
    Other(Vec<u8>),
}

impl HostileRequest {
    /// One whose headers are hostile.
    fn with_headers<N: Into<Vec<u8>>, V: Into<Vec<u8>>>(
        name: impl Into<String>,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let headers = headers.into_iter();
        Self {
            name: name.into(),
            method: b"GET".to_vec(),
            target: Target::Path,
            headers: headers
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        }
    }

    fn with_header(name: &str, header: &str, value: impl Into<Vec<u8>>) -> Self {
        Self::with_headers(format!("{header}: {name}"), [(header, value.into())])
    }

    fn with_method(name: impl fmt::Display, method: impl Into<Vec<u8>>) -> Self {
        Self {
            method: method.into(),
            ..Self::with_headers::<&str, &str>(format!("method: {name}"), [])
        }
    }

    fn with_target(name: impl fmt::Display, target: Target) -> Self {
        Self {
            target,
            ..Self::with_headers::<&str, &str>(format!("target: {name}"), [])
        }
    }

    /// Returns what is sent to ask for `path`; the server is asked to hang up afterwards.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let mut bytes = self.method.clone();
        bytes.push(b' ');
        match &self.target {
            Target::Path => bytes.extend(path.bytes()),
            Target::PathThen(more) => {
                bytes.extend(path.bytes());
                bytes.extend(more);
            }
            Target::Other(target) => bytes.extend(target),
        }
        bytes.extend(b" HTTP/1.1\r\n");
        for (name, value) in &self.headers {
            bytes.extend(name);
            bytes.extend(b": ");
            bytes.extend(value);
            bytes.extend(b"\r\n");
        }
        if !self.has(b"host") {
            bytes.extend(b"host: shop.example\r\n");
        }
        bytes.extend(b"connection: close\r\n\r\n");
        bytes
    }

    /// Tells whether it asks for something else than the path that the test names.
    #[must_use]
    pub fn goes_elsewhere(&self) -> bool {
        matches!(self.target, Target::Other(_))
    }

    /// Returns the values of a header, for those who read headers without a server before them.
    pub fn values<'a>(&'a self, header: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(header.as_bytes()))
            .map(|(_, value)| &value[..])
    }

    fn has(&self, header: &[u8]) -> bool {
        let mut names = self.headers.iter();
        names.any(|(name, _)| name.eq_ignore_ascii_case(header))
    }
}

impl fmt::Debug for HostileRequest {
    /// Writes its name: some of them are long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Returns all of them.
#[must_use]
pub fn requests() -> Vec<HostileRequest> {
    let mut all = propagation::requests();
    all.extend(headers::requests());
    all.extend(targets::requests());
    all.extend(calls::requests());
    all.extend(oddities::requests());
    // Some were thought of twice.
    let mut seen = BTreeSet::new();
    all.retain(|request| seen.insert(request.bytes("/")));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_five_hundred_and_none_is_there_twice() {
        let all = requests();
        assert!(all.len() >= 500, "{}", all.len());
        let names: BTreeSet<_> = all.iter().map(|request| &request.name).collect();
        assert_eq!(names.len(), all.len());
        let bytes: BTreeSet<_> = all.iter().map(|request| request.bytes("/")).collect();
        assert_eq!(bytes.len(), all.len());
    }

    #[test]
    fn each_is_one_request() {
        for request in requests() {
            let bytes = request.bytes("/orders");
            let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
            let smuggles = request.name.contains("smuggled");
            assert!(smuggles || end == Some(bytes.len() - 4), "{request:?}");
        }
    }
}
