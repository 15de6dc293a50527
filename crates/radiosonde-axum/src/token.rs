//! The token of administrators.

use std::fmt;

use http::{HeaderMap, header};
use subtle::ConstantTimeEq as _;

/// The bearer token that administrators show, as in `Authorization: Bearer <token>`.
///
/// It is never printed, and compared in a time that says nothing about where a wrong one differs.
///
/// # Examples
///
/// ```
/// use radiosonde_axum::AdminToken;
///
/// let token = AdminToken::new("mgKqCnD1cVVSBWzJ")?;
/// assert_eq!(format!("{token:?}"), "AdminToken(***)");
/// assert!(AdminToken::new("admin").is_err());
/// # Ok::<(), radiosonde_axum::InvalidToken>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AdminToken(Box<str>);

impl AdminToken {
    /// Takes a token of 16 to 1024 visible ASCII characters.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidToken`] for any other: a short one can be guessed, and one with spaces does not fit the header.
    pub fn new(token: impl Into<String>) -> Result<Self, InvalidToken> {
        let token = token.into();
        let is_long_enough = (MIN_BYTES..=MAX_BYTES).contains(&token.len());
        if is_long_enough && token.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(token.into()))
        } else {
            Err(InvalidToken(()))
        }
    }

    /// Tells whether a request shows it.
    pub(crate) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(header::AUTHORIZATION);
        let value = value.map_or(&[][..], |value| value.as_bytes());
        let scheme = b"Bearer ";
        let Some((given, token)) = value.split_at_checked(scheme.len()) else {
            return false;
        };
        // A different length is told apart at once: it is no secret.
        given.eq_ignore_ascii_case(scheme) && bool::from(token.ct_eq(self.0.as_bytes()))
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(***)")
    }
}

/// The token cannot be used. It is not shown, because it may be a secret all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the admin token has {MIN_BYTES} to {MAX_BYTES} visible ASCII characters, without spaces: give another"
)]
pub struct InvalidToken(());

const MIN_BYTES: usize = 16;
const MAX_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const TOKEN: &str = "mgKqCnD1cVVSBWzJ";

    fn opens(authorization: &str) -> bool {
        let value = HeaderValue::from_str(authorization).unwrap();
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        AdminToken::new(TOKEN).unwrap().is_shown(&headers)
    }

    #[test]
    fn the_token_opens_and_nothing_else_does() {
        assert!(opens(&format!("Bearer {TOKEN}")));
        assert!(opens(&format!("bearer {TOKEN}")));
        for other in [
            "",
            "Bearer",
            "Bearer ",
            TOKEN,
            "Basic mgKqCnD1cVVSBWzJ",
            "Bearer mgKqCnD1cVVSBWzj",
            "Bearer mgKqCnD1cVVSBWz",
            "Bearer mgKqCnD1cVVSBWzJJ",
            "Bearer  mgKqCnD1cVVSBWzJ",
        ] {
            assert!(!opens(other), "{other}");
        }
        assert!(!AdminToken::new(TOKEN).unwrap().is_shown(&HeaderMap::new()));
    }

    #[test]
    fn a_token_that_can_be_guessed_or_not_be_sent_is_refused() {
        let long = "x".repeat(MAX_BYTES + 1);
        for token in [
            "",
            "0123456789abcde",
            "0123456789 abcdef",
            "0123456789abcdé",
            &long,
        ] {
            assert!(AdminToken::new(token).is_err(), "{token}");
        }
        assert!(AdminToken::new("x".repeat(MAX_BYTES)).is_ok());
    }
}
