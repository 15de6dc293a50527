//! The form of an answer, as the client asks for it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Text,
}

impl Format {
    fn of(query: Option<&str>, headers: &HeaderMap) -> Self {
        let mut parameters = query.unwrap_or_default().split('&');
        let verbose = parameters.any(|parameter| parameter.split('=').next() == Some("verbose"));
        if verbose || weight(headers, "text/plain") > weight(headers, "application/json") {
            Self::Text
        } else {
            Self::Json
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query(), &parts.headers))
    }
}

/// Returns the weight that `Accept` gives to this media type by its name; 0 if it does not name it.
///
/// Ranges do not count: `*/*` says that the client does not mind.
fn weight(headers: &HeaderMap, media_type: &str) -> f32 {
    let values = headers.get_all(header::ACCEPT).iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let weights = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next()?.eq_ignore_ascii_case(media_type);
        named.then(|| parts.find_map(quality).unwrap_or(1.0))
    });
    weights.fold(0.0, f32::max)
}

fn quality(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    name.eq_ignore_ascii_case("q")
        .then(|| value.parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn format(query: Option<&str>, accept: &[&'static str]) -> Format {
        let accept = accept
            .iter()
            .map(|value| (header::ACCEPT, HeaderValue::from_static(value)));
        Format::of(query, &accept.collect())
    }

    #[test]
    fn json_unless_text_is_preferred_by_name() {
        for accept in [
            "*/*",
            "application/json",
            "text/html, */*",
            "text/plain;q=0",
            "text/plain; q=x",
            ";q=1,,=",
            "",
        ] {
            assert_eq!(format(None, &[accept]), Format::Json, "{accept}");
        }
        for accept in [
            "text/plain",
            "TEXT/Plain; charset=utf-8",
            "text/plain;q=0.5, */*;q=0.9",
        ] {
            assert_eq!(format(None, &[accept]), Format::Text, "{accept}");
        }
        assert_eq!(format(None, &[]), Format::Json);
        assert_eq!(format(None, &["text/html", "text/plain"]), Format::Text);
    }

    #[test]
    fn of_both_the_one_with_the_greater_weight_wins_and_json_when_equal() {
        for (accept, expected) in [
            ("application/json, text/plain, */*", Format::Json),
            ("application/json;q=0.5, text/plain", Format::Text),
            ("text/plain; Q=0.1, application/json; q=0.2", Format::Json),
        ] {
            assert_eq!(format(None, &[accept]), expected, "{accept}");
        }
    }

    #[test]
    fn verbose_asks_for_text_whatever_its_value() {
        for query in ["verbose", "verbose=1", "a=b&verbose", "verbose&verbose"] {
            assert_eq!(
                format(Some(query), &["application/json"]),
                Format::Text,
                "{query}"
            );
        }
        for query in ["", "verbosely", "a=verbose", "&&=", "Verbose"] {
            assert_eq!(format(Some(query), &[]), Format::Json, "{query}");
        }
    }
}
