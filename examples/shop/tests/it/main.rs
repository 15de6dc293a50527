//! The shop with nothing else installed, from its start to its end.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod admin;
mod drain;
mod shopping;

use std::process::Command;

/// The program under test.
fn shop() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop"));
    command.env("RUST_LOG", "info,shop=debug");
    command
}
