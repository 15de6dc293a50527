//! How bad something is.

/// How bad something is, in Sentry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// What only helps to find an error.
    Debug,
    /// What happened.
    Info,
    /// What may become an error.
    Warning,
    /// Something failed.
    Error,
    /// Something failed in a way that nobody had foreseen: a panic.
    Fatal,
}

impl Level {
    /// Returns the word that Sentry knows it by.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

impl From<tracing::Level> for Level {
    fn from(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warning,
            tracing::Level::INFO => Self::Info,
            _ => Self::Debug,
        }
    }
}
