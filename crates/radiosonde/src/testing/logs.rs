//! The log lines of a test.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The log lines that were written before it was asked for, in their order.
///
/// # Examples
///
/// ```
/// use radiosonde::testing::Telemetry;
///
/// let telemetry = Telemetry::new("checkout");
/// telemetry.record(|| tracing::warn!(order = 7, "no stock"));
///
/// let logs = telemetry.logs();
/// logs.contains("no stock order=7");
/// logs.lacks("ERROR");
/// assert_eq!(logs.lines().len(), 1);
/// ```
#[derive(Debug, Clone)]
pub struct Logs {
    lines: Vec<String>,
}

impl Logs {
    /// Returns the lines, without their ends.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Asserts that a line contains `text`.
    ///
    /// # Panics
    ///
    /// Panics with all lines when none does.
    #[track_caller]
    pub fn contains(&self, text: &str) {
        let found = self.lines.iter().any(|line| line.contains(text));
        assert!(found, "no line of the log contains `{text}`\n{self}");
    }

    /// Asserts that no line contains `text`.
    ///
    /// # Panics
    ///
    /// Panics with all lines when one does.
    #[track_caller]
    pub fn lacks(&self, text: &str) {
        let found = self.lines.iter().any(|line| line.contains(text));
        assert!(!found, "a line of the log contains `{text}`\n{self}");
    }
}

impl fmt::Display for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lines.is_empty() {
            return f.write_str("the log is empty");
        }
        f.write_str("the log is:")?;
        self.lines
            .iter()
            .try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// Where the lines of a test are kept. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub(super) fn read(&self) -> Logs {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&bytes);
        Logs {
            lines: text.lines().map(ToOwned::to_owned).collect(),
        }
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
