//! What is recorded of every service: rates, shares of errors, percentiles and resources.
//!
//! Names are made as Prometheus advises: the labels that are left, what was measured, what was done to it.

use std::time::Duration;

use super::rules::{Group, RecordRule, Rule};
use crate::duration::written;
use crate::promql::Spelling;

/// A recorded series.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Record {
    /// Its name.
    pub name: &'static str,
    /// Its expression, in the default spelling and without the matcher of the service.
    pub expr: &'static str,
}

/// Returns the groups that record for one service, without what is not wanted.
pub(super) fn groups(
    service: &str,
    spelling: &Spelling,
    evaluation_interval: Duration,
    is_wanted: impl Fn(&Record) -> bool,
) -> Vec<Group> {
    let rule = |record: &Record| {
        Rule::Record(RecordRule {
            name: record.name.to_owned(),
            expr: spelling.spell(record.expr),
            labels: Vec::new(),
        })
    };
    let group = |(name, records): &(&str, &[Record])| Group {
        name: format!("{service}.record.{name}"),
        interval: SECOND
            .contains(name)
            .then(|| written(evaluation_interval * 2)),
        rules: records
            .iter()
            .filter(|record| is_wanted(record))
            .map(rule)
            .collect(),
    };
    let groups = RECORDS.iter().map(group);
    groups.filter(|group| !group.rules.is_empty()).collect()
}

/// Everything that is recorded, by what it is about. Within one group, what needs another stands after it.
pub const RECORDS: &[(&str, &[Record])] = &[
    ("requests", REQUESTS),
    ("durations", DURATIONS),
    ("grpc", RPC),
    ("grpc_durations", RPC_DURATIONS),
    ("dependencies", DEPENDENCIES),
    ("resources", RESOURCES),
];

/// What is evaluated every second time: percentiles of five minutes cost the most, and half a minute hardly moves them.
const SECOND: [&str; 2] = ["durations", "grpc_durations"];

const REQUESTS: &[Record] = &[
    record(
        "job_route:http_requests:rate5m",
        "sum by (job, route) (rate(http_requests_total[5m]))",
    ),
    // The second half keeps a route without errors at 0, where it would be absent.
    record(
        "job_route:http_errors:rate5m",
        "sum by (job, route) (rate(http_errors_total[5m]))\n  or 0 * job_route:http_requests:rate5m",
    ),
    record(
        "job_route:http_error_ratio:rate5m",
        "job_route:http_errors:rate5m / (job_route:http_requests:rate5m > 0)",
    ),
    record(
        "job:http_requests:rate5m",
        "sum by (job) (job_route:http_requests:rate5m)",
    ),
    record(
        "job:http_errors:rate5m",
        "sum by (job) (job_route:http_errors:rate5m)",
    ),
    record(
        "job:http_error_ratio:rate5m",
        "job:http_errors:rate5m / (job:http_requests:rate5m > 0)",
    ),
];

const DURATIONS: &[Record] = &[
    // Once, for all percentiles: the rates of the buckets are what costs.
    record(
        "job_route_le:http_request_duration_seconds_bucket:rate5m",
        "sum by (job, route, le) (rate(http_request_duration_seconds_bucket[5m]))",
    ),
    record(
        "job_le:http_request_duration_seconds_bucket:rate5m",
        "sum by (job, le) (job_route_le:http_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job_route:http_request_duration_seconds:p50",
        "histogram_quantile(0.5, job_route_le:http_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job_route:http_request_duration_seconds:p95",
        "histogram_quantile(0.95, job_route_le:http_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job_route:http_request_duration_seconds:p99",
        "histogram_quantile(0.99, job_route_le:http_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job_route:http_request_duration_seconds:p999",
        "histogram_quantile(0.999, job_route_le:http_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job:http_request_duration_seconds:p50",
        "histogram_quantile(0.5, job_le:http_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job:http_request_duration_seconds:p95",
        "histogram_quantile(0.95, job_le:http_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job:http_request_duration_seconds:p99",
        "histogram_quantile(0.99, job_le:http_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job:http_request_duration_seconds:p999",
        "histogram_quantile(0.999, job_le:http_request_duration_seconds_bucket:rate5m)",
    ),
];

const RPC: &[Record] = &[
    record(
        "job_rpc_method:rpc_requests:rate5m",
        "sum by (job, rpc_method) (rate(rpc_requests_total[5m]))",
    ),
    // The second half keeps a method without errors at 0, where it would be absent.
    record(
        "job_rpc_method:rpc_errors:rate5m",
        "sum by (job, rpc_method) (rate(rpc_errors_total[5m]))\n  or 0 * job_rpc_method:rpc_requests:rate5m",
    ),
    record(
        "job_rpc_method:rpc_error_ratio:rate5m",
        "job_rpc_method:rpc_errors:rate5m / (job_rpc_method:rpc_requests:rate5m > 0)",
    ),
    record(
        "job:rpc_requests:rate5m",
        "sum by (job) (job_rpc_method:rpc_requests:rate5m)",
    ),
    record(
        "job:rpc_errors:rate5m",
        "sum by (job) (job_rpc_method:rpc_errors:rate5m)",
    ),
    record(
        "job:rpc_error_ratio:rate5m",
        "job:rpc_errors:rate5m / (job:rpc_requests:rate5m > 0)",
    ),
];

const RPC_DURATIONS: &[Record] = &[
    // Once, for all percentiles: the rates of the buckets are what costs.
    record(
        "job_rpc_method_le:rpc_request_duration_seconds_bucket:rate5m",
        "sum by (job, rpc_method, le) (rate(rpc_request_duration_seconds_bucket[5m]))",
    ),
    record(
        "job_le:rpc_request_duration_seconds_bucket:rate5m",
        "sum by (job, le) (job_rpc_method_le:rpc_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job_rpc_method:rpc_request_duration_seconds:p50",
        "histogram_quantile(0.5, job_rpc_method_le:rpc_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job_rpc_method:rpc_request_duration_seconds:p95",
        "histogram_quantile(0.95, job_rpc_method_le:rpc_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job_rpc_method:rpc_request_duration_seconds:p99",
        "histogram_quantile(0.99, job_rpc_method_le:rpc_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job_rpc_method:rpc_request_duration_seconds:p999",
        "histogram_quantile(0.999, job_rpc_method_le:rpc_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job:rpc_request_duration_seconds:p50",
        "histogram_quantile(0.5, job_le:rpc_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job:rpc_request_duration_seconds:p95",
        "histogram_quantile(0.95, job_le:rpc_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job:rpc_request_duration_seconds:p99",
        "histogram_quantile(0.99, job_le:rpc_request_duration_seconds_bucket:rate5m)",
    ),
    record(
        "job:rpc_request_duration_seconds:p999",
        "histogram_quantile(0.999, job_le:rpc_request_duration_seconds_bucket:rate5m)",
    ),
];

const DEPENDENCIES: &[Record] = &[
    record(
        "job_server:http_client_requests:rate5m",
        "sum by (job, server) (rate(http_client_requests_total[5m]))",
    ),
    record(
        "job_server:http_client_errors:rate5m",
        "sum by (job, server) (rate(http_client_errors_total[5m]))\n  or 0 * job_server:http_client_requests:rate5m",
    ),
    record(
        "job_server:http_client_request_duration_seconds:p95",
        "histogram_quantile(\n  0.95,\n  sum by (job, server, le) (rate(http_client_request_duration_seconds_bucket[5m]))\n)",
    ),
    record(
        "job_server:rpc_client_requests:rate5m",
        "sum by (job, server) (rate(rpc_client_requests_total[5m]))",
    ),
    record(
        "job_server:rpc_client_errors:rate5m",
        "sum by (job, server) (rate(rpc_client_errors_total[5m]))\n  or 0 * job_server:rpc_client_requests:rate5m",
    ),
    record(
        "job_server:rpc_client_request_duration_seconds:p95",
        "histogram_quantile(\n  0.95,\n  sum by (job, server, le) (rate(rpc_client_request_duration_seconds_bucket[5m]))\n)",
    ),
];

const RESOURCES: &[Record] = &[
    record(
        "instance:process_cpu:ratio",
        "rate(process_cpu_seconds_total[5m]) / (process_cgroup_cpu_limit_cores > 0)",
    ),
    record(
        "instance:process_memory:ratio",
        "process_resident_memory_bytes / (process_cgroup_memory_limit_bytes > 0)",
    ),
    record(
        "instance:process_open_fds:ratio",
        "process_open_fds / (process_max_fds > 0)",
    ),
];

const fn record(name: &'static str, expr: &'static str) -> Record {
    Record { name, expr }
}
