//! Alerts about what a service measures of its own: orders that stay away, exports that fail, a score that is too low.
//!
//! Nobody but the service's team knows what is usual of them, so they are set, not shipped.

mod alert;
mod invalid;
mod spelled;

use super::Category;

pub use alert::{Condition, DeclaredAlert};
pub use invalid::InvalidAlert;
pub(in crate::alerts) use spelled::STOPPED;
pub(crate) use spelled::{Spelled, literal};

/// The category of these alerts, which are not in it: each service has its own.
pub(crate) const DECLARED: Category = Category {
    name: "declared",
    about: "What services measure of their own.",
    alerts: &[],
};
