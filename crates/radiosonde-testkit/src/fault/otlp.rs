//! How many items a message of OTLP holds.

use std::io::Read as _;

use prost::Message as _;

use super::Received;

/// Counts the spans, log records or metrics of a message: those of all signals stand at the same place in it.
pub(super) fn items(request: &Received) -> u64 {
    let body = if request.header("content-encoding") == Some("gzip") {
        let mut plain = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&*request.body);
        decoder.read_to_end(&mut plain).map(|_| plain)
    } else {
        Ok(request.body.clone())
    };
    let message = body.ok().and_then(|body| Export::decode(&*body).ok());
    let scopes = message.into_iter().flat_map(|message| message.resources);
    let scopes = scopes.flat_map(|resource| resource.scopes);
    scopes.map(|scope| scope.items.len() as u64).sum()
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
