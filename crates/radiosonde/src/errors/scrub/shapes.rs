//! Secrets that are told by how they look.

use std::ops::Range;

/// Finds tokens by the beginnings that their issuers give them, JSON web tokens, what follows the name of a scheme of
/// authorisation, and private keys.
pub(super) fn shaped(text: &str, secrets: &mut Vec<Range<usize>>) {
    let mut after_scheme = false;
    let mut at = 0;
    while let Some(start) = text[at..].find(is_of_token).map(|offset| at + offset) {
        let end = text[start..].find(|c| !is_of_token(c));
        let end = end.map_or(text.len(), |end| start + end);
        let word = &text[start..end];
        let is_next = text[at..start].chars().all(|c| c == ' ');
        if is_token(word) || (after_scheme && is_next && is_credential(word)) {
            secrets.push(start..end);
        }
        after_scheme = SCHEMES
            .iter()
            .any(|scheme| word.eq_ignore_ascii_case(scheme));
        at = end;
    }
    private_keys(text, secrets);
}

fn is_token(word: &str) -> bool {
    // A word may have a name in front, as in `key=…` or a path.
    let parts = word.split(['/', '=', '+', '~', ':']);
    let mut parts = parts.filter(|part| part.len() >= MIN_TOKEN);
    parts.any(|part| {
        ISSUERS.iter().any(|issuer| part.starts_with(issuer))
            || (part.starts_with("eyJ") && part.contains('.'))
            || is_access_key(part)
    })
}

/// The id of an access key of Amazon's: sixteen letters and digits behind four letters.
fn is_access_key(word: &str) -> bool {
    let rest = word
        .strip_prefix("AKIA")
        .or_else(|| word.strip_prefix("ASIA"));
    rest.is_some_and(|rest| {
        let mut bytes = rest.bytes();
        rest.len() == 16 && bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    })
}

/// Tells what follows a scheme of authorisation from the next word of a sentence.
fn is_credential(word: &str) -> bool {
    let bare = word.trim_end_matches('.');
    let is_no_word = |c: char| !c.is_ascii_lowercase() && c != '-';
    bare.len() >= 8 && bare.chars().skip(1).any(is_no_word)
}

fn private_keys(text: &str, secrets: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(head) = find_from(text, at, "PRIVATE KEY-----") {
        let start = head + "PRIVATE KEY-----".len();
        let begins = text[at..head].contains("-----BEGIN ");
        at = start;
        if begins {
            at = find_from(text, start, "-----END ").unwrap_or(text.len());
            secrets.push(start..at);
        }
    }
}

fn find_from(text: &str, at: usize, what: &str) -> Option<usize> {
    text[at..].find(what).map(|offset| at + offset)
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '=' | '+' | '~' | ':')
}

const SCHEMES: &[&str] = &["bearer", "basic", "digest", "negotiate", "apikey"];

/// How the tokens of those who mark theirs begin.
const ISSUERS: &[&str] = &[
    "AIza",
    "EAAC",
    "SG.",
    "dop_v1_",
    "ghp_",
    "gho_",
    "ghr_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "hvs.",
    "npm_",
    "pk_live_",
    "pypi-",
    "rk_live_",
    "shpat_",
    "sk-",
    "sk_live_",
    "sk_test_",
    "sntrys_",
    "whsec_",
    "xapp-",
    "xoxa-",
    "xoxb-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "ya29.",
];

/// What is shorter is no token.
const MIN_TOKEN: usize = 16;
