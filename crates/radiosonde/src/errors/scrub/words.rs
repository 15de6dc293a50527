//! Names, and what stands behind them, in running text.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::{FILTERED, TERMS, decoded, is_secret_parameter};

/// Tells whether this is the name of a header whose value is a list of names and values.
pub(super) fn is_cookie(name: &str) -> bool {
    name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie")
}

/// Finds the values of names that give a secret away: `name=value`, `name: value`, `"name": "value"`, `Name(value)` and
/// `/name/value` in the path of a URL.
pub(super) fn named(text: &str, secrets: &mut Vec<Range<usize>>) {
    for (at, separator) in text.match_indices(['=', ':', '/', '(']) {
        let after = at + 1;
        if secrets.len() > MAX_SECRETS {
            return;
        }
        let found = match separator {
            "=" => assigned(text, at, after),
            ":" if is_part_of_path(text, at) => None,
            ":" => told(text, at, after),
            "/" => in_path(text, at, after),
            _ => wrapped(text, at),
        };
        secrets.extend(found.filter(|value| !value.is_empty()));
    }
}

/// Finds the values of a query or a form, which have names that give a secret away as in [`query`](super::query): more of them than
/// in a sentence, and percent-encoded or in brackets, as in `user[password]=value`.
pub(super) fn pairs(text: &str, secrets: &mut Vec<Range<usize>>) {
    let mut at = 0;
    for word in text.split_inclusive(is_break) {
        let mut start = at;
        at += word.len();
        if !word.contains(BETWEEN_PAIRS) {
            continue;
        }
        for pair in word.split_inclusive(BETWEEN_PAIRS) {
            if secrets.len() > MAX_SECRETS {
                return;
            }
            let name = pair.split_once('=').map(|(name, _)| name);
            let secret = name.filter(|name| is_secret_parameter(&decoded(name)));
            let value = secret.map(|name| value_at(text, start + name.len() + 1));
            secrets.extend(value.filter(|value| !value.is_empty()));
            start += pair.len();
        }
    }
}

/// Finds the userinfo of URLs, `scheme://user:password@host`, and what looks like one without a scheme.
pub(super) fn userinfo(text: &str, secrets: &mut Vec<Range<usize>>) {
    let mut at = 0;
    for word in text.split_inclusive(is_break) {
        let mut parts = word.split("://");
        let mut start = at;
        // Without a scheme, a user needs a password to look like one.
        if let Some(part) = parts.next() {
            let colon = part.find(':').map(|colon| colon + 1);
            let end = part.rfind('@');
            secrets.extend(
                colon
                    .zip(end)
                    .map(|(colon, end)| start + colon..start + end),
            );
            start += part.len() + "://".len();
        }
        for part in parts {
            let end = part.rfind('@').filter(|end| is_authority(&part[..*end]));
            secrets.extend(end.map(|end| start..start + end));
            start += part.len() + "://".len();
        }
        at += word.len();
    }
    secrets.retain(|secret| !secret.is_empty());
}

/// Tells whether what stands between a scheme and an `@` is a user and a password. A path may hold an `@`, too; but what stands
/// before a slash and is no host with a port is the beginning of a password with a slash in it.
fn is_authority(text: &str) -> bool {
    let Some(slash) = text.find(['/', '?', '#']) else {
        return true;
    };
    let port = text[..slash].rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| !port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `name=value`, also `name => value`.
fn assigned(text: &str, at: usize, after: usize) -> Option<Range<usize>> {
    let name = name_before(text, at)?;
    is_secret_name(name).then_some(())?;
    let after = if text[after..].starts_with('>') {
        after + 1
    } else {
        after
    };
    Some(value_at(text, after))
}

/// `name: value`.
fn told(text: &str, at: usize, after: usize) -> Option<Range<usize>> {
    let name = name_before(text, at).filter(|name| !is_file(name))?;
    let is_line = is_cookie(name) || name.to_ascii_lowercase().ends_with("authorization");
    (is_line || is_secret_name(name)).then_some(())?;
    let value = value_at(text, after);
    if is_line && !is_quoted(text, value.start) {
        // The value of a header: a scheme and what it needs, or cookies.
        let end = text[value.start..].find(['\r', '\n']);
        return Some(value.start..end.map_or(text.len(), |end| value.start + end));
    }
    // `session: not found` is a sentence, and `password: hunter` is not.
    let is_sentence = text[after..].starts_with(' ')
        && !is_quoted(text, value.start)
        && VAGUE
            .iter()
            .any(|term| name.to_ascii_lowercase().ends_with(term))
        && text[value.clone()]
            .bytes()
            .all(|byte| byte.is_ascii_lowercase());
    (!is_sentence).then_some(value)
}

/// `/name/value`: a value is told from a further word by a digit.
fn in_path(text: &str, at: usize, after: usize) -> Option<Range<usize>> {
    let name = name_before(text, at)?;
    let from = at - name.len();
    (text[..from].ends_with('/') && is_secret_name(name)).then_some(())?;
    let end = text[after..].find(|c: char| is_break(c) || is_closing(c) || "/?#&,;:.".contains(c));
    let value = after..end.map_or(text.len(), |end| after + end);
    let has_digit = text[value.clone()]
        .bytes()
        .any(|byte| byte.is_ascii_digit());
    (has_digit && value.len() >= MIN_PATH_SECRET).then_some(value)
}

/// `Name(value)`, as the `Debug` form of a type with one field.
fn wrapped(text: &str, at: usize) -> Option<Range<usize>> {
    let name = name_before(text, at)?;
    // A function is not written so.
    let is_type = name.starts_with(|c: char| c.is_ascii_uppercase());
    (is_type && is_secret_name(name) && is_quoted(text, at + 1 + quote_at(text, at + 1)))
        .then_some(())?;
    Some(at + 1..closing(text, at))
}

/// Returns the name that ends before a separator, without quotes, brackets and spaces between them.
fn name_before(text: &str, at: usize) -> Option<&str> {
    let text = text[..at].trim_end_matches(['"', '\'', '\\', ' ', ']']);
    let start = text.rfind(|c: char| !is_of_name(c));
    let name = start.map_or(text, |start| &text[after_char(text, start)..]);
    (!name.is_empty()).then_some(name)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '%' | '$')
}

/// Tells whether a name gives a secret away. Terms that are part of common words, such as `sid` of `outside`, have to begin or
/// to end a word here.
fn is_secret_name(name: &str) -> bool {
    let name = percent_decode_str(name).decode_utf8_lossy();
    let name = name.to_ascii_lowercase();
    let stands_out = |term: &str| {
        let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| word.starts_with(term) || word.ends_with(term))
    };
    TERMS.iter().any(|term| {
        if SHORT.contains(term) {
            stands_out(term)
        } else {
            name.contains(term)
        }
    })
}

/// What follows a file is a line.
fn is_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, kind)| kind == "rs")
}

/// `a::b` and `scheme://host`.
fn is_part_of_path(text: &str, at: usize) -> bool {
    text[..at].ends_with(':')
        || text[at + 1..].starts_with([':', '/']) && !text[at + 1..].starts_with("/ ")
}

/// Returns where a value is that begins here, at the latest after spaces and a quote. One that has been replaced is empty.
fn value_at(text: &str, from: usize) -> Range<usize> {
    let from = from + leading(&text[from..], ' ');
    let start = from + quote_at(text, from);
    let mut rest = start;
    while text[rest..].starts_with(FILTERED) {
        rest += FILTERED.len();
    }
    let end = match text[from..start].char_indices().last() {
        Some((escapes, quote)) => quoted_end(text, rest, quote, escapes),
        None => bare_end(text, rest),
    };
    if end == rest { end..end } else { start..end }
}

/// Returns how long the quote is that stands here, with what escapes it.
fn quote_at(text: &str, at: usize) -> usize {
    let escapes = leading(&text[at..], '\\');
    if text[at + escapes..].starts_with(['"', '\'']) {
        escapes + 1
    } else {
        0
    }
}

/// Returns how many of these begin a text.
fn leading(text: &str, what: char) -> usize {
    text.len() - text.trim_start_matches(what).len()
}

fn is_quoted(text: &str, start: usize) -> bool {
    text[..start].ends_with(['"', '\''])
}

/// Returns where a value in quotes ends: before a quote with as many escapes as the one that opened it. A value that was cut
/// off takes all that is left.
fn quoted_end(text: &str, start: usize, quote: char, escapes: usize) -> usize {
    let mut backslashes = 0;
    for (offset, c) in text[start..].char_indices() {
        // Two escapes are one that is meant.
        let closes = backslashes == escapes || (escapes == 0 && backslashes % 2 == 0);
        if c == quote && closes {
            return start + offset - escapes;
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
    }
    text.len()
}

/// Returns where a value without quotes ends: before what separates it from the next, or closes what it stands in. What opens
/// inside it closes inside it: `Some("…")`.
fn bare_end(text: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(c) = text[at..].chars().next() {
        let after = at + c.len_utf8();
        let ends = match c {
            '(' | '[' | '{' => {
                at = closing(text, at);
                at += usize::from(at < text.len());
                continue;
            }
            '"' | '\'' => !text[after..].starts_with(|c: char| c.is_ascii_alphanumeric()),
            c => is_break(c) || is_closing(c) || matches!(c, ',' | ';' | '&'),
        };
        if ends {
            break;
        }
        at = after;
    }
    at
}

/// Returns where the bracket is closed that opens here, or the end of the text.
fn closing(text: &str, at: usize) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (offset, c) in text[at..].char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return at + offset;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// What a word does not go beyond.
pub(super) fn is_break(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '`' | '<' | '>')
}

fn is_closing(c: char) -> bool {
    matches!(c, ')' | ']' | '}' | '|')
}

/// The index after the character that begins here.
fn after_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(0, char::len_utf8)
}

/// What stands before and between the pairs of a query or a form.
const BETWEEN_PAIRS: [char; 2] = ['?', '&'];

/// Terms that are part of common words.
const SHORT: &[&str] = &["auth", "key", "sso", "sid"];

/// Terms that are words of sentences as well.
const VAGUE: &[&str] = &["auth", "key", "sso", "session", "sid", "identity", "token"];

/// A text with more secrets than this is one.
pub(super) const MAX_SECRETS: usize = 64;

/// What is shorter in a path is a version or a page.
const MIN_PATH_SECRET: usize = 6;
