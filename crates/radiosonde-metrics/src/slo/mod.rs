//! Objectives, watched in the process: burn rates, what is left of the error budgets, and how long that lasts.
//!
//! No Prometheus is needed, and requests pay nothing: [`Slos`] reads what the request layer records in any case. Words
//! and rules are those of [`radiosonde_catalog::objective`]. A *budget* here is that of one objective or, when it is about
//! each route, of one objective on one route.
//!
//! # Laws
//!
//! - A ratio is always bad requests by requests of the same window. None is ever averaged, so a busy hour outweighs a quiet one.
//! - Without requests a burn rate is 0, not a number that is none, and the budget stays as it is.
//! - What a sample finds happened just before. With one every 10 seconds, as [`INTERVAL`] says, a window is wrong by no more.
//! - A window is longer than its name says by less than 10 seconds up to five minutes, a minute up to two hours, 15 minutes up to
//!   a day, an hour up to three days, and by less than a hundred-and-twentieth of the period.
//! - Memory is bounded: eight kilobytes a budget, whatever comes.

mod budget;
mod change;
mod counts;
mod file;
mod history;
mod report;
mod slos;
mod snapshot;
mod sources;

pub use change::Change;
pub use counts::Counts;
pub use file::LoadError;
pub use report::{BudgetReport, BudgetState, TierReport, WindowReport};
pub use slos::{INTERVAL, Restored, Slos};
pub use snapshot::InvalidSnapshot;
