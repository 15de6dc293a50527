//! The tables of the semantic conventions, row by row, held against what arrives at a collector.
//!
//! Each table has every attribute that the conventions list, with how far it is required, its type and an example, and
//! says of those that are not recorded why. The *stories* beside it are requests, and together have every attribute that is
//! recorded; what a story has beyond what it names fails the test.

mod http_client;
mod http_server;
mod logs;
mod resource;
mod rpc;
mod table;
