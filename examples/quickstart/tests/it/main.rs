//! The life of the quickstart, from its first request to its last, with nothing else installed.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod balance;
mod catalogue;
mod end;
mod objective;
mod start;

use std::process::Command;

/// The program under test.
fn quickstart() -> Command {
    Command::new(env!("CARGO_BIN_EXE_quickstart"))
}
