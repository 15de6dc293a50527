//! Running text: messages, and whatever else somebody wrote.

use std::borrow::Cow;
use std::ops::Range;

use super::{FILTERED, shapes, words};

/// Scrubs running text.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    let mut secrets = Vec::new();
    words::userinfo(text, &mut secrets);
    words::named(text, &mut secrets);
    words::pairs(text, &mut secrets);
    shapes::shaped(text, &mut secrets);
    if secrets.is_empty() {
        return text.into();
    }
    if secrets.len() > words::MAX_SECRETS {
        // Finding the end of each takes as long as the text is.
        return FILTERED.into();
    }
    secrets.sort_unstable_by_key(|secret| secret.start);
    replaced(text, secrets).into()
}

/// Replaces ranges, in their order. Those that overlap or adjoin are one secret.
fn replaced(text: &str, secrets: Vec<Range<usize>>) -> String {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for secret in secrets {
        match merged.last_mut() {
            Some(last) if secret.start <= last.end => last.end = last.end.max(secret.end),
            _ => merged.push(secret),
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for secret in merged {
        out.push_str(&text[done..secret.start]);
        out.push_str(FILTERED);
        done = secret.end;
    }
    out.push_str(&text[done..]);
    out
}
