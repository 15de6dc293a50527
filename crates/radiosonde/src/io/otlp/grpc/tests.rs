use http_body_util::{BodyExt as _, Full};
use proptest::prelude::*;

use super::*;

/// Collects a response whose trailers, or whose head when there is no body, hold the verdict.
fn collected(
    status: u16,
    body: Option<&[u8]>,
    verdict: &[(&'static str, &str)],
) -> Response<Collected<Bytes>> {
    let verdict: HeaderMap = verdict
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect();
    let (head, trailers) = match body {
        Some(_) => (HeaderMap::new(), verdict),
        None => (verdict, HeaderMap::new()),
    };
    let body = Bytes::copy_from_slice(body.unwrap_or_default());
    let body = Full::new(body).with_trailers(std::future::ready(Some(Ok(trailers))));
    let collect = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(body.collect())
        .unwrap();
    let mut response = Response::new(collect);
    *response.status_mut() = status.try_into().unwrap();
    *response.headers_mut() = head;
    response
}

fn refusal(code: &str) -> Refusal {
    answer(collected(200, None, &[("grpc-status", code)])).unwrap_err()
}

#[test]
fn a_message_comes_back_as_it_went() {
    let framed = frame(b"spans", false).unwrap();
    assert_eq!(&*framed, b"\0\0\0\0\x05spans");
    let response = collected(200, Some(&framed), &[("grpc-status", "0")]);
    assert_eq!(&*answer(response).unwrap(), b"spans");
}

#[test]
fn only_no_answer_is_the_empty_one() {
    let of = |body| answer(collected(200, Some(body), &[("grpc-status", "0")]));
    assert_eq!(&*of(b"").unwrap(), b"");
    for ill in [&b"\0\0"[..], b"\x01\0\0\0\x02ab", b"\0\0\0\0\x03ab"] {
        assert_eq!(of(ill).unwrap_err(), Refusal::of_a_stranger(), "{ill:?}");
    }
}

#[test]
fn the_codes_that_the_protocol_names_are_worth_another_try() {
    let again: Vec<_> = (1..=16)
        .filter(|code: &u32| refusal(&code.to_string()).transient)
        .collect();
    assert_eq!(again, [1, 4, 10, 11, 14, 15]);
    assert!(!refusal("nonsense").transient);
    let unavailable = answer(collected(503, None, &[])).unwrap_err();
    assert!(unavailable.transient);
}

#[test]
fn a_collector_that_is_exhausted_says_when_to_come_back() {
    let refusal = asking("8");
    assert!(refusal.transient);
    assert_eq!(refusal.asks_for, Some(Duration::from_millis(7_500)));
}

#[test]
fn only_who_may_take_it_later_says_when() {
    let heard: Vec<_> = (1..=16)
        .filter(|code: &u32| asking(&code.to_string()).asks_for.is_some())
        .collect();
    assert_eq!(heard, [1, 4, 8, 10, 11, 14, 15]);
}

/// A refusal with this code, and a word on when to come back.
fn asking(code: &str) -> Refusal {
    let info = RetryInfo {
        retry_delay: Some(Delay {
            seconds: 7,
            nanos: 500_000_000,
        }),
    };
    let status = Status {
        details: vec![Detail {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".into(),
            value: info.encode_to_vec(),
        }],
    };
    let details = encoded(&status.encode_to_vec());
    let verdict = [
        ("grpc-status", code),
        ("grpc-status-details-bin", &*details),
    ];
    answer(collected(200, Some(b""), &verdict)).unwrap_err()
}

/// Encodes base64, without padding.
fn encoded(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<_> = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let bits = bits.concat();
    let digits = bits.as_bytes().chunks(6).map(|bits| {
        let bits = std::str::from_utf8(bits).unwrap();
        let value = usize::from_str_radix(&format!("{bits:0<6}"), 2).unwrap();
        char::from(DIGITS[value])
    });
    digits.collect()
}

proptest! {
    #[test]
    fn base64_reads_as_what_was_written(bytes in any::<Vec<u8>>()) {
        let text = encoded(&bytes);
        prop_assert_eq!(base64(text.as_bytes()).unwrap(), &*bytes);
        let padded = format!("{text:=<width$}", width = text.len().next_multiple_of(4));
        prop_assert_eq!(base64(padded.as_bytes()).unwrap(), bytes);
    }
}
