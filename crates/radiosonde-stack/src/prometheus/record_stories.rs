//! The tests of what is recorded: the values that follow from rates that are known.

use std::borrow::Cow;

use radiosonde_catalog::{
    HTTP_CLIENT_REQUEST_DURATION, HTTP_REQUEST_DURATION, Metric, RPC_CLIENT_REQUEST_DURATION,
    RPC_REQUEST_DURATION,
};

use super::stories::{Question, Test};
use crate::alerts::{Input, Scene, Story};
use crate::promql::Spelling;

/// Returns the tests of everything that is recorded of a service.
pub(super) fn tests(
    service: &str,
    scene: &Scene<'_>,
    spelling: &Spelling,
    is_recorded: impl Fn(&str) -> bool,
) -> Vec<Test> {
    let test = |part: &Part| {
        let known = part.known().filter(|known| is_recorded(&known.record));
        let known: Vec<_> = known.collect();
        let asks_histogram = known.iter().any(Known::is_percentile);
        let mut story = (part.story)(scene);
        // What is not kept is not played either.
        story.inputs.retain(|input| {
            let of_histogram = part
                .histogram
                .is_some_and(|histogram| input.series.starts_with(histogram.name()));
            asks_histogram || !of_histogram
        });
        let questions = known
            .iter()
            .map(|known| known.asked(service, part.histogram, scene, spelling));
        Test::new(part.name, &story, spelling, questions)
    };
    PARTS.iter().map(test).collect()
}

/// What happens, and what is known of it.
struct Part {
    name: &'static str,
    story: fn(&Scene<'_>) -> Story,
    /// Where the values of percentiles come from.
    histogram: Option<&'static Metric>,
    percentiles: &'static [Percentiles],
    known: &'static [Known],
}

impl Part {
    fn known(&self) -> impl Iterator<Item = Known> {
        let percentiles = self.percentiles.iter().flat_map(Percentiles::known);
        self.known.iter().cloned().chain(percentiles)
    }
}

const PARTS: &[Part] = &[
    Part {
        name: "requests and their durations",
        story: requests,
        histogram: Some(&HTTP_REQUEST_DURATION),
        percentiles: PERCENTILES_OF_REQUESTS,
        known: KNOWN_REQUESTS,
    },
    Part {
        name: "calls of gRPC and their durations",
        story: rpc,
        histogram: Some(&RPC_REQUEST_DURATION),
        percentiles: PERCENTILES_OF_RPC,
        known: KNOWN_RPC,
    },
    Part {
        name: "calls of others",
        story: calls,
        histogram: Some(&HTTP_CLIENT_REQUEST_DURATION),
        percentiles: PERCENTILES_OF_CALLS,
        known: KNOWN_CALLS,
    },
    Part {
        name: "calls of others over gRPC",
        story: rpc_calls,
        histogram: Some(&RPC_CLIENT_REQUEST_DURATION),
        percentiles: PERCENTILES_OF_RPC_CALLS,
        known: KNOWN_RPC_CALLS,
    },
    Part {
        name: "resources beside their limits",
        story: resources,
        histogram: None,
        percentiles: &[],
        known: KNOWN_RESOURCES,
    },
];

/// The percentiles of a histogram, of which so many values per second fall into its first buckets.
struct Percentiles {
    /// The series, without what follows the colon, which says which percentile it is.
    of: &'static str,
    shares: &'static [(&'static str, f64)],
    label: Label,
    rates: &'static [f64],
}

impl Percentiles {
    fn known(&self) -> impl Iterator<Item = Known> {
        self.shares.iter().map(|(name, share)| Known {
            record: format!("{}:{name}", self.of).into(),
            label: self.label,
            value: Value::Percentile(*share, self.rates),
        })
    }
}

/// A recorded series and what it is.
#[derive(Clone)]
struct Known {
    record: Cow<'static, str>,
    label: Label,
    value: Value,
}

#[derive(Clone, Copy)]
enum Value {
    Is(f64),
    /// The percentile of this share of a histogram, of which so many values per second fall into its first buckets.
    Percentile(f64, &'static [f64]),
    Absent,
}

impl Known {
    fn is_percentile(&self) -> bool {
        matches!(self.value, Value::Percentile(..))
    }

    fn asked(
        &self,
        service: &str,
        histogram: Option<&Metric>,
        scene: &Scene<'_>,
        spelling: &Spelling,
    ) -> Question {
        let label = self
            .label
            .map(|(label, value)| format!("{label}=\"{value}\""));
        let series = format!("{}{{{}}}", self.record, label.unwrap_or_default());
        let own = self
            .label
            .map(|(label, value)| format!(",{}=\"{value}\"", spelling.label_in(&series, label)));
        let labels = format!("{{job=\"{service}\"{}}}", own.unwrap_or_default());
        // Rates have the errors of binary fractions, and promtool compares to the last digit.
        let (expr, value) = match self.value {
            Value::Is(value) => (format!("round({series}, 0.0001)"), Some(value)),
            Value::Absent => (series, None),
            Value::Percentile(share, rates) => {
                let buckets = histogram.map(|histogram| scene.buckets(histogram));
                let known = buckets.and_then(|buckets| buckets.percentile(share, rates));
                let expr = match known {
                    Some(value) => format!("round({series} / {value}, 0.0001)"),
                    None => format!("{series} > bool 0"),
                };
                (expr, Some(1.0))
            }
        };
        Question {
            minute: END,
            expr: spelling.spell(&expr),
            answer: value.map(|value| (labels, value)),
        }
    }
}

/// Of one route every tenth request fails, and few are slow; of another all are well, and none has failed yet.
fn requests(scene: &Scene<'_>) -> Story {
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
    let orders = r#"method="GET",route="/orders",status="200","#;
    let orders = durations(scene, &HTTP_REQUEST_DURATION, orders, SOME_SLOW);
    let carts = r#"method="GET",route="/carts",status="200","#;
    let carts = durations(scene, &HTTP_REQUEST_DURATION, carts, ALL_QUICK);
    story(inputs.into_iter().chain(orders).chain(carts))
}

/// The same of two methods of gRPC.
fn rpc(scene: &Scene<'_>) -> Story {
    let call = |method: &str, status: &str, outcome: &str, rate| {
        let labels = format!(
            "rpc_system=\"grpc\",rpc_method=\"{method}\",rpc_status=\"{status}\",outcome=\"{outcome}\""
        );
        steady(format!("rpc_requests_total{{{labels}}}"), rate)
    };
    let inputs = [
        call("shop.Orders/Get", "OK", "ok", 9.0),
        call("shop.Orders/Get", "INTERNAL", "error", 1.0),
        call("shop.Carts/Get", "OK", "ok", 10.0),
        steady(
            r#"rpc_errors_total{rpc_system="grpc",rpc_method="shop.Orders/Get",error_type="INTERNAL"}"#,
            1.0,
        ),
    ];
    let orders = r#"rpc_system="grpc",rpc_method="shop.Orders/Get",rpc_status="OK","#;
    let orders = durations(scene, &RPC_REQUEST_DURATION, orders, SOME_SLOW);
    let carts = r#"rpc_system="grpc",rpc_method="shop.Carts/Get",rpc_status="OK","#;
    let carts = durations(scene, &RPC_REQUEST_DURATION, carts, ALL_QUICK);
    story(inputs.into_iter().chain(orders).chain(carts))
}

fn calls(scene: &Scene<'_>) -> Story {
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
    let durations = durations(scene, &HTTP_CLIENT_REQUEST_DURATION, labels, SOME_SLOW);
    story(inputs.into_iter().chain(durations))
}

fn rpc_calls(scene: &Scene<'_>) -> Story {
    let method = r#"rpc_system="grpc",rpc_method="shop.Stock/Get""#;
    let call = |server: &str, rate| {
        let labels = format!("{method},rpc_status=\"OK\",outcome=\"ok\",server=\"{server}\"");
        steady(format!("rpc_client_requests_total{{{labels}}}"), rate)
    };
    let failed = format!("{method},error_type=\"UNAVAILABLE\",server=\"billing\"");
    let inputs = [
        call("billing", 4.0),
        call("stock", 10.0),
        steady(format!("rpc_client_errors_total{{{failed}}}"), 0.5),
    ];
    let labels = format!("{method},rpc_status=\"OK\",server=\"stock\",");
    let durations = durations(scene, &RPC_CLIENT_REQUEST_DURATION, &labels, SOME_SLOW);
    story(inputs.into_iter().chain(durations))
}

/// One instance has limits, the other has none.
fn resources(_: &Scene<'_>) -> Story {
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

fn durations(scene: &Scene<'_>, histogram: &Metric, labels: &str, rates: &[f64]) -> Vec<Input> {
    let series = (histogram.name(), labels);
    scene.buckets(histogram).steady(series, rates)
}

fn steady(series: impl Into<String>, rate: f64) -> Input {
    Input::per_second(series, rate, rate)
}

fn story(inputs: impl IntoIterator<Item = Input>) -> Story {
    Story::of(inputs).lasting([5; 3], STEP)
}

/// How many values per second fall into the first buckets of a histogram.
const SOME_SLOW: &[f64] = &[5.0, 4.5, 0.4, 0.09, 0.01];
const ALL_QUICK: &[f64] = &[10.0];
const BOTH: &[f64] = &[15.0, 4.5, 0.4, 0.09, 0.01];

type Label = Option<(&'static str, &'static str)>;

const ORDERS: Label = Some(("route", "/orders"));
const CARTS: Label = Some(("route", "/carts"));
const RPC_ORDERS: Label = Some(("rpc_method", "shop.Orders/Get"));
const RPC_CARTS: Label = Some(("rpc_method", "shop.Carts/Get"));
const BILLING: Label = Some(("server", "billing"));
const STOCK: Label = Some(("server", "stock"));
const LIMITED: Label = Some(("instance", "a"));
const UNLIMITED: Label = Some(("instance", "b"));

const ALL: &[(&str, f64)] = &[("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)];
const P95: &[(&str, f64)] = &[("p95", 0.95)];

const PERCENTILES_OF_REQUESTS: &[Percentiles] = &[
    percentiles(
        "job_route:http_request_duration_seconds",
        ALL,
        ORDERS,
        SOME_SLOW,
    ),
    percentiles(
        "job_route:http_request_duration_seconds",
        ALL,
        CARTS,
        ALL_QUICK,
    ),
    percentiles("job:http_request_duration_seconds", ALL, None, BOTH),
];

const PERCENTILES_OF_RPC: &[Percentiles] = &[
    percentiles(
        "job_rpc_method:rpc_request_duration_seconds",
        ALL,
        RPC_ORDERS,
        SOME_SLOW,
    ),
    percentiles(
        "job_rpc_method:rpc_request_duration_seconds",
        ALL,
        RPC_CARTS,
        ALL_QUICK,
    ),
    percentiles("job:rpc_request_duration_seconds", ALL, None, BOTH),
];

const PERCENTILES_OF_CALLS: &[Percentiles] = &[percentiles(
    "job_server:http_client_request_duration_seconds",
    P95,
    STOCK,
    SOME_SLOW,
)];

const PERCENTILES_OF_RPC_CALLS: &[Percentiles] = &[percentiles(
    "job_server:rpc_client_request_duration_seconds",
    P95,
    STOCK,
    SOME_SLOW,
)];

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
];

const KNOWN_RPC: &[Known] = &[
    known("job_rpc_method:rpc_requests:rate5m", RPC_ORDERS, 10.0),
    known("job_rpc_method:rpc_requests:rate5m", RPC_CARTS, 10.0),
    known("job_rpc_method:rpc_errors:rate5m", RPC_ORDERS, 1.0),
    known("job_rpc_method:rpc_errors:rate5m", RPC_CARTS, 0.0),
    known("job_rpc_method:rpc_error_ratio:rate5m", RPC_ORDERS, 0.1),
    known("job_rpc_method:rpc_error_ratio:rate5m", RPC_CARTS, 0.0),
    known("job:rpc_requests:rate5m", None, 20.0),
    known("job:rpc_errors:rate5m", None, 1.0),
    known("job:rpc_error_ratio:rate5m", None, 0.05),
];

const KNOWN_CALLS: &[Known] = &[
    known("job_server:http_client_requests:rate5m", BILLING, 4.0),
    known("job_server:http_client_requests:rate5m", STOCK, 10.0),
    known("job_server:http_client_errors:rate5m", BILLING, 0.5),
    known("job_server:http_client_errors:rate5m", STOCK, 0.0),
];

const KNOWN_RPC_CALLS: &[Known] = &[
    known("job_server:rpc_client_requests:rate5m", BILLING, 4.0),
    known("job_server:rpc_client_requests:rate5m", STOCK, 10.0),
    known("job_server:rpc_client_errors:rate5m", BILLING, 0.5),
    known("job_server:rpc_client_errors:rate5m", STOCK, 0.0),
];

const KNOWN_RESOURCES: &[Known] = &[
    known("instance:process_cpu:ratio", LIMITED, 0.25),
    known("instance:process_memory:ratio", LIMITED, 0.75),
    known("instance:process_open_fds:ratio", LIMITED, 0.0625),
    unknown("instance:process_cpu:ratio", UNLIMITED),
    unknown("instance:process_memory:ratio", UNLIMITED),
];

const fn percentiles(
    of: &'static str,
    shares: &'static [(&'static str, f64)],
    label: Label,
    rates: &'static [f64],
) -> Percentiles {
    Percentiles {
        of,
        shares,
        label,
        rates,
    }
}

const fn known(record: &'static str, label: Label, value: f64) -> Known {
    Known {
        record: Cow::Borrowed(record),
        label,
        value: Value::Is(value),
    }
}

const fn unknown(record: &'static str, label: Label) -> Known {
    Known {
        record: Cow::Borrowed(record),
        label,
        value: Value::Absent,
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
        let known = PARTS.iter().flat_map(Part::known);
        let known: BTreeSet<_> = known.map(|known| known.record).collect();
        let records = RECORDS.iter().flat_map(|(_, records)| *records);
        // Buckets are what percentiles are made from.
        let names = records.map(|record| record.name);
        let names = names
            .filter(|name| !name.contains("_le:"))
            .map(Cow::Borrowed);
        assert_eq!(known, names.collect());
    }
}
