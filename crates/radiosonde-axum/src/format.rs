//! The form of an answer, as the client asks for it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};

use crate::weight::weight;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Text,
    /// `application/health+json`.
    Draft,
}

impl Format {
    fn of(query: Option<&str>, headers: &HeaderMap) -> Self {
        let mut parameters = query.unwrap_or_default().split('&');
        let verbose = parameters.any(|parameter| parameter.split('=').next() == Some("verbose"));
        if verbose {
            return Self::Text;
        }
        let weight = |media_type| weight(headers, &header::ACCEPT, media_type);
        let (mut best, mut most) = (Self::Json, weight("application/json"));
        for (format, media_type) in [
            (Self::Draft, "application/health+json"),
            (Self::Text, "text/plain"),
        ] {
            // Of equals the first one.
            if weight(media_type) > most {
                (best, most) = (format, weight(media_type));
            }
        }
        best
    }
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts.uri.query(), &parts.headers))
    }
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
    fn the_draft_is_for_those_who_name_it() {
        for (accept, expected) in [
            ("application/health+json", Format::Draft),
            (
                "application/health+json, application/json;q=0.9",
                Format::Draft,
            ),
            ("application/health+json, application/json", Format::Json),
            ("application/health+json;q=0.5, text/plain", Format::Text),
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
