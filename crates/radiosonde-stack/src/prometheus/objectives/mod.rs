//! Objectives as rules: what they count, recorded for every window, and the alerts of their tiers.
//!
//! Bad events and all events are recorded apart and divided last. An average of ratios would weigh a quiet hour as much as
//! a busy one, and be no number at all after an hour without requests. The long windows add up *slices*: means of the rates
//! of the shortest window, which follow each other at the same distance, so that the quotient is exact, and costs one sample for
//! each slice instead of one for each evaluation. Between two slices no such sum changes, so none is taken. As with any rate of
//! Prometheus, time of which nothing is known had no events: the rate of a window times its length is what was counted in it.
//!
//! One rule records a window for all objectives of a service: what a rule costs is mostly that it is there.

mod alerts;
mod records;

pub(crate) use alerts::{CATEGORY, EXHAUSTED, NO_TRAFFIC, OF_OBJECTIVES, PAGE, TICKET, TIERS};
pub(super) use alerts::{Slo, is_quick};
pub(super) use records::Slos;
