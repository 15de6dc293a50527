//! The health registry through its public face.

mod backend;
mod changes;
mod heartbeat;
mod lifecycle;
mod logs;
mod model;
mod registration;
mod schedule;
mod sharing;
mod staleness;
