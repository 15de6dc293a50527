//! The protobuf format, read by a decoder that is not ours.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{counter, gauge, histogram};
use prost::Message as _;
use radiosonde_catalog::{HTTP_ACTIVE_CONNECTIONS, HTTP_REQUEST_DURATION};
use radiosonde_metrics::{Bounds, Exposition, Registry, RegistryOptions, SampledSpan};

use radiosonde_testkit::strict::messages::{
    BucketSpan, Exemplar, Histogram, Metric, MetricFamily, Timestamp,
};

const SPAN: SampledSpan = SampledSpan::new([0x0a; 16], [0xf0; 8]);

/// Records, and reads all families but the registry's own.
fn families(record: impl FnOnce(&Registry)) -> BTreeMap<String, MetricFamily> {
    let options = RegistryOptions::new()
        .bounds("wait_seconds", Bounds::new([1.0, 2.0]).unwrap())
        .bounds_by_prefix("native", Bounds::exponential())
        .exemplars(|| Some(SPAN));
    let registry = Registry::with_options(options);
    metrics::with_local_recorder(&registry, || record(&registry));
    let out = registry.render_as(Exposition::Protobuf);
    let mut rest = out.as_slice();
    let mut families = BTreeMap::new();
    while !rest.is_empty() {
        let family = MetricFamily::decode_length_delimited(&mut rest).unwrap();
        families.insert(family.name.clone(), family);
    }
    families.retain(|name, _| !name.starts_with("radiosonde_"));
    families
}

fn only(mut metrics: Vec<Metric>) -> Metric {
    assert_eq!(metrics.len(), 1, "{metrics:?}");
    metrics.remove(0)
}

fn labels(metric: &Metric) -> Vec<(&str, &str)> {
    let pairs = metric.label.iter();
    pairs.map(|pair| (&*pair.name, &*pair.value)).collect()
}

fn is_recent(timestamp: Option<&Timestamp>) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    timestamp.is_some_and(|time| (0..3600).contains(&(now.as_secs().cast_signed() - time.seconds)))
}

fn is_of_the_span(exemplar: &Exemplar) -> bool {
    let label = |index: usize| (&*exemplar.label[index].name, &*exemplar.label[index].value);
    label(0) == ("trace_id", &*SPAN.trace_id())
        && label(1) == ("span_id", &*SPAN.span_id())
        && is_recent(exemplar.timestamp.as_ref())
}

#[test]
fn numbers_come_with_their_kind_labels_help_and_unit() {
    let families = families(|registry| {
        metrics::describe_counter!("orders_total", "Orders \"as they came\".");
        counter!("orders_total", "kind" => "a\"b\\\n", "empty" => "").increment(2);
        metrics::describe_gauge!("size_bytes", metrics::Unit::Bytes, "");
        gauge!("size_bytes").set(-1.5);
        let active = registry.up_down_counter(&HTTP_ACTIVE_CONNECTIONS, &["GET"]);
        active.add(-3);
    });
    let orders = &families["orders_total"];
    assert_eq!(
        (orders.kind, &*orders.help, &*orders.unit),
        (0, "Orders \"as they came\".", "")
    );
    let order = only(orders.metric.clone());
    assert_eq!(labels(&order), [("kind", "a\"b\\\n")]);
    let counter = order.counter.unwrap();
    assert_eq!(counter.value.to_bits(), 2.0_f64.to_bits());
    assert!(is_recent(counter.created.as_ref()));

    let size = &families["size_bytes"];
    assert_eq!((size.kind, &*size.unit), (1, "bytes"));
    assert_eq!(
        only(size.metric.clone()).gauge.unwrap().value.to_bits(),
        (-1.5_f64).to_bits()
    );
    let active = only(families["http_active_connections"].metric.clone());
    assert_eq!(active.gauge.unwrap().value.to_bits(), (-3.0_f64).to_bits());
}

#[test]
fn a_histogram_comes_with_cumulative_buckets_and_exemplars() {
    let families = families(|registry| {
        for seconds in [0.5, 0.7, 9.0] {
            histogram!("wait_seconds").record(seconds);
        }
        let durations = registry.histogram(&HTTP_REQUEST_DURATION, &["GET", "/", "200"]);
        durations.record_in(0.003, None);
    });
    assert_eq!(families["wait_seconds"].kind, 4);
    let wait = only(families["wait_seconds"].metric.clone())
        .histogram
        .unwrap();
    assert_eq!(
        (wait.sample_count, wait.sample_sum.to_bits()),
        (3, 10.2_f64.to_bits())
    );
    let buckets: Vec<_> = wait
        .bucket
        .iter()
        .map(|bucket| {
            let exemplar = bucket.exemplar.as_ref();
            assert!(exemplar.is_none_or(is_of_the_span), "{bucket:?}");
            (
                bucket.upper_bound,
                bucket.cumulative_count,
                exemplar.map(|exemplar| exemplar.value),
            )
        })
        .collect();
    assert_eq!(
        buckets,
        [
            (1.0, 2, Some(0.5)),
            (2.0, 2, None),
            (f64::INFINITY, 3, Some(9.0))
        ]
    );
    assert!(wait.schema.is_none() && is_recent(wait.created.as_ref()));

    let durations = &families["http_request_duration_seconds"];
    assert_eq!(durations.unit, "seconds");
    let durations = only(durations.metric.clone());
    assert_eq!(
        labels(&durations),
        [("method", "GET"), ("route", "/"), ("status", "200")]
    );
    let buckets = durations.histogram.unwrap().bucket;
    assert!(buckets.len() == 15 && buckets.iter().all(|bucket| bucket.exemplar.is_none()));
}

/// The counts of adjacent buckets, by the index that Prometheus gives the first.
fn counts(histogram: &Histogram) -> (i32, Vec<i64>) {
    let [span] = &*histogram.positive_span else {
        panic!("{histogram:?}");
    };
    assert_eq!(span.length as usize, histogram.positive_delta.len());
    let running = histogram.positive_delta.iter().scan(0, |count, delta| {
        *count += delta;
        Some(*count)
    });
    (span.offset, running.collect())
}

#[test]
fn a_native_histogram_comes_with_the_buckets_that_followed_its_values() {
    let families = families(|_| {
        for value in [1.0, 1.5, 2.0, 2.0, 8.0] {
            histogram!("native_seconds").record(value);
        }
        for value in [0.0, -3.0] {
            histogram!("native_both").record(value);
        }
    });
    let native = only(families["native_seconds"].metric.clone())
        .histogram
        .unwrap();
    assert_eq!(
        (native.sample_count, native.sample_sum.to_bits()),
        (5, 14.5_f64.to_bits())
    );
    assert!(native.bucket.is_empty() && native.exemplars.iter().all(is_of_the_span));
    // Three doublings in 160 buckets: 32 each. By the definition of Prometheus a bucket ends where its index says.
    assert_eq!(native.schema, Some(5));
    let (offset, counts) = counts(&native);
    let filled: Vec<_> = (offset..)
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .collect();
    let of_one_and_a_half = 19; // 32 * log2(1.5), rounded up
    assert_eq!(filled, [(0, 1), (of_one_and_a_half, 1), (32, 2), (96, 1)]);

    let both = only(families["native_both"].metric.clone())
        .histogram
        .unwrap();
    assert_eq!(
        (both.zero_count, both.zero_threshold.to_bits()),
        (1, 2_f64.powi(-128).to_bits())
    );
    assert_eq!(
        (both.negative_delta.as_slice(), both.positive_delta.len()),
        (&[1][..], 0)
    );
    assert_eq!(both.negative_span.len(), 1);
}

#[test]
fn a_native_histogram_without_values_is_one_all_the_same() {
    let families = families(|_| {
        let _ = histogram!("native_empty");
    });
    let empty = only(families["native_empty"].metric.clone())
        .histogram
        .unwrap();
    assert_eq!((empty.sample_count, empty.schema), (0, Some(8)));
    assert_eq!(
        empty.positive_span,
        [BucketSpan {
            offset: 0,
            length: 0
        }]
    );
}
