//! What a dependency is to the service.

use std::fmt;

/// What a failing check means to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// The service is not ready.
    Critical,
    /// The service is degraded, and ready.
    Optional,
}

impl Severity {
    /// Returns the word for it: `critical` or `optional`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Optional => "optional",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
