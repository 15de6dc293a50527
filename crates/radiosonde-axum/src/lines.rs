//! The text form of an answer: a line for each thing that is fine or not, and a last one for what it comes to.

use std::fmt::{self, Display};

use radiosonde_health::CheckReport;

use crate::scope::Detail;

/// Returns `[+]name ok`, or `[-]name`, its state and, for those who may read it, its error.
pub(crate) fn check_line(check: &CheckReport, detail: Detail) -> String {
    if check.is_passing() {
        return format!("[+]{} ok", check.name);
    }
    let (name, state) = (&check.name, check.state);
    match error_of(check, detail) {
        Some(error) => failed_line(format_args!("{name} {state}: {error}")),
        None => failed_line(format_args!("{name} {state}")),
    }
}

/// Returns a line that begins with `[-]`, whatever its text holds.
pub(crate) fn failed_line(what: impl Display) -> String {
    let line = what.to_string();
    format!("[-]{}", line.replace(char::is_control, " "))
}

/// Returns the error of a check, for those who may read it.
pub(crate) fn error_of(check: &CheckReport, detail: Detail) -> Option<&str> {
    match detail {
        Detail::Public => None,
        Detail::Full => check.error(),
    }
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
