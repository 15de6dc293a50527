//! Drives databases and brokers: those that Debian packages, and a stand-in for MongoDB.
//!
//! A *backend* keeps its port and its data over its whole life, so that it can be killed and revived, stopped and continued,
//! under the feet of whoever has a connection. Its *recipe* says how it is set up and started.

mod kind;
mod recipe;
mod running;
mod system;

pub use kind::Kind;
pub use running::Backend;
