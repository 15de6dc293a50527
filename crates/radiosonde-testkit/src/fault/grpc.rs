//! Ways to misbehave towards those who call by gRPC.
//!
//! They are [modes](Mode) as the others are. Those of the others that answer with a status are, over HTTP/2, what something
//! answers that is no server of gRPC, such as a proxy.

use std::time::Duration;

use prost::Message as _;

use super::mode::partial_success;
use super::{Answer, Mode};

/// Answers every call with this status: `0` is a success, and has an empty message.
#[must_use]
pub fn status(status: &str) -> Mode {
    Mode::Answer(answer(status, b""))
}

/// Answers every call with success and this message.
#[must_use]
pub fn message(message: &[u8]) -> Mode {
    Mode::Answer(answer(OK, message))
}

/// Accepts messages of OTLP, save for so many of the items of each, less than 128.
#[must_use]
pub fn partial(refused: u8) -> Mode {
    let answer = answer(OK, &partial_success(refused));
    Mode::Answer(answer.refusing(refused))
}

/// Answers with this status, and asks for so many seconds without calls, as the details of a status do.
#[must_use]
pub fn throttle(status: &str, seconds: u64) -> Mode {
    let info = RetryInfo {
        retry_delay: Some(Delay {
            seconds: seconds.try_into().unwrap_or(i64::MAX),
        }),
    };
    let details = Status {
        details: vec![Detail {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: info.encode_to_vec(),
        }],
    };
    let mut answer = answer(status, b"");
    let details = base64(&details.encode_to_vec());
    let name = "grpc-status-details-bin".to_owned();
    answer.trailers.push((name, details));
    Mode::Answer(answer)
}

/// Answers with success and a megabyte that nobody asked for.
#[must_use]
pub fn oversized() -> Mode {
    message(&vec![0; 1 << 20])
}

/// Answers with success, a byte a second.
#[must_use]
pub fn drip() -> Mode {
    Mode::Drip(answer(OK, b""), Duration::from_secs(1))
}

fn answer(status: &str, message: &[u8]) -> Answer {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    // Five bytes before each message: whether it is compressed, and its length.
    let body = [&[0], &length.to_be_bytes()[..], message].concat();
    let headers = [("content-type", "application/grpc")];
    let mut answer = Answer::new(200, headers, &body);
    answer.trailers = vec![("grpc-status".to_owned(), status.to_owned())];
    if status != OK {
        answer.refuses = None;
    }
    answer
}

/// Encodes bytes as the values of headers have them whose name ends in `-bin`, without padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |three: &[u8]| {
        let byte = |place| u32::from(three.get(place).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = move |place: usize| DIGITS[(bits >> (18 - 6 * place) & 0x3f) as usize];
        (0..=three.len()).map(move |place| char::from(digit(place)))
    };
    bytes.chunks(3).flat_map(encode).collect()
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, prost::Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, prost::Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

const OK: &str = "0";

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_written_without_padding() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"M", "TQ"),
            (b"Ma", "TWE"),
            (b"Man", "TWFu"),
            (&[0xfb, 0xff, 0xfe, 0x00], "+//+AA"),
        ] {
            assert_eq!(base64(bytes), text, "{bytes:?}");
        }
    }
}
