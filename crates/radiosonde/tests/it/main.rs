//! The library through its public face. Nothing here installs a global: tests of `init` run in children.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod child;
mod init;
mod logs;
#[cfg(feature = "axum")]
mod service;
#[cfg(feature = "axum")]
mod shutdown;
