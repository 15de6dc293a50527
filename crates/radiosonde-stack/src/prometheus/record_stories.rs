//! The tests of what is recorded: the values that follow from rates that are known.

use super::stories::{Question, Test};
use crate::alerts::{Input, Story};
use crate::promql::Spelling;

/// Returns the tests of everything that is recorded of a service.
pub(super) fn tests(service: &str, spelling: &Spelling) -> Vec<Test> {
    let parts = [
        ("requests and their durations", requests(), KNOWN_REQUESTS),
        ("calls of others", calls(), KNOWN_CALLS),
        (
            "resources beside their limits",
            resources(),
            KNOWN_RESOURCES,
        ),
    ];
    let test = |(name, story, known): (&str, Story, &[Known])| {
        let questions = known.iter().map(|known| known.asked(service, spelling));
        Test::new(name, &story, spelling, questions)
    };
    parts.into_iter().map(test).collect()
}

/// A recorded series and its value, or that it has none.
struct Known {
    record: &'static str,
    label: Option<(&'static str, &'static str)>,
    value: Option<f64>,
}

impl Known {
    fn asked(&self, service: &str, spelling: &Spelling) -> Question {
        let label = self
            .label
            .map(|(label, value)| format!("{label}=\"{value}\""));
        let label = label.unwrap_or_default();
        // Rates have the errors of binary fractions, and promtool compares to the last digit.
        let expr = format!("round({}{{{label}}}, 0.0001)", self.record);
        let own = self
            .label
            .map(|(label, value)| format!(",{}=\"{value}\"", spelling.label_in(&expr, label)));
        let labels = format!("{{job=\"{service}\"{}}}", own.unwrap_or_default());
        Question {
            minute: END,
            expr: spelling.spell(&expr),
            answer: self.value.map(|value| (labels, value)),
        }
    }
}

/// Of one route every tenth request fails, and few are slow; of another all are well, and none has failed yet.
fn requests() -> Story {
    let request = |route: &str, status: &str, outcome: &str, rate| {
        let labels =
            format!("method=\"GET\",route=\"{route}\",status=\"{status}\",outcome=\"{outcome}\"");
        steady(format!("http_requests_total{{{labels}}}"), rate)
    };
    let inputs = [
        request("/orders", "200", "ok", 9.0),
        request("/orders", "500", "error", 1.0),
        request("/carts", "200", "ok", 10.0),
        steady(
            r#"http_errors_total{method="GET",route="/orders",error_type="500"}"#,
            1.0,
        ),
    ];
    let name = "http_request_duration_seconds";
    let orders = r#"method="GET",route="/orders",status="200","#;
    let orders = durations(name, orders, [5.0, 4.5, 0.4, 0.09, 0.01]);
    let carts = r#"method="GET",route="/carts",status="200","#;
    let carts = durations(name, carts, [10.0, 0.0, 0.0, 0.0, 0.0]);
    story(inputs.into_iter().chain(orders).chain(carts))
}

fn calls() -> Story {
    let call = |server: &str, rate| {
        let labels = format!("method=\"GET\",server=\"{server}\",status=\"200\",outcome=\"ok\"");
        steady(format!("http_client_requests_total{{{labels}}}"), rate)
    };
    let inputs = [
        call("billing", 4.0),
        call("stock", 10.0),
        steady(
            r#"http_client_errors_total{method="GET",server="billing",error_type="503"}"#,
            0.5,
        ),
    ];
    let labels = r#"method="GET",server="stock",status="200","#;
    let name = "http_client_request_duration_seconds";
    let durations = durations(name, labels, [5.0, 4.5, 0.4, 0.09, 0.01]);
    story(inputs.into_iter().chain(durations))
}

/// One instance has limits, the other has none.
fn resources() -> Story {
    let is = |series: &str, value| Input::is(series, value, value);
    story([
        steady(r#"process_cpu_seconds_total{instance="a"}"#, 0.5),
        is(r#"process_cgroup_cpu_limit_cores{instance="a"}"#, 2.0),
        is(r#"process_resident_memory_bytes{instance="a"}"#, 750e6),
        is(r#"process_cgroup_memory_limit_bytes{instance="a"}"#, 1e9),
        is(r#"process_open_fds{instance="a"}"#, 64.0),
        is(r#"process_max_fds{instance="a"}"#, 1_024.0),
        steady(r#"process_cpu_seconds_total{instance="b"}"#, 0.5),
        is(r#"process_cgroup_cpu_limit_cores{instance="b"}"#, 0.0),
        is(r#"process_resident_memory_bytes{instance="b"}"#, 750e6),
    ])
}

/// So many values per second up to 0.1 s, 0.2 s, 0.4 s, 1 s, and above.
fn durations(name: &str, labels: &str, rates: [f64; 5]) -> Vec<Input> {
    let bounds = ["0.1", "0.2", "0.4", "1.0", "+Inf"];
    let buckets: Vec<_> = bounds
        .into_iter()
        .zip(rates)
        .map(|(bound, rate)| (bound, rate, rate))
        .collect();
    Input::buckets(name, labels, &buckets).collect()
}

fn steady(series: impl Into<String>, rate: f64) -> Input {
    Input::per_second(series, rate, rate)
}

fn story(inputs: impl IntoIterator<Item = Input>) -> Story {
    Story::of(inputs).lasting([5; 3], STEP)
}

const ORDERS: Option<(&str, &str)> = Some(("route", "/orders"));
const CARTS: Option<(&str, &str)> = Some(("route", "/carts"));
const BILLING: Option<(&str, &str)> = Some(("server", "billing"));
const STOCK: Option<(&str, &str)> = Some(("server", "stock"));
const LIMITED: Option<(&str, &str)> = Some(("instance", "a"));
const UNLIMITED: Option<(&str, &str)> = Some(("instance", "b"));

/// Percentiles lie on a line between the bounds around them.
const KNOWN_REQUESTS: &[Known] = &[
    known("job_route:http_requests:rate5m", ORDERS, 10.0),
    known("job_route:http_requests:rate5m", CARTS, 10.0),
    known("job_route:http_errors:rate5m", ORDERS, 1.0),
    known("job_route:http_errors:rate5m", CARTS, 0.0),
    known("job_route:http_error_ratio:rate5m", ORDERS, 0.1),
    known("job_route:http_error_ratio:rate5m", CARTS, 0.0),
    known("job:http_requests:rate5m", None, 20.0),
    known("job:http_errors:rate5m", None, 1.0),
    known("job:http_error_ratio:rate5m", None, 0.05),
    known("job_route:http_request_duration_seconds:p50", ORDERS, 0.1),
    known("job_route:http_request_duration_seconds:p95", ORDERS, 0.2),
    known("job_route:http_request_duration_seconds:p99", ORDERS, 0.4),
    known("job_route:http_request_duration_seconds:p999", ORDERS, 1.0),
    known("job_route:http_request_duration_seconds:p50", CARTS, 0.05),
    known("job_route:http_request_duration_seconds:p95", CARTS, 0.095),
    known("job_route:http_request_duration_seconds:p99", CARTS, 0.099),
    known(
        "job_route:http_request_duration_seconds:p999",
        CARTS,
        0.0999,
    ),
    known("job:http_request_duration_seconds:p50", None, 0.0667),
    known("job:http_request_duration_seconds:p95", None, 0.1889),
    known("job:http_request_duration_seconds:p99", None, 0.35),
    known("job:http_request_duration_seconds:p999", None, 0.9333),
];

const KNOWN_CALLS: &[Known] = &[
    known("job_server:http_client_requests:rate5m", BILLING, 4.0),
    known("job_server:http_client_requests:rate5m", STOCK, 10.0),
    known("job_server:http_client_errors:rate5m", BILLING, 0.5),
    known("job_server:http_client_errors:rate5m", STOCK, 0.0),
    known(
        "job_server:http_client_request_duration_seconds:p95",
        STOCK,
        0.2,
    ),
];

const KNOWN_RESOURCES: &[Known] = &[
    known("instance:process_cpu:ratio", LIMITED, 0.25),
    known("instance:process_memory:ratio", LIMITED, 0.75),
    known("instance:process_open_fds:ratio", LIMITED, 0.0625),
    unknown("instance:process_cpu:ratio", UNLIMITED),
    unknown("instance:process_memory:ratio", UNLIMITED),
];

const fn known(
    record: &'static str,
    label: Option<(&'static str, &'static str)>,
    value: f64,
) -> Known {
    let value = Some(value);
    Known {
        record,
        label,
        value,
    }
}

const fn unknown(record: &'static str, label: Option<(&'static str, &'static str)>) -> Known {
    Known {
        record,
        label,
        value: None,
    }
}

/// The length of a step of the tests, in minutes.
pub(super) const STEP: u32 = 1;

/// When it is asked: after three stretches of five minutes.
const END: u32 = 14;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::prometheus::RECORDS;

    #[test]
    fn of_everything_that_is_recorded_a_value_is_known() {
        let known = [KNOWN_REQUESTS, KNOWN_CALLS, KNOWN_RESOURCES]
            .into_iter()
            .flatten();
        let known: BTreeSet<_> = known.map(|known| known.record).collect();
        let records = RECORDS.iter().flat_map(|(_, records)| *records);
        // Buckets are what percentiles are made from.
        let names = records.map(|record| record.name);
        let names = names.filter(|name| !name.contains("_le:"));
        assert_eq!(known, names.collect());
    }
}
