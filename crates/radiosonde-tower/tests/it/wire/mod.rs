//! The layer inside hyper's server, and clients at the other end of a socket.

mod balance;
mod bytes;
mod server;
