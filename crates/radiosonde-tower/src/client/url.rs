//! What may be shown of an address.

use std::fmt::Write as _;

use http::Uri;

/// Returns the host, without the brackets of an IPv6 address.
pub(super) fn host(uri: &Uri) -> Option<&str> {
    let host = uri.host()?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    Some(bare.unwrap_or(host))
}

/// Returns the port, or that of the scheme.
pub(super) fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or(match uri.scheme_str() {
        Some("http" | "ws") => Some(80),
        Some("https" | "wss") => Some(443),
        _ => None,
    })
}

/// Returns the address without credentials and, unless it is asked for, without its query.
pub(super) fn shown(uri: &Uri, with_query: bool) -> String {
    let mut text = String::new();
    if let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{scheme}://{host}");
        if let Some(port) = uri.port_u16() {
            let _ = write!(text, ":{port}");
        }
    }
    text.push_str(uri.path());
    if let Some(query) = uri.query().filter(|_| with_query) {
        text.push('?');
        redact(query, &mut text);
    }
    text
}

/// Appends a query, without the values of signatures.
fn redact(query: &str, text: &mut String) {
    for (index, pair) in query.split('&').enumerate() {
        if index > 0 {
            text.push('&');
        }
        match pair.split_once('=') {
            Some((key, _)) if SECRET_KEYS.contains(&key) => {
                text.push_str(key);
                text.push_str("=REDACTED");
            }
            _ => text.push_str(pair),
        }
    }
}

/// The keys whose values the semantic conventions have redacted. Case counts.
const SECRET_KEYS: [&str; 7] = [
    "AWSAccessKeyId",
    "Signature",
    "sig",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Goog-Signature",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn credentials_are_never_shown_and_a_query_only_when_asked_for() {
        let uri = uri("https://user:secret@example.com:8443/a/b?token=secret");
        assert_eq!(shown(&uri, false), "https://example.com:8443/a/b");
        assert_eq!(
            shown(&uri, true),
            "https://example.com:8443/a/b?token=secret"
        );
    }

    #[test]
    fn signatures_are_redacted() {
        let uri =
            uri("http://a/?x=1&sig=s&X-Amz-Signature=s&signature=seen&Signature&AWSAccessKeyId=");
        let expected = "http://a/?x=1&sig=REDACTED&X-Amz-Signature=REDACTED&signature=seen&Signature&AWSAccessKeyId=REDACTED";
        assert_eq!(shown(&uri, true), expected);
    }

    #[test]
    fn an_address_without_a_host_is_its_path() {
        assert_eq!(shown(&uri("/a?b"), false), "/a");
        assert_eq!(shown(&uri("example.com:443"), false), "");
    }

    #[test]
    fn a_port_may_come_from_the_scheme() {
        assert_eq!(port(&uri("http://a/")), Some(80));
        assert_eq!(port(&uri("https://a/")), Some(443));
        assert_eq!(port(&uri("https://a:1/")), Some(1));
        assert_eq!(port(&uri("ftp://a/")), None);
        assert_eq!(port(&uri("/a")), None);
        assert_eq!(port(&uri("a:8080")), Some(8080));
    }

    #[test]
    fn an_ipv6_host_has_no_brackets() {
        assert_eq!(host(&uri("http://[::1]:80/")), Some("::1"));
        assert_eq!(shown(&uri("http://[::1]:80/"), false), "http://[::1]:80/");
    }
}
