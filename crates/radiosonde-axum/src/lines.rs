//! The text form of an answer: a line for each thing that is fine or not, and a last one for what it comes to.

use std::fmt::{self, Display};

use radiosonde_health::CheckReport;

/// Returns `[+]name ok`, or `[-]name` and its state.
pub(crate) fn check_line(check: &CheckReport) -> String {
    if check.is_passing() {
        format!("[+]{} ok", check.name)
    } else {
        failed_line(format_args!("{} {}", check.name, check.state))
    }
}

pub(crate) fn failed_line(what: impl Display) -> String {
    format!("[-]{what}")
}

/// Writes the lines, and whether the check that they belong to passed.
pub(crate) fn write_lines(
    f: &mut fmt::Formatter<'_>,
    lines: &[String],
    probe: &str,
    passed: bool,
) -> fmt::Result {
    for line in lines {
        writeln!(f, "{line}")?;
    }
    writeln!(
        f,
        "{probe} check {}",
        if passed { "passed" } else { "failed" }
    )
}
