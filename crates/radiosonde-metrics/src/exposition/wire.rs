//! The wire format of protobuf, as far as an exposition needs it.
//!
//! Fields are appended to one buffer. The length of a message within a message stands before it and is known after it: one
//! byte is kept for it, and the message moves when that is not enough.

/// A message that is being written, at the end of a buffer.
pub(super) struct Message<'a>(&'a mut Vec<u8>);

impl Message<'_> {
    /// Writes a whole message with its length before it, as a stream of messages has it.
    pub(super) fn delimited(out: &mut Vec<u8>, write: impl FnOnce(&mut Message<'_>)) {
        let start = out.len();
        out.push(0);
        write(&mut Message(out));
        let length = out.len() - start - 1;
        if length < 0x80 {
            #[expect(clippy::cast_possible_truncation, reason = "it was compared")]
            let length = length as u8;
            out[start] = length;
            return;
        }
        let (bytes, size) = varint(length as u64);
        out.splice(start..=start, bytes[..size].iter().copied());
    }

    /// Writes a message within this one.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Message<'_>)) {
        self.key(field, LENGTH_DELIMITED);
        Message::delimited(self.0, write);
    }

    pub(super) fn string(&mut self, field: u32, text: &str) {
        self.key(field, LENGTH_DELIMITED);
        self.varint(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// Writes a number of the type `double`.
    pub(super) fn double(&mut self, field: u32, number: f64) {
        self.key(field, SIXTY_FOUR_BITS);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// Writes a number of the types `uint32` and `uint64`, or of an enumeration.
    pub(super) fn unsigned(&mut self, field: u32, number: u64) {
        self.key(field, VARINT);
        self.varint(number);
    }

    /// Writes a number of the types `int32` and `int64`.
    pub(super) fn signed(&mut self, field: u32, number: i64) {
        self.unsigned(field, number.cast_unsigned());
    }

    /// Writes a number of the types `sint32` and `sint64`, for which small numbers of both signs are short.
    pub(super) fn zigzag(&mut self, field: u32, number: i64) {
        self.unsigned(field, ((number << 1) ^ (number >> 63)).cast_unsigned());
    }

    fn key(&mut self, field: u32, kind: u32) {
        self.varint(u64::from(field << 3 | kind));
    }

    fn varint(&mut self, number: u64) {
        let (bytes, size) = varint(number);
        self.0.extend_from_slice(&bytes[..size]);
    }
}

/// Returns the bytes of a number, seven bits in each, and how many there are.
fn varint(mut number: u64) -> ([u8; 10], usize) {
    let mut bytes = [0; 10];
    let mut size = 0;
    loop {
        let low = number.to_le_bytes()[0] & 0x7f;
        number >>= 7;
        let more = if number == 0 { 0 } else { 0x80 };
        bytes[size] = low | more;
        size += 1;
        if number == 0 {
            return (bytes, size);
        }
    }
}

// The kinds of fields.
const VARINT: u32 = 0;
const SIXTY_FOUR_BITS: u32 = 1;
const LENGTH_DELIMITED: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Message<'_>)) -> Vec<u8> {
        let mut out = Vec::new();
        Message::delimited(&mut out, write);
        out
    }

    #[test]
    fn fields_are_spelled_as_the_documentation_of_protobuf_does() {
        // Its examples: field 1 is 150, field 2 is a text, and a message of the first is field 3 of another.
        assert_eq!(
            written(|message| message.unsigned(1, 150)),
            [3, 0x08, 0x96, 0x01]
        );
        let text = written(|message| message.string(2, "testing"));
        assert_eq!(text[..3], [9, 0x12, 0x07]);
        let nested = written(|message| message.message(3, |inner| inner.unsigned(1, 150)));
        assert_eq!(nested, [5, 0x1a, 0x03, 0x08, 0x96, 0x01]);
        for (number, byte) in [(0, 0), (-1, 1), (1, 2), (-2, 3)] {
            assert_eq!(
                written(|message| message.zigzag(1, number)),
                [2, 0x08, byte]
            );
        }
        assert_eq!(
            written(|message| message.zigzag(1, i64::MIN))[2..],
            [0xff; 9].into_iter().chain([1]).collect::<Vec<_>>()
        );
        assert_eq!(written(|message| message.signed(1, -1)).len(), 12);
    }

    #[test]
    fn a_length_of_several_bytes_moves_what_it_stands_before() {
        let long = "x".repeat(300);
        let out = written(|message| message.message(4, |inner| inner.string(1, &long)));
        // 300 and its 3 bytes of key and length, 303 and its 3 bytes.
        assert_eq!(out[..8], [0xb2, 0x02, 0x22, 0xaf, 0x02, 0x0a, 0xac, 0x02]);
        assert_eq!(out.len(), 308);
        assert!(out[8..].iter().all(|byte| *byte == b'x'));
    }
}
