//! Why there is no telemetry.

use std::fmt;
use std::panic::Location;

use crate::ConfigError;

/// Why `init` or `build` failed. Nothing was installed.
///
/// `Debug` writes the same sentences as `Display`, because that is what a `main` that returns the error prints.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// Settings are wrong. All of them are listed.
    #[error("{}", list(.0))]
    Config(Vec<ConfigError>),

    /// `init` was called before.
    #[error(
        "radiosonde was initialised already, at {first}: call `init` once, and pass the `Sonde` on"
    )]
    #[non_exhaustive]
    AlreadyInitialised {
        /// The first call.
        first: &'static Location<'static>,
    },

    /// Another subscriber of `tracing` is installed.
    #[error(
        "another `tracing` subscriber is installed: call `init` first, or use `build` and add its layer to that one"
    )]
    SubscriberTaken,

    /// Another recorder of `metrics` is installed.
    #[error(
        "another `metrics` recorder is installed: call `init` first, or use `build` and mount its `/metrics` beside"
    )]
    RecorderTaken,

    /// The operating system refused a thread.
    #[error("the threads for telemetry could not be started: {0}")]
    Thread(#[source] std::io::Error),
}

impl fmt::Debug for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn list(errors: &[ConfigError]) -> String {
    match errors {
        [error] => error.to_string(),
        errors => {
            let lines = errors.iter().map(|error| format!("\n  - {error}"));
            format!(
                "{} settings are wrong:{}",
                errors.len(),
                lines.collect::<String>()
            )
        }
    }
}
