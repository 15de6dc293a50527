//! How many items a message of OTLP holds.

use std::borrow::Cow;
use std::io::Read as _;

use prost::Message as _;

use super::Received;

/// Counts the spans, log records or metrics of a message: those of all signals stand at the same place in it.
pub(super) fn items(request: &Received) -> u64 {
    let message = message(request).and_then(|message| Export::decode(&*message).ok());
    let scopes = message.into_iter().flat_map(|message| message.resources);
    let scopes = scopes.flat_map(|resource| resource.scopes);
    scopes.map(|scope| scope.items.len() as u64).sum()
}

/// Returns the message of a request, over HTTP or gRPC, as it was before it was compressed.
fn message(request: &Received) -> Option<Cow<'_, [u8]>> {
    let (is_compressed, body) = if request.header("content-type") == Some("application/grpc") {
        // Five bytes stand before it, of which the first tells.
        let (prefix, message) = request.body.split_at_checked(5)?;
        (prefix[0] == 1, message)
    } else {
        let coding = request.header("content-encoding");
        (coding == Some("gzip"), &*request.body)
    };
    if !is_compressed {
        return Some(body.into());
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(body)
        .read_to_end(&mut plain)
        .ok()?;
    Some(plain.into())
}

#[derive(Clone, PartialEq, prost::Message)]
struct Export {
    #[prost(message, repeated, tag = "1")]
    resources: Vec<OfResource>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OfResource {
    #[prost(message, repeated, tag = "2")]
    scopes: Vec<OfScope>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OfScope {
    #[prost(bytes = "vec", repeated, tag = "2")]
    items: Vec<Vec<u8>>,
}
