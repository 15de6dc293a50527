//! What is written, and the command that writes it.

#[path = "../support/mod.rs"]
mod support;

mod command;
mod expressions;
mod reference;
mod tree;
