//! Objectives: what the service promises about its requests, and how it keeps that.
//!
//! An [`Objective`] says which share of requests has to be answered, or answered in time. What may fail is its *error
//! budget*; the *burn rate* says how fast that is spent: at 1 it lasts exactly for the period.
//! [`Config::objective`](crate::Config::objective) declares one; from then on
//!
//! - the bound of a latency objective is a bound of `http_request_duration_seconds`,
//! - [`Sonde::slos`](crate::Sonde::slos), `/slo` and the metrics `slo_*` say how its budget stands, without a Prometheus,
//! - the log says when that changes,
//! - the catalogue has it, from which `radiosonde-stack` makes rules and alerts.
//!
//! Nothing is done for it while a request is served: what the layer records is added up every ten seconds, and whenever
//! somebody asks.
//!
//! # Examples
//!
//! ```
//! use radiosonde::Config;
//! use radiosonde::slo::{BudgetState, Objective};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new("checkout").objective(Objective::availability("api", 99.9));
//! let sonde = radiosonde::init(config)?;
//!
//! assert_eq!(sonde.slos().worst(), BudgetState::Kept);
//! assert!(sonde.metrics().render().contains("slo_bad_events_total{slo=\"api\"} 0\n"));
//! # Ok(())
//! # }
//! ```

mod keeper;

pub(crate) use keeper::Keeper;
#[doc(inline)]
pub use radiosonde_catalog::objective::{
    Decimal, InvalidObjective, LowTraffic, Objective, ObjectiveKind, Objectives, Scope, Severity,
    Tier,
};
#[doc(inline)]
pub use radiosonde_metrics::slo::{
    BudgetReport, BudgetState, Change, Counts, Slos, TierReport, WindowReport,
};

pub use crate::config::SloOptions;
