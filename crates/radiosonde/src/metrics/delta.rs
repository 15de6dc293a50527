//! Totals as what came since they were last sent.
//!
//! The registry keeps totals, so what was sent last is remembered here and taken away. What did not arrive is not taken as
//! sent: it comes again with the next message.

use std::collections::HashMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint,
    metric,
};
use prost::Message as _;

/// What was sent last of each total.
#[derive(Debug, Default)]
pub(super) struct Deltas(HashMap<Key, Total>);

/// The totals of a message that is on its way.
#[derive(Debug)]
pub(super) struct OnTheWay(HashMap<Key, Total>);

/// A metric by its name, and a series of it by its attributes.
type Key = (String, Vec<u8>);

#[derive(Debug, Clone)]
enum Total {
    Number(NumberDataPoint),
    Histogram(HistogramDataPoint),
    Exponential(ExponentialHistogramDataPoint),
}

impl Deltas {
    /// Makes deltas of the totals in a message: of counters and histograms. What goes up and down stays a total.
    pub(super) fn apply(&self, request: &mut ExportMetricsServiceRequest) -> OnTheWay {
        let mut totals = HashMap::new();
        let scopes = request.resource_metrics.iter_mut();
        let scopes = scopes.flat_map(|resource| &mut resource.scope_metrics);
        for metric in scopes.flat_map(|scope| &mut scope.metrics) {
            let key = |attributes: &[KeyValue]| key(&metric.name, attributes);
            let delta = AggregationTemporality::Delta.into();
            match &mut metric.data {
                Some(metric::Data::Sum(sum)) if sum.is_monotonic => {
                    sum.aggregation_temporality = delta;
                    for point in &mut sum.data_points {
                        let key = key(&point.attributes);
                        totals.insert(key.clone(), Total::Number(point.clone()));
                        if let Some(Total::Number(last)) = self.0.get(&key) {
                            subtract_number(point, last);
                        }
                    }
                }
                Some(metric::Data::Histogram(histogram)) => {
                    histogram.aggregation_temporality = delta;
                    for point in &mut histogram.data_points {
                        let key = key(&point.attributes);
                        totals.insert(key.clone(), Total::Histogram(point.clone()));
                        if let Some(Total::Histogram(last)) = self.0.get(&key) {
                            subtract_histogram(point, last);
                        }
                    }
                }
                Some(metric::Data::ExponentialHistogram(histogram)) => {
                    histogram.aggregation_temporality = delta;
                    for point in &mut histogram.data_points {
                        let key = key(&point.attributes);
                        totals.insert(key.clone(), Total::Exponential(point.clone()));
                        if let Some(Total::Exponential(last)) = self.0.get(&key) {
                            subtract_exponential(point, last);
                        }
                    }
                }
                _ => {}
            }
        }
        OnTheWay(totals)
    }

    /// Takes note that a message has arrived.
    pub(super) fn arrived(&mut self, totals: OnTheWay) {
        // Series are never taken away, so all that was ever sent is in the message that was sent last.
        self.0 = totals.0;
    }
}

fn key(name: &str, attributes: &[KeyValue]) -> Key {
    let mut encoded = Vec::new();
    for attribute in attributes {
        // There is always room in a vector.
        let _ = attribute.encode_length_delimited(&mut encoded);
    }
    (name.to_owned(), encoded)
}

fn subtract_number(point: &mut NumberDataPoint, last: &NumberDataPoint) {
    let since = match (point.value, last.value) {
        (Some(Value::AsInt(now)), Some(Value::AsInt(last))) if now >= last => {
            Value::AsInt(now - last)
        }
        (Some(Value::AsDouble(now)), Some(Value::AsDouble(last))) if now >= last => {
            Value::AsDouble(now - last)
        }
        // It began anew.
        _ => return,
    };
    point.value = Some(since);
    (point.start_time_unix_nano, point.time_unix_nano) =
        interval(last.time_unix_nano, point.time_unix_nano);
}

fn subtract_histogram(point: &mut HistogramDataPoint, last: &HistogramDataPoint) {
    if point.count < last.count || point.explicit_bounds != last.explicit_bounds {
        return;
    }
    point.count -= last.count;
    point.sum = difference(point.sum, last.sum);
    subtract(&mut point.bucket_counts, &last.bucket_counts);
    (point.start_time_unix_nano, point.time_unix_nano) =
        interval(last.time_unix_nano, point.time_unix_nano);
}

fn subtract_exponential(
    point: &mut ExponentialHistogramDataPoint,
    last: &ExponentialHistogramDataPoint,
) {
    // Buckets grow coarser and never finer.
    let Ok(coarser) = u32::try_from(last.scale - point.scale) else {
        return;
    };
    if point.count < last.count {
        return;
    }
    point.count -= last.count;
    point.sum = difference(point.sum, last.sum);
    point.zero_count = point.zero_count.saturating_sub(last.zero_count);
    for (now, last) in [
        (&mut point.positive, &last.positive),
        (&mut point.negative, &last.negative),
    ] {
        if let (Some(now), Some(last)) = (now, last) {
            let last = at_scale(last, coarser);
            let skipped = usize::try_from(last.offset - now.offset);
            if let Some(counts) = skipped
                .ok()
                .and_then(|skip| now.bucket_counts.get_mut(skip..))
            {
                subtract(counts, &last.bucket_counts);
            }
        }
    }
    (point.start_time_unix_nano, point.time_unix_nano) =
        interval(last.time_unix_nano, point.time_unix_nano);
}

/// Returns when an interval begins and ends: not before it begins, where the clock was put back meanwhile.
fn interval(last: u64, now: u64) -> (u64, u64) {
    (last, now.max(last))
}

/// Returns buckets that are coarser: each is two to this power of the old ones.
fn at_scale(buckets: &Buckets, coarser: u32) -> Buckets {
    let shift = |index: i64| i32::try_from(index >> coarser.min(63)).unwrap_or_default();
    let offset = shift(buckets.offset.into());
    let mut bucket_counts = Vec::new();
    for (place, count) in (i64::from(buckets.offset)..).zip(&buckets.bucket_counts) {
        let place = usize::try_from(shift(place) - offset).unwrap_or_default();
        if bucket_counts.len() <= place {
            bucket_counts.resize(place + 1, 0);
        }
        bucket_counts[place] += count;
    }
    Buckets {
        offset,
        bucket_counts,
    }
}

fn subtract(counts: &mut [u64], last: &[u64]) {
    for (count, last) in counts.iter_mut().zip(last) {
        *count = count.saturating_sub(*last);
    }
}

fn difference(now: Option<f64>, last: Option<f64>) -> Option<f64> {
    Some(now? - last.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::metrics::v1::Metric;
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use radiosonde_metrics::{Bounds, Registry, RegistryOptions};

    use super::*;
    use crate::metrics::encode::message;

    /// Sends to a collector that takes a message or does not, and returns what went out.
    fn sent(registry: &Registry, deltas: &mut Deltas, arrives: bool) -> Vec<Metric> {
        let (mut request, _) = message(registry, &Resource::default());
        let totals = deltas.apply(&mut request);
        if arrives {
            deltas.arrived(totals);
        }
        request
            .resource_metrics
            .remove(0)
            .scope_metrics
            .remove(0)
            .metrics
    }

    fn find<'a>(metrics: &'a [Metric], name: &str) -> &'a metric::Data {
        let mut metrics = metrics.iter();
        let found = metrics.find(|metric| metric.name == name).unwrap();
        found.data.as_ref().unwrap()
    }

    fn number(metrics: &[Metric], name: &str) -> (Option<Value>, i32) {
        let metric::Data::Sum(sum) = find(metrics, name) else {
            panic!("{metrics:?}");
        };
        (sum.data_points[0].value, sum.aggregation_temporality)
    }

    const DELTA: i32 = 1;
    const CUMULATIVE: i32 = 2;

    #[test]
    fn what_did_not_arrive_comes_again_and_what_did_does_not() {
        let registry = Registry::new();
        let mut deltas = Deltas::default();
        let add = |count| {
            metrics::with_local_recorder(&registry, || {
                metrics::counter!("orders", "currency" => "EUR").increment(count);
            });
        };
        let mut send = |arrives| number(&sent(&registry, &mut deltas, arrives), "orders");
        add(3);
        assert_eq!(send(true), (Some(Value::AsInt(3)), DELTA));
        add(2);
        assert_eq!(send(false), (Some(Value::AsInt(2)), DELTA));
        add(5);
        assert_eq!(send(true), (Some(Value::AsInt(7)), DELTA));
        assert_eq!(send(true), (Some(Value::AsInt(0)), DELTA));
    }

    #[test]
    fn what_goes_up_and_down_is_told_whole() {
        let registry = Registry::new();
        let mut deltas = Deltas::default();
        let open = registry.up_down_counter(&radiosonde_catalog::HTTP_ACTIVE_CONNECTIONS, &["GET"]);
        open.add(2);
        let name = radiosonde_catalog::HTTP_ACTIVE_CONNECTIONS.otel_name();
        sent(&registry, &mut deltas, true);
        let told = number(&sent(&registry, &mut deltas, true), name);
        assert_eq!(told, (Some(Value::AsInt(2)), CUMULATIVE));
    }

    #[test]
    fn an_interval_begins_where_the_one_before_ended() {
        let registry = Registry::new();
        let mut deltas = Deltas::default();
        metrics::with_local_recorder(&registry, || metrics::counter!("orders").increment(1));
        let mut times = || {
            let metrics = sent(&registry, &mut deltas, true);
            let metric::Data::Sum(sum) = find(&metrics, "orders") else {
                panic!("{metrics:?}");
            };
            let point = &sum.data_points[0];
            (point.start_time_unix_nano, point.time_unix_nano)
        };
        let (_, first) = times();
        assert_eq!(times().0, first);
    }

    #[test]
    fn an_interval_does_not_end_before_it_begins_when_the_clock_was_put_back() {
        let point = |count, time_unix_nano| NumberDataPoint {
            value: Some(Value::AsInt(count)),
            time_unix_nano,
            ..NumberDataPoint::default()
        };
        let (mut now, last) = (point(5, 10), point(3, 20));
        subtract_number(&mut now, &last);
        assert_eq!((now.start_time_unix_nano, now.time_unix_nano), (20, 20));
    }

    #[test]
    fn histograms_say_what_came_since_also_when_their_buckets_have_grown_coarser() {
        let options = RegistryOptions::new()
            .bounds("wait", Bounds::new([1.0]).unwrap())
            .bounds("native", Bounds::exponential());
        let registry = Registry::with_options(options);
        let mut deltas = Deltas::default();
        let record = |values: &[f64]| {
            metrics::with_local_recorder(&registry, || {
                for value in values {
                    metrics::histogram!("wait").record(*value);
                    metrics::histogram!("native").record(*value);
                }
            });
        };
        record(&[0.5, 2.0, 2.1]);
        sent(&registry, &mut deltas, true);
        // So far from the others that all buckets have to be larger.
        record(&[2.0, 1e6, 0.0]);
        let metrics = sent(&registry, &mut deltas, true);
        let metric::Data::Histogram(wait) = find(&metrics, "wait") else {
            panic!("{metrics:?}");
        };
        let point = &wait.data_points[0];
        assert_eq!((point.count, &*point.bucket_counts), (3, &[1, 2][..]));
        assert_eq!(point.sum, Some(1_000_002.0));
        let metric::Data::ExponentialHistogram(native) = find(&metrics, "native") else {
            panic!("{metrics:?}");
        };
        let point = &native.data_points[0];
        assert_eq!((point.count, point.zero_count), (3, 1));
        let counts = &point.positive.as_ref().unwrap().bucket_counts;
        assert_eq!(counts.iter().sum::<u64>(), 2, "{point:?}");
        assert_eq!(counts.iter().filter(|count| **count > 0).count(), 2);
    }
}
