//! What is written, and the command that writes it.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

#[path = "../support/mod.rs"]
mod support;

mod command;
mod expressions;
mod histograms;
mod large;
mod reference;
mod tree;
