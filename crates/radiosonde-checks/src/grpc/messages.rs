//! The two messages of a check, each of one field, written and read by hand.

use bytes::{Buf as _, BufMut as _};
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Sends the name of a service, and takes the number of its state.
pub(super) struct Messages;

/// The states that say something. 0 is unknown, and what an answer without a state means.
pub(super) const SERVING: u64 = 1;
pub(super) const NOT_SERVING: u64 = 2;

impl Codec for Messages {
    type Encode = String;
    type Decode = u64;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Messages {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, service: String, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&request(&service));
        Ok(())
    }
}

impl Decoder for Messages {
    type Item = u64;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<u64>, Status> {
        let bytes = message.copy_to_bytes(message.remaining());
        let state = state(&bytes);
        let strange = || Status::internal("the answer is no health of a service");
        state.map(Some).ok_or_else(strange)
    }
}

/// Writes `HealthCheckRequest`. An empty text is left out.
fn request(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if service.is_empty() {
        return message;
    }
    message.push(FIRST << 3 | TEXT);
    let mut length = service.len();
    while length > 0x7f {
        message.push(low_bits(length) | 0x80);
        length >>= 7;
    }
    message.push(low_bits(length));
    message.extend_from_slice(service.as_bytes());
    message
}

/// Reads `HealthCheckResponse`: the last field 1, which is a number. Others, which later versions may have, are skipped. `None` if
/// it is no message.
fn state(mut message: &[u8]) -> Option<u64> {
    let mut state = 0;
    while !message.is_empty() {
        let tag = number(&mut message)?;
        match tag & 7 {
            0 => {
                let value = number(&mut message)?;
                if tag >> 3 == u64::from(FIRST) {
                    state = value;
                }
            }
            1 => message = message.get(8..)?,
            2 => {
                let length = usize::try_from(number(&mut message)?).ok()?;
                message = message.get(length..)?;
            }
            5 => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(state)
}

/// Takes a number of seven bits for each byte, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn low_bits(number: usize) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or_default()
}

/// The number of the field in either message.
const FIRST: u8 = 1;

/// How a field is written that is a text.
const TEXT: u8 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_state_is_found_among_fields_of_later_versions() {
        assert_eq!(state(b""), Some(0));
        assert_eq!(state(b"\x08\x01"), Some(SERVING));
        // A text, eight bytes, a number, four bytes; then the state, twice.
        let later = b"\x12\x02xy\x19abcdefgh\x20\x96\x01\x2dabcd\x08\x01\x08\x02";
        assert_eq!(state(later), Some(NOT_SERVING));
        // A number below zero, as a message has it.
        let below = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert!(!matches!(state(below), None | Some(0..=NOT_SERVING)));
    }

    #[test]
    fn what_is_no_message_is_none() {
        for wrong in [
            &b"\x08"[..],
            b"\x08\x80",
            b"\x0a\x05stoc",
            b"\x0b",
            b"\x19abc",
            b"\x2dabc",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        ] {
            assert_eq!(state(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_server_as_a_whole_has_no_name() {
        assert!(request("").is_empty());
        assert_eq!(request("stock"), b"\x0a\x05stock");
        assert!(request(&"x".repeat(300)).starts_with(b"\x0a\xac\x02x"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = state(&bytes);
        }

        #[test]
        fn a_state_is_what_was_written_whatever_surrounds_it(
            expected in 0..128_u8,
            text in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let length = low_bits(text.len());
            let field = [&[0x12, length][..], &text].concat();
            let message = [&field[..], &[0x08, expected], &field].concat();
            prop_assert_eq!(state(&message), Some(u64::from(expected)));
        }
    }
}
