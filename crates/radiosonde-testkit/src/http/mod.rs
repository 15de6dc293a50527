//! A small HTTP/1.1 client for tests.
//!
//! [`get`] and [`post`] make one request over a connection of its own. A [`RawConnection`] shows what lies beneath: a
//! test decides which bytes it sends, how much of the answer it reads, and when it hangs up.
//!
//! No operation waits longer than 30 seconds for the other side.

mod connection;
mod message;

pub use connection::{RawConnection, get, post};
pub use message::Response;

pub(crate) use message::{read_head, read_request_body};
