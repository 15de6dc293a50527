//! What a service logs where standard output is a terminal.

use std::fs::File;
use std::io::Read as _;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::child;

/// Runs a test in a child whose standard output is a terminal, and returns what that showed.
fn shown(test: &str, variables: &[(&str, &str)]) -> String {
    // Children of other tests must not have either end, or what this one shows would have no end.
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let terminal = open(
        name.as_c_str(),
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .unwrap();
    let mut command = child::command(test, variables);
    let mut child = command
        .stdout(terminal)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The child alone has the terminal now, so that there is an end of what it shows.
    drop(command);
    let mut seen = Vec::new();
    // A terminal that nobody has any more is an error, not an end.
    let _ = File::from(screen).read_to_end(&mut seen);
    let seen = String::from_utf8(seen).unwrap();
    assert!(child.wait().unwrap().success(), "{seen}");
    seen
}

fn log() {
    let sonde = radiosonde::init("checkout").unwrap();
    let span = tracing::info_span!("order", id = 7);
    span.in_scope(|| tracing::warn!(left = 3, "stock is low"));
    drop(sonde);
}

/// Returns the line that the service logged itself.
fn line(text: &str) -> &str {
    let line = text.lines().find(|line| line.contains("stock is low"));
    line.unwrap_or_else(|| panic!("{text}")).trim_end()
}

#[test]
fn on_a_terminal_lines_are_for_eyes_and_have_colours() {
    if child::is_child() {
        return log();
    }
    let name = "terminal::on_a_terminal_lines_are_for_eyes_and_have_colours";
    let text = shown(name, &[]);
    let line = line(&text);
    let level = "\u{1b}[33m WARN\u{1b}[0m";
    assert!(line.contains(level), "{line:?}");
    assert!(line.contains("stock is low left=3 order{id=7}"), "{line:?}");
}

#[test]
fn on_a_terminal_lines_may_go_without_colours_or_be_for_machines() {
    if child::is_child() {
        return log();
    }
    let name = "terminal::on_a_terminal_lines_may_go_without_colours_or_be_for_machines";
    let plain = shown(name, &[("NO_COLOR", "1")]);
    assert!(
        line(&plain).contains("  WARN it::terminal: stock is low left=3 order{id=7}"),
        "{plain:?}"
    );
    let json = shown(name, &[("LOG_FORMAT", "json")]);
    let read: serde_json::Value = serde_json::from_str(line(&json)).unwrap();
    assert_eq!(read["fields"]["left"], 3, "{json:?}");
}
