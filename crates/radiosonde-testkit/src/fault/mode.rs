//! The ways to misbehave.

use std::time::Duration;

/// How a [`FaultCollector`](super::FaultCollector) treats those who call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Mode {
    /// Refuses connections: nothing listens on the port.
    Refuse,
    /// Lets connections neither succeed nor fail, as a network that drops packets does. On Linux alone; elsewhere it may
    /// accept them.
    BlackHole,
    /// Accepts connections, reads every request, and never answers.
    Hang,
    /// Reads every request, and resets the connection.
    Reset,
    /// Reads every request, begins an answer, and breaks it off.
    BreakOff,
    /// Gives every request the same answer, a byte at a time.
    Drip(Answer, Duration),
    /// Gives every request the same answer.
    Answer(Answer),
    /// Gives every request these bytes, whatever it speaks.
    Verbatim(Vec<u8>),
}

impl Mode {
    /// Answers with this status and an empty body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Answer(Answer::new(status, [], b""))
    }

    /// Answers with this status and header, and an empty body.
    #[must_use]
    pub fn header(status: u16, name: &str, value: &str) -> Self {
        Self::Answer(Answer::new(status, [(name, value)], b""))
    }

    /// Answers with status 200 and this body.
    #[must_use]
    pub fn answer(content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let headers = [("content-type", content_type)];
        Self::Answer(Answer::new(200, headers, body.as_ref()))
    }

    /// Answers with these bytes, head and all: what a real server answered. For the counts it is no success.
    #[must_use]
    pub fn verbatim(answer: impl Into<Vec<u8>>) -> Self {
        Self::Verbatim(answer.into())
    }

    /// Answers with this status, and asks for so many seconds without requests.
    #[must_use]
    pub fn throttle(status: u16, seconds: u64) -> Self {
        Self::header(status, "retry-after", &seconds.to_string())
    }

    /// Accepts messages of OTLP, save for so many of the items of each.
    #[must_use]
    pub fn partial(refused: u8) -> Self {
        let headers = [("content-type", "application/x-protobuf")];
        let answer = Answer::new(200, headers, &partial_success(refused));
        Self::Answer(answer.refusing(refused))
    }

    /// Answers with status 200 and a megabyte that nobody asked for.
    #[must_use]
    pub fn oversized() -> Self {
        Self::Answer(Answer::new(200, [], &vec![0; 1 << 20]))
    }

    /// Answers with status 200, a byte a second.
    #[must_use]
    pub fn drip() -> Self {
        Self::Drip(Answer::new(200, [], b""), Duration::from_secs(1))
    }
}

/// The answer of [`Mode::Answer`].
#[derive(Debug, Clone)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// What follows the body, over HTTP/2 alone.
    pub(super) trailers: Vec<(String, String)>,
    /// How many items of a message it refuses; none that it accepts any.
    pub(super) refuses: Option<u64>,
}

impl Answer {
    /// Makes one that accepts all of a message where the status is one of success.
    pub(super) fn new<'a>(
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: &[u8],
    ) -> Self {
        let headers = headers.into_iter();
        Self {
            status,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
            trailers: Vec::new(),
            refuses: (200..300).contains(&status).then_some(0),
        }
    }

    /// Sets how many items of a message it refuses, which are less than 128.
    pub(super) fn refusing(mut self, items: u8) -> Self {
        self.refuses = Some(u64::from(items));
        self
    }

    /// Returns what goes over a connection of HTTP/1.1.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} \r\n", self.status);
        for (name, value) in &self.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        let length = self.body.len().to_string();
        head.extend(["content-length: ", &length, "\r\n\r\n"]);
        [head.as_bytes(), &self.body].concat()
    }
}

/// The answer to a message of OTLP of which so many items are refused, less than 128.
pub(super) fn partial_success(refused: u8) -> [u8; 4] {
    // `partial_success`, the first field of every answer, whose first field is the number.
    [0x0a, 0x02, 0x08, refused & 0x7f]
}
