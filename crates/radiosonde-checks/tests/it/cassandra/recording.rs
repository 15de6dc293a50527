//! What a node of Cassandra answered to each request, as text: a line of `>` is a request, with what tells it from others of its kind,
//! which is the text of a statement or the number of a prepared one. A line of `<` is the kind of the answer, and the lines
//! behind it are its body.

use std::fmt;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::recorded;

const ANSWERS: &str = include_str!("../recorded/cassandra.txt");

/// Requests, each once, with the first answer that it had.
#[derive(Debug, Clone, Default)]
pub(super) struct Recording(Vec<(Frame, Frame)>);

/// A frame without its head: the code of its kind, and of a request what tells it from others, of an answer the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) opcode: u8,
    pub(super) body: Vec<u8>,
}

impl Recording {
    pub(super) fn load(title: &str) -> Self {
        let mut recording = Self::default();
        let mut request = None;
        for line in recorded::section(ANSWERS, title).lines() {
            if let Some(line) = line.strip_prefix("> ") {
                request = Some(Frame::from_line(line));
            } else if let Some(line) = line.strip_prefix("< ") {
                recording.add(request.take().unwrap(), Frame::from_line(line));
            } else {
                let (_, answer) = recording.0.last_mut().unwrap();
                answer.body.extend(bytes(line));
            }
        }
        recording
    }

    pub(super) fn add(&mut self, request: Frame, answer: Frame) {
        if self.answer(&request).is_none() {
            self.0.push((request, answer));
        }
    }

    pub(super) fn answer(&self, request: &Frame) -> Option<&Frame> {
        let mut answers = self.0.iter();
        let found = answers.find(|(recorded, _)| recorded == request);
        found.map(|(_, answer)| answer)
    }
}

/// In whichever order.
impl PartialEq for Recording {
    fn eq(&self, other: &Self) -> bool {
        let is_in_other = |(request, answer)| other.answer(request) == Some(answer);
        self.0.len() == other.0.len() && self.0.iter().map(|(a, b)| (a, b)).all(is_in_other)
    }
}

/// As it is read.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (request, answer) in &self.0 {
            let subject = lines(&request.body).concat();
            writeln!(
                f,
                "{}",
                format!("> {} {subject}", request.kind()).trim_end()
            )?;
            writeln!(f, "< {}", answer.kind())?;
            for line in lines(&answer.body) {
                writeln!(f, "{line}")?;
            }
        }
        Ok(())
    }
}

impl Frame {
    pub(super) fn new(opcode: u8, body: Vec<u8>) -> Self {
        Self { opcode, body }
    }

    pub(super) fn request(opcode: u8, body: &[u8]) -> Self {
        let length = match opcode {
            QUERY | PREPARE => 4,
            EXECUTE => 2,
            _ => 0,
        };
        let (length, rest) = body.split_at(length);
        let length = length
            .iter()
            .fold(0, |sum, byte| (sum << 8) | usize::from(*byte));
        Self::new(opcode, rest[..length].to_vec())
    }

    fn from_line(line: &str) -> Self {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let found = KINDS.iter().find(|(_, name)| *name == kind);
        let (opcode, _) = found.unwrap_or_else(|| panic!("{kind} is a kind"));
        Self::new(*opcode, bytes(rest))
    }

    fn kind(&self) -> &'static str {
        let found = KINDS.iter().find(|(opcode, _)| *opcode == self.opcode);
        found.unwrap_or_else(|| panic!("{self:?} is of a kind")).1
    }
}

/// Reads the head of a frame and its body, unless the connection ends.
pub(super) async fn read_frame(from: &mut (impl AsyncRead + Unpin)) -> Option<([u8; 9], Vec<u8>)> {
    let mut head = [0; 9];
    from.read_exact(&mut head).await.ok()?;
    let [.., a, b, c, d] = head;
    let mut body = vec![0; u32::from_be_bytes([a, b, c, d]) as usize];
    from.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

/// Spells bytes: those that print as they are, the others escaped, in lines that neither begin as a line of another kind does nor
/// are broken behind a space.
fn lines(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for byte in bytes {
        let is_full = |line: &String| line.len() > 130 && !line.ends_with(' ');
        if lines.last().is_none_or(is_full) {
            lines.push(String::new());
        }
        let line = lines.last_mut().unwrap();
        let begins = line.is_empty() && b"<>=".contains(byte);
        let spelt = match byte {
            0 => "\\0".to_owned(),
            b' '..=b'~' if *byte != b'\\' && !begins => char::from(*byte).to_string(),
            _ => format!("\\x{byte:02x}"),
        };
        line.push_str(&spelt);
    }
    lines
}

/// Reads what [`lines`] spelt.
fn bytes(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line.as_bytes();
    loop {
        rest = match rest {
            [] => return bytes,
            [b'\\', b'0', rest @ ..] => {
                bytes.push(0);
                rest
            }
            [b'\\', b'x', high, low, rest @ ..] => {
                let digits = [*high, *low].map(|digit| char::from(digit).to_digit(16).unwrap());
                bytes.push(u8::try_from(digits[0] << 4 | digits[1]).unwrap());
                rest
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                rest
            }
        };
    }
}

pub(super) const ERROR: u8 = 0x00;
pub(super) const QUERY: u8 = 0x07;
const PREPARE: u8 = 0x09;
const EXECUTE: u8 = 0x0a;

const KINDS: &[(u8, &str)] = &[
    (ERROR, "ERROR"),
    (0x01, "STARTUP"),
    (0x02, "READY"),
    (0x03, "AUTHENTICATE"),
    (0x05, "OPTIONS"),
    (0x06, "SUPPORTED"),
    (QUERY, "QUERY"),
    (0x08, "RESULT"),
    (PREPARE, "PREPARE"),
    (EXECUTE, "EXECUTE"),
    (0x0b, "REGISTER"),
    (0x0f, "AUTH_RESPONSE"),
    (0x10, "AUTH_SUCCESS"),
];
