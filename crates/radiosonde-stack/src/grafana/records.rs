//! What rules record, as the boards read it.

pub(crate) const REQUESTS: &str = "job:http_requests:rate5m";
pub(crate) const ERRORS: &str = "job:http_errors:rate5m";
pub(crate) const ERROR_RATIO: &str = "job:http_error_ratio:rate5m";
pub(crate) const P95: &str = "job:http_request_duration_seconds:p95";
pub(crate) const ERROR_BUDGET_REMAINING: &str = "slo:period_error_budget_remaining:ratio";
pub(crate) const CURRENT_BURN_RATE: &str = "slo:current_burn_rate:ratio";
pub(crate) const OBJECTIVE: &str = "slo:objective:ratio";
pub(crate) const PERIOD_ERROR_RATIO: &str = "slo:error_ratio:period";
