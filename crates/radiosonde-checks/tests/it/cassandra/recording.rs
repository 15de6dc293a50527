//! What a node of Cassandra answered to each request. A line of `>` is a request: its kind, and what tells it from others of
//! that kind, which is the text of a statement or the number of a prepared one. A line of `<` is the kind of the answer, and the
//! lines behind it are its body.

use std::collections::HashMap;

use crate::recorded;

const ANSWERS: &str = include_str!("../recorded/cassandra.txt");

/// Answers by what they answer.
pub(super) struct Recording(HashMap<Frame, Frame>);

/// A frame without its head: the code of its kind, and of a request what tells it from others, of an answer the body.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Frame {
    pub(super) opcode: u8,
    pub(super) body: Vec<u8>,
}

impl Recording {
    pub(super) fn load(title: &str) -> Self {
        let lines = recorded::section(ANSWERS, title).lines();
        let mut answers = HashMap::new();
        let mut request = None;
        for line in lines {
            let line_of = |mark| line.strip_prefix(mark).map(Frame::from_line);
            if let Some(asked) = line_of("> ") {
                request = Some(asked);
            } else if let Some(answer) = line_of("< ") {
                answers.insert(request.clone().unwrap(), answer);
            } else {
                let answer = request.as_ref().and_then(|asked| answers.get_mut(asked));
                answer.unwrap().body.extend(bytes(line));
            }
        }
        Self(answers)
    }

    pub(super) fn answer(&self, request: &Frame) -> Option<&Frame> {
        self.0.get(request)
    }
}

impl Frame {
    pub(super) fn request(opcode: u8, body: &[u8]) -> Self {
        let length = match opcode {
            QUERY | PREPARE => 4,
            EXECUTE => 2,
            _ => 0,
        };
        let (length, rest) = body.split_at(length);
        let length = length
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        Self {
            opcode,
            body: rest[..length].to_vec(),
        }
    }

    fn from_line(line: &str) -> Self {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let opcode = KINDS.iter().find(|(_, name)| *name == kind);
        Self {
            opcode: opcode.unwrap_or_else(|| panic!("{kind} is a kind")).0,
            body: bytes(rest),
        }
    }
}

/// Reads bytes as the files have them: those that print are as they are, the others are escaped.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (byte, length) = match (next, rest.as_bytes().get(1)) {
            ('\\', Some(b'0')) => (0, 2),
            ('\\', Some(b'x')) => (u8::from_str_radix(&rest[2..4], 16).unwrap(), 4),
            ('\\', other) => panic!("{other:?} is no escape"),
            _ => (u8::try_from(next).unwrap(), 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
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
