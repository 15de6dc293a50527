//! The baggage of the W3C: values that go along with a trace.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::HeaderName;
use opentelemetry::baggage::Baggage;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::carrier::{Incoming, Outgoing};

/// Reads `baggage`, of which members that are malformed are left out; none when nothing is left.
pub(super) fn read(carrier: &impl Incoming) -> Option<Baggage> {
    let text = carrier.joined(&BAGGAGE, MAX_LENGTH)?;
    let mut baggage = Baggage::new();
    for member in text.split(',').take(MAX_MEMBERS) {
        let (pair, properties) = member.split_once(';').unwrap_or((member, ""));
        if let Some((key, value)) = pair.split_once('=')
            && let Some(value) = decoded(value.trim())
        {
            let key = key.trim().to_owned();
            baggage.insert_with_metadata(key, value, properties.trim());
        }
    }
    (!baggage.is_empty()).then_some(baggage)
}

/// Writes `baggage`, in place of one that is there. Without any it writes nothing.
pub(super) fn write(baggage: &Baggage, carrier: &mut impl Outgoing) {
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
    if !text.is_empty() {
        carrier.set(&BAGGAGE, text);
    }
}

fn decoded(value: &str) -> Option<String> {
    let value = percent_decode_str(value).decode_utf8().ok();
    value.map(Cow::into_owned)
}

static BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// What must be passed on, by the recommendation, and no more.
const MAX_LENGTH: usize = 8_192;
const MAX_MEMBERS: usize = 64;

/// What a value may not hold as it is.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'%')
    .add(b',')
    .add(b';')
    .add(b'\\');
