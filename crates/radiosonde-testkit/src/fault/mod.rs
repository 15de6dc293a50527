//! Receivers that fail, on purpose.
//!
//! A *fault collector* stands where a collector or an error tracker should be, and misbehaves in one way, its [`Mode`],
//! while it keeps what it was sent. It may change its mode, and so die and come back at one address. It takes HTTP/1.1 and
//! HTTP/2 at the same port; what calls of gRPC are answered is in [`grpc`].
//!
//! # Examples
//!
//! ```
//! use radiosonde_testkit::fault::{FaultCollector, Mode};
//! use radiosonde_testkit::http;
//!
//! let collector = FaultCollector::start(Mode::Refuse);
//! assert!(http::get(collector.addr(), "/", &[]).is_err());
//!
//! collector.set(Mode::status(200));
//! assert_eq!(http::get(collector.addr(), "/", &[]).unwrap().status, 200);
//! ```

mod collector;
pub mod grpc;
mod http2;
mod mode;
mod otlp;

pub use collector::{FaultCollector, Received};
pub use mode::{Answer, Mode};
