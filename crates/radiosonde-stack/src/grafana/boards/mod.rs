//! The dashboards.
//!
//! Each function here returns one as data: in the default spelling and without saying whose series are meant. Metrics are
//! named by the constants of the catalogue, recorded series by those of the rules that record them.

mod declared;
mod instruments;
mod overview;
mod parts;
mod service;

pub(super) use declared::declared;
pub(super) use instruments::{
    authentication, caches, certificates, connection_pools, jobs, messages, queues,
};
pub(super) use overview::overview;
pub(super) use service::service;
