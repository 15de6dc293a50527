//! What rules record, as the boards read it.

pub(crate) const REQUESTS: &str = "job:http_requests:rate5m";
pub(crate) const ERRORS: &str = "job:http_errors:rate5m";
pub(crate) const ERROR_RATIO: &str = "job:http_error_ratio:rate5m";
pub(crate) const P50: &str = "job:http_request_duration_seconds:p50";
pub(crate) const P95: &str = "job:http_request_duration_seconds:p95";
pub(crate) const P99: &str = "job:http_request_duration_seconds:p99";
pub(crate) const P999: &str = "job:http_request_duration_seconds:p999";
pub(crate) const ROUTE_REQUESTS: &str = "job_route:http_requests:rate5m";
pub(crate) const ROUTE_ERROR_RATIO: &str = "job_route:http_error_ratio:rate5m";
pub(crate) const ROUTE_P50: &str = "job_route:http_request_duration_seconds:p50";
pub(crate) const ROUTE_P95: &str = "job_route:http_request_duration_seconds:p95";
pub(crate) const ROUTE_P99: &str = "job_route:http_request_duration_seconds:p99";
pub(crate) const ROUTE_P999: &str = "job_route:http_request_duration_seconds:p999";
pub(crate) const ERROR_BUDGET_REMAINING: &str = "slo:period_error_budget_remaining:ratio";
pub(crate) const CURRENT_BURN_RATE: &str = "slo:current_burn_rate:ratio";
pub(crate) const OBJECTIVE: &str = "slo:objective:ratio";
pub(crate) const ERROR_BUDGET: &str = "slo:error_budget:ratio";
pub(crate) const PERIOD_ERROR_RATIO: &str = "slo:error_ratio:period";
