//! What may be a secret, and is replaced before anything is sent.
//!
//! A *term* is a word that gives a secret away by its name: the value of whatever is called so is replaced by `[Filtered]`,
//! and the name is kept, so that a reader sees that something was there. The terms are those of Sentry's description of
//! [what its clients collect](https://develop.sentry.dev/sdk/foundations/client/data-collection/), found anywhere in a
//! name, in any case. In running text secrets are also told by where they stand, as in a URL, and by their shape.
//!
//! It is better to replace a word too many than one too few; but a message that says nothing any more helps nobody, so running
//! text is read with some care.
//!
//! Nothing here depends on the rest of the crate: a fuzz target builds it alone.

mod shapes;
mod text;
mod words;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

pub(crate) use text::text;

/// What stands in the place of a secret.
pub(crate) const FILTERED: &str = "[Filtered]";

/// Tells whether the value of something with this name may be a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TERMS.iter().any(|term| name.contains(term))
}

/// Tells whether a header with this name may tell who somebody is, or where.
pub(crate) fn is_personal(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PERSONAL.iter().any(|term| name.contains(term))
}

/// Scrubs the value of a header.
pub(crate) fn header<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if is_secret(name) || words::is_cookie(name) {
        FILTERED.into()
    } else {
        text(value)
    }
}

/// Scrubs a query.
///
/// Names and values are compared as they read once decoded. A form, which is written alike, is found in running text.
pub(crate) fn query(query: &str) -> Cow<'_, str> {
    if !query.split('&').any(pair_holds_secret) {
        return query.into();
    }
    let pairs: Vec<_> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if pair_holds_secret(pair) => format!("{name}={FILTERED}").into(),
            None if pair_holds_secret(pair) => Cow::Borrowed(FILTERED),
            _ => Cow::Borrowed(pair),
        })
        .collect();
    pairs.join("&").into()
}

fn pair_holds_secret(pair: &str) -> bool {
    let holds_secret = |value: &str| text(value) != value;
    match pair.split_once('=') {
        Some((name, value)) => is_secret_parameter(&decoded(name)) || holds_secret(&decoded(value)),
        None => holds_secret(&decoded(pair)),
    }
}

/// Tells whether a parameter of a query may hold a secret: its name gives one away, or it is one that signs the address or
/// is exchanged for a token.
fn is_secret_parameter(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    is_secret(name) || matches!(&*lower, "sig" | "code") || lower.contains("signature")
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// The words that give a secret away.
const TERMS: [&str; 17] = [
    "auth",
    "token",
    "secret",
    "password",
    "passwd",
    "pwd",
    "key",
    "jwt",
    "bearer",
    "sso",
    "saml",
    "csrf",
    "xsrf",
    "credentials",
    "session",
    "sid",
    "identity",
];

/// The words that give a person away.
const PERSONAL: [&str; 5] = ["forwarded", "-ip", "remote-", "via", "-user"];

#[cfg(test)]
mod tests;
