//! What proxies say of a request as its client made it: `Forwarded` of RFC 7239, or the `X-Forwarded-` headers.
//!
//! Whoever calls may write these headers, so they are read where the service is not a public edge, and no more of them than
//! a proxy would write.

use std::net::{IpAddr, SocketAddr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

use super::propagation::maybe_has;

/// What the proxy that is nearest to the client says. What it does not say, or says in a way that is none, is left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Forwarded<'a> {
    pub(super) client: Option<IpAddr>,
    /// The host that the client asked, maybe with a port.
    pub(super) host: Option<&'a str>,
    pub(super) scheme: Option<&'static str>,
}

impl<'a> Forwarded<'a> {
    /// Reads `Forwarded` where it is there, and else its elder siblings.
    pub(super) fn read(headers: &'a HeaderMap) -> Self {
        match first(headers, &FORWARDED) {
            Some(element) => Self::of_element(element),
            None => Self {
                client: first(headers, &X_FORWARDED_FOR).and_then(address),
                host: first(headers, &X_FORWARDED_HOST),
                scheme: first(headers, &X_FORWARDED_PROTO).and_then(scheme),
            },
        }
    }

    fn of_element(element: &'a str) -> Self {
        let mut found = Self::default();
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        for (name, value) in pairs {
            let value = value.trim().trim_matches('"');
            match name.trim() {
                name if name.eq_ignore_ascii_case("for") => found.client = address(value),
                name if name.eq_ignore_ascii_case("proto") => found.scheme = scheme(value),
                name if name.eq_ignore_ascii_case("host") && !value.is_empty() => {
                    found.host = Some(value);
                }
                _ => {}
            }
        }
        found
    }
}

/// Returns the first element of a list, which the proxy nearest to the client wrote.
fn first<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let value = maybe_has(headers, name).then(|| headers.get(name))??;
    let value = value.to_str().ok().filter(|value| value.len() <= MAX)?;
    let element = value.split(',').next().unwrap_or_default().trim();
    (!element.is_empty()).then_some(element)
}

/// Reads an address that may have a port, or brackets. Names that proxies give clients to hide them are none.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    let bare = text.trim_matches(['[', ']']);
    with_port().or_else(|| bare.parse().ok())
}

fn scheme(text: &str) -> Option<&'static str> {
    ["http", "https"]
        .into_iter()
        .find(|scheme| text.eq_ignore_ascii_case(scheme))
}

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// More than the hops of any request would write.
const MAX: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn says(headers: &[(&'static str, &str)], client: &str, host: &str, scheme: &str) {
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers: HeaderMap = pairs.collect();
        let read = Forwarded::read(&headers);
        let client_read = read.client.map(|client| client.to_string());
        assert_eq!(client_read.unwrap_or_default(), client, "{headers:?}");
        assert_eq!(read.host.unwrap_or_default(), host, "{headers:?}");
        assert_eq!(read.scheme.unwrap_or_default(), scheme, "{headers:?}");
    }

    #[test]
    fn the_proxy_nearest_to_the_client_is_heard() {
        let chain = "for=192.0.2.60;proto=HTTPS;host=shop.example, for=198.51.100.17";
        says(
            &[("forwarded", chain)],
            "192.0.2.60",
            "shop.example",
            "https",
        );
        let elder = [
            ("x-forwarded-for", "203.0.113.195, 70.41.3.18"),
            ("x-forwarded-host", "shop.example:8443"),
            ("x-forwarded-proto", "https"),
        ];
        says(&elder, "203.0.113.195", "shop.example:8443", "https");
    }

    #[test]
    fn the_standard_header_stands_in_for_its_siblings() {
        let both = [
            ("forwarded", "for=192.0.2.60"),
            ("x-forwarded-for", "203.0.113.195"),
            ("x-forwarded-proto", "https"),
        ];
        says(&both, "192.0.2.60", "", "");
    }

    #[test]
    fn addresses_come_with_ports_quotes_and_brackets() {
        for text in [
            r#"for="[2001:db8::1]:4711""#,
            r#"For="[2001:db8::1]""#,
            "for=2001:db8::1",
        ] {
            says(&[("forwarded", text)], "2001:db8::1", "", "");
        }
        says(
            &[("x-forwarded-for", "192.0.2.1:4711")],
            "192.0.2.1",
            "",
            "",
        );
    }

    #[test]
    fn what_hides_a_client_or_is_nonsense_says_nothing() {
        for text in [
            "for=unknown",
            "for=_hidden;proto=gopher;host=",
            ";;;",
            "=",
            ",",
            "for",
        ] {
            says(&[("forwarded", text)], "", "", "");
        }
        let long = format!("192.0.2.1, {}", "x".repeat(2_000));
        says(&[("x-forwarded-for", &long)], "", "", "");
    }
}
