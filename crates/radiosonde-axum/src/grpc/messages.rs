//! The messages of the protocol, of few fields each, read and written by hand.

use std::collections::BTreeSet;

use axum::body::Bytes;

use super::Serving;

/// Reads `HealthCheckRequest`: the last field 1, which is a text. Others are skipped.
pub(super) fn service_of(mut message: &[u8]) -> Option<String> {
    let mut service = "";
    while !message.is_empty() {
        let tag = varint(&mut message)?;
        match tag & 7 {
            0 => drop(varint(&mut message)?),
            1 => message = message.get(8..)?,
            2 => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                let (field, rest) = message.split_at_checked(length)?;
                message = rest;
                if tag >> 3 == 1 {
                    service = std::str::from_utf8(field).ok()?;
                }
            }
            5 => message = message.get(4..)?,
            _ => return None,
        }
    }
    Some(service.to_owned())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
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

/// Makes `HealthCheckResponse`.
pub(super) fn response(serving: Serving) -> Bytes {
    framed(&state(serving))
}

/// Makes `HealthListResponse`: these services by name, all in the same state.
pub(super) fn list(services: &BTreeSet<String>, serving: Serving) -> Bytes {
    let mut message = Vec::new();
    for service in services {
        let mut entry = Vec::new();
        push_field(&mut entry, 1, service.as_bytes());
        push_field(&mut entry, 2, &state(serving));
        push_field(&mut message, 1, &entry);
    }
    framed(&message)
}

/// The field of a state.
fn state(serving: Serving) -> [u8; 2] {
    let number = match serving {
        Serving::Yes => 1,
        Serving::No => 2,
        Serving::UnknownService => 3,
    };
    [0x08, number]
}

/// Adds a field that is text, or a message.
fn push_field(message: &mut Vec<u8>, number: u8, value: &[u8]) {
    message.push(number << 3 | 2);
    let mut length = value.len();
    while length > 0x7f {
        message.push(low_bits(length) | 0x80);
        length >>= 7;
    }
    message.push(low_bits(length));
    message.extend_from_slice(value);
}

/// Returns the lowest seven bits.
fn low_bits(number: usize) -> u8 {
    u8::try_from(number & 0x7f).unwrap_or_default()
}

/// Prefixes a message with that it is not compressed, and its length.
fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let prefix = [&[0][..], &length.to_be_bytes()].concat();
    [prefix.as_slice(), message].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_among_fields_of_later_versions() {
        let of = |message: &[u8]| service_of(message);
        assert_eq!(of(b""), Some(String::new()));
        assert_eq!(of(b"\x0a\x05stock"), Some("stock".into()));
        // A number, eight bytes, a text of another number, four bytes; then the name.
        let later = b"\x10\x96\x01\x19abcdefgh\x22\x02xy\x2dabcd\x0a\x01s";
        assert_eq!(of(later), Some("s".into()));
    }

    #[test]
    fn no_bytes_are_too_strange_to_be_refused() {
        for wrong in [
            &b"\x0a"[..],
            b"\x0a\x05stoc",
            b"\x0a\x02\xff\xfe",
            b"\x0b",
            b"\x19abc",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        ] {
            assert_eq!(service_of(wrong), None, "{wrong:?}");
        }
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..100_000 {
            let length = random.usize(..20);
            let bytes: Vec<u8> = (0..length).map(|_| random.u8(..)).collect();
            let _ = service_of(&bytes);
        }
    }
}
