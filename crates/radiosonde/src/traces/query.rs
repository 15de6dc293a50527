//! Queries as spans may show them.

use std::borrow::Cow;

use super::attributes::bounded;

/// Returns a query with the values of parameters that are named like secrets replaced by `REDACTED`.
pub(super) fn redacted(query: &str) -> String {
    let parts = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => Cow::Owned(format!("{name}=REDACTED")),
        _ => Cow::Borrowed(pair),
    });
    let mut shown = String::with_capacity(query.len());
    for part in parts {
        if !shown.is_empty() {
            shown.push('&');
        }
        shown.push_str(&part);
    }
    bounded(&shown)
}

/// Returns an address in which such values are replaced alike.
pub(super) fn redacted_in(url: &str) -> String {
    match url.split_once('?') {
        Some((before, query)) => bounded(&format!("{before}?{}", redacted(query))),
        None => bounded(url),
    }
}

/// Tells whether a parameter is named like a secret, in any case and however its words are joined.
fn is_secret(name: &str) -> bool {
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    WHOLE.contains(&plain.as_str()) || WITHIN.iter().any(|word| plain.contains(word))
}

/// Names that are secret as a whole.
const WHOLE: [&str; 9] = [
    "auth", "code", "jwt", "key", "pass", "pin", "pw", "sid", "sig",
];

/// Words that make any name secret.
const WITHIN: [&str; 11] = [
    "accesskey",
    "apikey",
    "assertion",
    "authorization",
    "credential",
    "passwd",
    "password",
    "secret",
    "session",
    "signature",
    "token",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_named_like_secrets_are_not_shown() {
        for name in [
            "X-Amz-Signature",
            "X-Amz-Credential",
            "X-Amz-Security-Token",
            "AWSAccessKeyId",
            "Signature",
            "sig",
            "X-Goog-Signature",
            "access_token",
            "API-KEY",
            "client%5Fsecret",
            "password",
            "PHPSESSID_session",
            "code",
        ] {
            let query = format!("a=1&{name}=s3cret&b=2");
            assert_eq!(redacted(&query), format!("a=1&{name}=REDACTED&b=2"));
        }
        for query in [
            "",
            "a",
            "a=",
            "=",
            "page=2&sort=name",
            "country_code=de&keyboard=x",
        ] {
            assert_eq!(redacted(query), query);
        }
    }
}
