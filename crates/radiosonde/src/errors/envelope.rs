//! What one request to Sentry carries.

use std::time::SystemTime;

use bytes::Bytes;
use serde::Serialize;

use super::event::EventId;

/// Items, each on lines of its own: see Sentry's description of
/// [envelopes](https://develop.sentry.dev/sdk/data-model/envelopes/).
#[derive(Debug)]
pub(super) struct Envelope(Vec<u8>);

impl Envelope {
    /// Starts an envelope. If one of its items is an event, the envelope goes by its id.
    pub(super) fn new(event_id: Option<EventId>) -> Self {
        let mut envelope = Self(Vec::new());
        let header = Header {
            event_id,
            sent_at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        };
        envelope.line(&header);
        envelope
    }

    /// Adds an item of this type.
    pub(super) fn item(&mut self, kind: &'static str, payload: &impl Serialize) {
        let mut payload = Self::json(payload);
        self.line(&ItemHeader {
            kind,
            length: payload.len(),
        });
        self.0.append(&mut payload);
        self.0.push(b'\n');
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.0.into()
    }

    fn line(&mut self, header: &impl Serialize) {
        self.0.append(&mut Self::json(header));
        self.0.push(b'\n');
    }

    /// Nothing that is sent has a map with keys that are no strings, or anything else that JSON cannot say.
    fn json(value: &impl Serialize) -> Vec<u8> {
        serde_json::to_vec(value).unwrap_or_default()
    }
}

#[derive(Debug, Serialize)]
struct Header {
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<EventId>,
    sent_at: String,
}

#[derive(Debug, Serialize)]
struct ItemHeader {
    #[serde(rename = "type")]
    kind: &'static str,
    length: usize,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn each_item_has_a_header_with_its_type_and_its_length() {
        let id = EventId::random();
        let mut envelope = Envelope::new(Some(id));
        envelope.item("event", &json!({"message": "a\nb"}));
        envelope.item("client_report", &json!({}));

        let bytes = envelope.into_bytes();
        let lines: Vec<Value> = serde_json::Deserializer::from_slice(&bytes)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert_eq!(lines[0]["event_id"], id.to_string());
        assert_eq!(lines[1], json!({"type": "event", "length": 18}));
        assert_eq!(lines[2], json!({"message": "a\nb"}));
        assert_eq!(lines[3], json!({"type": "client_report", "length": 2}));
        assert_eq!(bytes.split(|byte| *byte == b'\n').count(), 6);
    }
}
