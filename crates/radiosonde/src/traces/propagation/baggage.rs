//! The baggage of the W3C: values that go along with a trace.
//!
//! Most services only pass baggage on, so it goes on as it came, without being decoded and encoded again. The first
//! members are put into the context for code that reads them there. To read all that a stranger may send would take longer than
//! any header may.

use std::fmt::Write as _;

use http::HeaderName;
use memchr::memchr;
use opentelemetry::Context;
use opentelemetry::baggage::{Baggage, BaggageExt as _};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::carrier::{Incoming, Outgoing};
use super::{hex, list};

/// The text of a baggage, as long as it is that of its context.
#[derive(Debug)]
struct AsItCame {
    text: String,
    /// Which baggage was read of it.
    of: Mark,
}

/// What tells a baggage from another without keeping it: to keep its context would be to keep the spans in that, and all that
/// came before it.
#[derive(Debug, PartialEq)]
struct Mark {
    address: usize,
    /// Of what it holds, for another may come to stand at its address.
    hash: u64,
}

impl Mark {
    /// Marks the baggage of a context, which stays where it is in all those that are made of it.
    fn of(baggage: &Baggage) -> Self {
        let mut hasher = Folded(0);
        for (key, (value, properties)) in baggage {
            for text in [key.as_str(), value.as_str(), properties.as_str()] {
                hasher.write(text);
            }
        }
        Self {
            address: std::ptr::from_ref(baggage).addr(),
            hash: hasher.0,
        }
    }
}

/// A hash that takes little time. That of the standard library keeps strangers from finding texts with the same one, who would gain
/// nothing here.
#[derive(Debug)]
struct Folded(u64);

impl Folded {
    fn write(&mut self, text: &str) {
        let (words, rest) = text.as_bytes().as_chunks();
        for word in words {
            self.fold(u64::from_le_bytes(*word));
        }
        let rest = rest
            .iter()
            .fold(1, |rest, byte| rest << 8 | u64::from(*byte));
        self.fold(rest);
    }

    fn fold(&mut self, word: u64) {
        // An odd number without a pattern: the golden ratio.
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Returns the context with the `baggage` that came; none when all of it was read, and no member is well formed.
pub(super) fn read(context: &Context, carrier: &impl Incoming) -> Option<Context> {
    let text = carrier.joined(&BAGGAGE, MAX_LENGTH)?;
    let text = list::cut(&text, MAX_MEMBERS);
    let (mut baggage, mut room) = (Baggage::new(), Vec::new());
    // Where the next member begins.
    let mut next = 0;
    // Whatever they hold: one that is malformed takes its time as well, and so does one that is there again and again.
    for member in list::members(text).take(MAX_READ) {
        let end = next + member.len();
        if end > MAX_READ_LENGTH {
            break;
        }
        read_member(member, &mut baggage, &mut room);
        next = end + 1;
    }
    if baggage.is_empty() && next > text.len() {
        return None;
    }
    let context = context.with_baggage(baggage);
    let came = AsItCame {
        text: text.to_owned(),
        of: Mark::of(context.baggage()),
    };
    Some(context.with_value(came))
}

/// Writes `baggage`, in place of one that is there. Without any it writes nothing.
///
/// What came goes on as it came, unless the service has put another baggage in its place.
pub(super) fn write(context: &Context, carrier: &mut impl Outgoing) {
    let baggage = context.baggage();
    let came = context.get::<AsItCame>();
    let text = match came.filter(|came| came.of == Mark::of(baggage)) {
        Some(came) => came.text.clone(),
        None => encoded(baggage),
    };
    if !text.is_empty() {
        carrier.set(&BAGGAGE, text);
    }
}

/// Reads one member, in a room for what is decoded. One that is malformed, or no text when it is decoded, is left out.
fn read_member(member: &str, baggage: &mut Baggage, room: &mut Vec<u8>) {
    let (pair, properties) = list::split_once(member, b';').unwrap_or((member, ""));
    if let Some((key, value)) = list::split_once(pair, b'=')
        && let Some(value) = decoded(value.trim_ascii(), room)
    {
        baggage.insert_with_metadata(key.trim_ascii().to_owned(), value.to_owned(), properties);
    }
}

/// Decodes what is percent-encoded; none when it is no text then.
fn decoded<'a>(value: &'a str, room: &'a mut Vec<u8>) -> Option<&'a str> {
    if memchr(b'%', value.as_bytes()).is_none() {
        return Some(value);
    }
    room.clear();
    let mut left = value.as_bytes();
    loop {
        left = match left {
            [] => break,
            [b'%', high, low, after @ ..] if let Some(byte) = hex::byte(*high, *low) => {
                room.push(byte);
                after
            }
            [byte, after @ ..] => {
                room.push(*byte);
                after
            }
        };
    }
    str::from_utf8(room).ok()
}

fn encoded(baggage: &Baggage) -> String {
    let mut text = String::new();
    for (key, (value, properties)) in baggage {
        let before = text.len();
        let comma = if text.is_empty() { "" } else { "," };
        let value = utf8_percent_encode(value.as_str(), ESCAPED);
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{comma}{}={value}", key.as_str());
        if !properties.as_str().is_empty() {
            let _ = write!(text, ";{}", properties.as_str());
        }
        if text.len() > MAX_LENGTH {
            text.truncate(before);
        }
    }
    text
}

static BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// What must be passed on, by the recommendation, and no more.
const MAX_LENGTH: usize = 8_192;
const MAX_MEMBERS: usize = 64;

/// How many members are read into the context, and how far into the text. Each member takes some hundred nanoseconds.
const MAX_READ: usize = 16;
const MAX_READ_LENGTH: usize = 1_024;

/// What a value may not hold as it is.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b',')
    .add(b';')
    .add(b'\\');
