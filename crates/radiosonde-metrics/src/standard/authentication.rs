//! Attempts to say who one is.

use radiosonde_catalog::AUTHENTICATION_ATTEMPTS;

use crate::{Counter, Registry};

/// The attempts to authenticate by one method, by outcome.
///
/// Records [`AUTHENTICATION_ATTEMPTS`]. The outcome is `ok`, `refused` or `error`. Attackers raise `refused`, an identity
/// provider that is down raises `error`.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::Registry;
/// use radiosonde_metrics::standard::Authentication;
///
/// let registry = Registry::new();
/// let passwords = Authentication::new(&registry, "password");
/// passwords.succeeded();
/// passwords.refused();
///
/// let text = registry.render();
/// assert!(text.contains(r#"authentication_attempts_total{method="password",outcome="refused"} 1"#));
/// assert!(text.contains(r#"authentication_attempts_total{method="password",outcome="error"} 0"#));
/// ```
#[derive(Debug, Clone)]
pub struct Authentication {
    ok: Counter,
    refused: Counter,
    error: Counter,
}

impl Authentication {
    /// Makes the series of the method of this name, such as `password` or `token`, or finds them.
    #[must_use]
    pub fn new(registry: &Registry, method: &str) -> Self {
        let counter = |outcome| registry.counter(&AUTHENTICATION_ATTEMPTS, &[method, outcome]);
        Self {
            ok: counter("ok"),
            refused: counter("refused"),
            error: counter("error"),
        }
    }

    /// Counts an attempt that was accepted.
    pub fn succeeded(&self) {
        self.ok.increment(1);
    }

    /// Counts an attempt whose proof was wrong: an unknown user, a wrong password, an expired token.
    pub fn refused(&self) {
        self.refused.increment(1);
    }

    /// Counts an attempt that could not be checked.
    pub fn failed(&self) {
        self.error.increment(1);
    }
}
