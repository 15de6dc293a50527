//! The programs that tests need, and how they are obtained.
//!
//! They go into a directory of our own: `bin/` holds programs, `venv/` a Python environment and `npm/` packages of Node. A tool that is in place, or
//! installed on the machine, is left as it is.

mod debian;
mod node;
mod python;
mod servers;
mod toolbox;

pub(crate) use toolbox::{Tool, Toolbox};
