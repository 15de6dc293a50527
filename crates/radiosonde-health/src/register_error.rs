//! Which checks are taken, and why one is refused.

use std::time::Duration;

/// Why a check was not registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// Another check has the name.
    #[error("a check named `{name}` is registered already: give each check a name of its own")]
    #[non_exhaustive]
    DuplicateName {
        /// The name of both.
        name: String,
    },
    /// The name would have to be escaped somewhere.
    #[error("`{name}` is no name for a check: use lower-case letters, digits, `_` and `-`")]
    #[non_exhaustive]
    InvalidName {
        /// The name as it was given.
        name: String,
    },
    /// The name is a path of its own below `/health/`.
    #[error(
        "`{name}` cannot name a check, because `/health/{name}` answers something else: choose another"
    )]
    #[non_exhaustive]
    ReservedName {
        /// The name as it was given.
        name: String,
    },
    /// An interval is too short to be meant, or too long.
    #[error(
        "the check `{name}` cannot run at this interval: give at least 100 milliseconds and at most a day"
    )]
    #[non_exhaustive]
    InvalidInterval {
        /// The name of the check.
        name: String,
    },
    /// The timeout is too short to be meant, or longer than the interval.
    #[error(
        "the check `{name}` may take {timeout:?} and runs every {interval:?}: give it a timeout of at least a millisecond and at most its interval"
    )]
    #[non_exhaustive]
    InvalidTimeout {
        /// The name of the check.
        name: String,
        /// How long a run may take.
        timeout: Duration,
        /// How long to wait between two runs.
        interval: Duration,
    },
}

impl RegisterError {
    /// Refuses a name that would have to be escaped somewhere, or that is a path already.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
        if name.is_empty() || !name.bytes().all(allowed) {
            return Some(Self::InvalidName { name: name.into() });
        }
        let reserved = RESERVED.contains(&name);
        reserved.then(|| Self::ReservedName { name: name.into() })
    }
}

const RESERVED: [&str; 4] = ["live", "metrics", "ready", "startup"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_need_no_escaping_and_are_no_paths() {
        for name in ["database", "db-2", "0", "a_b", "lives"] {
            assert_eq!(RegisterError::of_name(name), None);
        }
        for name in ["", "Database", "db 2", "a/b", "é", "a.b", "a\n"] {
            let invalid = RegisterError::InvalidName { name: name.into() };
            assert_eq!(RegisterError::of_name(name), Some(invalid));
        }
        for name in RESERVED {
            let reserved = RegisterError::ReservedName { name: name.into() };
            assert_eq!(RegisterError::of_name(name), Some(reserved));
        }
    }
}
