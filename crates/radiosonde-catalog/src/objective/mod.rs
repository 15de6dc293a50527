//! Objectives: what a service promises about its requests, as data.
//!
//! An *objective* says which share of the requests of a *period* has to be good: answered (availability), or answered
//! within a bound (latency). The rest is the *error budget*. The *burn rate* of a window is the share of bad requests in
//! it, in units of the budget: at 1 the budget lasts exactly for the period. A *tier* is a pair of windows and the burn rate
//! above which somebody is told.
//!
//! The terms and the tiers follow the Site Reliability Workbook of Google, chapter 5, "Alerting on SLOs".

mod decimal;
mod declared;
mod invalid;
mod set;
mod tier;

pub use decimal::Decimal;
pub use declared::{LowTraffic, Objective, ObjectiveKind, Scope};
pub use invalid::InvalidObjective;
pub use set::{Objectives, is_team};
pub use tier::{Severity, Tier, WINDOWS};
