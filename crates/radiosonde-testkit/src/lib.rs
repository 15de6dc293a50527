//! Drives the real servers that the tests of Radiosonde talk to.
//!
//! A *driver* starts a server written by others as a child process on a free loopback port, keeps its data under the
//! build's `target` directory, offers what a test asks of it, and ends it when dropped. When a test fails, each driver
//! prints the end of its server's log. A *tool* is a program that a driver starts; `cargo xtask test` obtains the tools.
//! A *service* is the program under test. Four modules drive nothing: `recordings` makes what tests record, `strict` reads
//! what came of it, `hostile` asks what no client should, and `shapes` answers what few services do.
//!
//! An integration test target that starts a driver is a suite: the table in `xtask/src/suites.rs` says which tools it needs.
//!
//! Everything here blocks, and panics where a test could do nothing but fail: a server that does not start, an answer that
//! is not what its documentation promises. Only what a test may want to see fail, such as a request whose connection the
//! service cuts, returns a `Result`.
//!
//! # Examples
//!
//! ```
//! use radiosonde_testkit::fault::{FaultCollector, Mode};
//! use radiosonde_testkit::http;
//!
//! let collector = FaultCollector::start(Mode::status(503));
//! let response = http::post(collector.addr(), "/v1/traces", &[], b"spans").unwrap();
//!
//! assert_eq!(response.status, 503);
//! assert_eq!(collector.requests()[0].body, b"spans");
//! ```

pub mod alertmanager;
pub mod backend;
pub mod exposition;
// Models of threads replace the runtime, and the sockets with it.
#[cfg(not(loom))]
pub mod fault;
pub mod grafana;
pub mod hostile;
pub mod http;
pub mod kent;
pub mod mail;
pub mod otlp;
pub mod pages;
pub mod prometheus;
pub mod recordings;
pub mod relay;
pub mod service;
pub mod shapes;
pub mod strict;
pub mod tools;
pub mod victoria_metrics;

mod door;
mod launch;
mod scratch;
mod server;
mod size;
mod wait;

pub use size::{FULL_SIZE, size};
pub use wait::eventually;
