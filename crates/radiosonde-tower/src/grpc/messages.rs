//! How many messages a body has.

use bytes::Buf;

/// Counts the messages of a body as it is sent: each is a byte, four bytes of length, and as many bytes.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    begun: u64,
    /// The last bytes of the prefix that is being read.
    length: u32,
    /// How many bytes of a prefix have been read.
    prefix: u8,
    /// How many bytes of a message are still to come.
    left: u32,
}

impl Messages {
    /// Takes note of a piece of the body, until it is known to be a stream.
    ///
    /// Only the first part is looked at of one that is in several; such are those of no gRPC library that is known.
    pub(crate) fn read(&mut self, data: &impl Buf) {
        let mut bytes = data.chunk();
        while !bytes.is_empty() && !self.are_several() {
            if self.left > 0 {
                let skipped =
                    usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
                bytes = &bytes[skipped..];
                self.left -= u32::try_from(skipped).unwrap_or(self.left);
                continue;
            }
            // What the flag was shifted into falls out again.
            self.length = self.length << 8 | u32::from(bytes[0]);
            bytes = &bytes[1..];
            self.prefix += 1;
            if self.prefix == PREFIX {
                self.begun += 1;
                (self.prefix, self.left) = (0, self.length);
            }
        }
    }

    /// Tells whether there was more than one, so that the body is a stream.
    pub(crate) fn are_several(&self) -> bool {
        self.begun > 1
    }
}

const PREFIX: u8 = 5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encoded(messages: &[Vec<u8>]) -> Vec<u8> {
        let encode = |message: &Vec<u8>| {
            let length = u32::try_from(message.len()).unwrap().to_be_bytes();
            [&[1], &length[..], message].concat()
        };
        messages.iter().flat_map(encode).collect()
    }

    proptest! {
        #[test]
        fn messages_are_counted_however_they_are_cut(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..6),
            piece in 1..40_usize,
        ) {
            let mut counted = Messages::default();
            for piece in encoded(&messages).chunks(piece) {
                counted.read(&piece);
            }
            prop_assert_eq!(counted.begun, messages.len().min(2) as u64);
            prop_assert_eq!(counted.are_several(), messages.len() > 1);
        }
    }
}
