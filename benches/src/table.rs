//! Tables in Markdown, on standard output.

use std::io::Write as _;

/// Prints a table.
pub fn table(title: &str, header: &[&str], rows: &[Vec<String>]) {
    line(&format!("\n### {title}\n"));
    line(&format!("| {} |", header.join(" | ")));
    line(&format!("|---|{}", "---:|".repeat(header.len() - 1)));
    for row in rows {
        line(&format!("| {} |", row.join(" | ")));
    }
}

/// Prints a line. Nobody may be reading.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Spells a time, given in nanoseconds, in the unit that suits it.
#[must_use]
pub fn time(nanoseconds: f64) -> String {
    match nanoseconds.abs() {
        ns if ns < 100.0 => format!("{nanoseconds:.1} ns"),
        ns if ns < 10_000.0 => format!("{nanoseconds:.0} ns"),
        ns if ns < 1e6 => format!("{:.1} µs", nanoseconds / 1e3),
        _ => format!("{:.2} ms", nanoseconds / 1e6),
    }
}

/// Spells a number, with a fraction only where it is small.
pub(crate) fn number(number: f64) -> String {
    if number.abs() >= 100.0 || number.fract().abs() < 0.005 {
        format!("{number:.0}")
    } else {
        format!("{number:.2}")
    }
}
