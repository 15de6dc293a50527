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
    /// Gives every request the same answer, a byte at a time.
    Drip(Answer, Duration),
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

    /// Answers with these bytes, head and all: what a real server answered. For the counts it is no success.
    #[must_use]
    pub fn verbatim(answer: impl Into<Vec<u8>>) -> Self {
        Self::Answer(Answer {
            bytes: answer.into(),
            status: 0,
            refused: 0,
        })
    }

    /// Answers with this status, and asks for so many seconds without requests.
    #[must_use]
    pub fn throttle(status: u16, seconds: u64) -> Self {
        Self::header(status, "retry-after", &seconds.to_string())
    }

    /// Accepts messages of OTLP, save for so many of the items of each.
    #[must_use]
    pub fn partial(refused: u8) -> Self {
        // `partial_success`, the first field of every answer, whose first field is the number.
        let body = [0x0a, 0x02, 0x08, refused & 0x7f];
        let headers = "content-type: application/x-protobuf\r\n";
        let mut answer = Answer::new(200, headers, &body);
        answer.refused = u64::from(refused & 0x7f);
        Self::Answer(answer)
    }

    /// Answers with status 200 and a megabyte that nobody asked for.
    #[must_use]
    pub fn oversized() -> Self {
        Self::Answer(Answer::new(200, "", &vec![0; 1 << 20]))
    }

    /// Answers with status 200, a byte a second.
    #[must_use]
    pub fn drip() -> Self {
        Self::Drip(Answer::new(200, "", b""), Duration::from_secs(1))
    }
}

/// The answer of [`Mode::Answer`].
#[derive(Debug, Clone)]
pub struct Answer {
    pub(super) bytes: Vec<u8>,
    pub(super) status: u16,
    /// How many items of a message it refuses.
    pub(super) refused: u64,
}

impl Answer {
    fn new(status: u16, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} \r\n{headers}content-length: {length}\r\n\r\n");
        Self {
            bytes: [head.as_bytes(), body].concat(),
            status,
            refused: 0,
        }
    }
}
