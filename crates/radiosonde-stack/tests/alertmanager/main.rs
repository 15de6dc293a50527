//! What is written, in front of the real programs: they judge it, and do what it says.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod judged;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/town.rs"]
mod town;

mod told;
