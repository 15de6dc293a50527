//! The same series with `prometheus-client`.

use std::fmt::Debug;
use std::time::SystemTime;

use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::prometheus_protobuf::encode_to_vec;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, NativeHistogramConfig};
use prometheus_client::registry::Registry;
use radiosonde_catalog::{HTTP_ERRORS, HTTP_REQUEST_DURATION};

use crate::series::{VALUES, labels};
use crate::trace_id::TraceId;

type WithExemplars = HistogramWithExemplars<[(&'static str, TraceId); 1]>;

pub(crate) fn counters(series: usize) -> Registry {
    filled(
        HTTP_ERRORS.name(),
        series,
        Counter::default,
        |counter: &Counter| {
            counter.inc();
        },
    )
}

pub(crate) fn histograms(series: usize) -> Registry {
    let make = || Histogram::new(HTTP_REQUEST_DURATION.bounds().iter().copied());
    filled(HTTP_REQUEST_DURATION.name(), series, make, |histogram| {
        for value in VALUES {
            histogram.observe(value);
        }
    })
}

pub(crate) fn with_exemplars(series: usize) -> Registry {
    let make = || WithExemplars::new(HTTP_REQUEST_DURATION.bounds().iter().copied());
    filled(HTTP_REQUEST_DURATION.name(), series, make, |histogram| {
        for value in VALUES {
            let labels = [("trace_id", TraceId([0xab; 16]))];
            histogram.observe(value, Some(labels), Some(SystemTime::now()));
        }
    })
}

/// At most as many buckets as ours.
pub(crate) fn exponential(series: usize, values: &[f64]) -> Registry {
    let make = || Histogram::new_native(NativeHistogramConfig::default().max_buckets(160));
    filled(HTTP_REQUEST_DURATION.name(), series, make, |histogram| {
        for value in values {
            histogram.observe(*value);
        }
    })
}

/// Its text is always OpenMetrics.
pub(crate) fn text(registry: &Registry) -> String {
    let mut text = String::new();
    encode(&mut text, registry).expect("writing to a string");
    text
}

pub(crate) fn protobuf(registry: &Registry) -> Vec<u8> {
    encode_to_vec(registry).expect("writing to a buffer")
}

fn filled<M: EncodeMetric + TypedMetric + Debug + Send + Sync + 'static>(
    name: &str,
    series: usize,
    make: fn() -> M,
    record: impl Fn(&M),
) -> Registry {
    let family: Family<[(&'static str, String); 3], M> = Family::new_with_constructor(make);
    for series in 0..series {
        let (method, route, status) = labels(series);
        let labels = [
            ("method", method.to_owned()),
            ("route", route),
            ("status", status.to_owned()),
        ];
        record(&family.get_or_create(&labels));
    }
    let mut registry = Registry::default();
    registry.register(name, HTTP_REQUEST_DURATION.help(), family);
    registry
}
