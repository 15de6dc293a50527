//! Responses of every shape, for whoever claims to alter none.
//!
//! A *shape* is a response, and how it is asked for; a *piece* is what its body does when it is polled.
//!
//! # Examples
//!
//! ```
//! use radiosonde_testkit::shapes::shapes;
//!
//! let all = shapes();
//! assert!(all.len() >= 200);
//! assert!(all[0].request("/0", "HTTP/1.1").starts_with(b"GET /0 HTTP/1.1\r\n"));
//! assert_eq!(all[0].answer().status(), 200);
//! ```

mod pieces;
mod shape;

pub use pieces::{BrokenOff, Piece, Pieces};
pub use shape::{Shape, shapes};
