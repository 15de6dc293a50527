//! The registry as a message of OTLP.
//!
//! Totals are cumulative: each point says what was recorded since its series began; see [`delta`](super::delta) for others. Metrics of the catalogue have the names
//! and attributes of the semantic conventions; others are called as they are exposed, `cache.hits` as `cache_hits`.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar as ExemplarMessage, ExponentialHistogram,
    ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric as MetricMessage,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, exemplar,
    exponential_histogram_data_point::Buckets, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use radiosonde_catalog::{Kind, Metric, TARGET_INFO};
use radiosonde_metrics::{
    Exemplar, Exponential, ExponentialBuckets, Family, Registry, Series, Value,
};

/// Reads the registry into a message, and says how many points are in it.
pub(super) fn message(
    registry: &Registry,
    resource: &Resource,
) -> (ExportMetricsServiceRequest, u64) {
    let catalogue = registry.catalogue();
    let known: HashMap<_, _> = catalogue
        .metrics()
        .iter()
        .map(|metric| (metric.name(), metric))
        .collect();
    let families = registry.families();
    let time = nanoseconds(SystemTime::now());
    // The resource says it already, and receivers make this metric of it.
    let sent = families
        .iter()
        .filter(|family| family.name != TARGET_INFO.name());
    let mut points = 0;
    let metrics = sent.map(|family| {
        points += family.series.len() as u64;
        metric(family, known.get(family.name.as_str()).copied(), time)
    });
    let metrics = metrics.collect();
    let scope_metrics = ScopeMetrics {
        scope: Some(InstrumentationScope {
            name: "radiosonde".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            ..InstrumentationScope::default()
        }),
        metrics,
        schema_url: String::new(),
    };
    let resource_metrics = ResourceMetrics {
        resource: Some(resource.clone()),
        scope_metrics: vec![scope_metrics],
        schema_url: String::new(),
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![resource_metrics],
    };
    (request, points)
}

fn metric(family: &Family, known: Option<&Metric>, time: u64) -> MetricMessage {
    let name = known.map_or(family.name.as_str(), |metric| metric.otel_name());
    MetricMessage {
        name: name.into(),
        description: family.help.clone(),
        unit: family.unit.into(),
        metadata: Vec::new(),
        data: Some(data(family, known, time)),
    }
}

fn data(family: &Family, known: Option<&Metric>, time: u64) -> metric::Data {
    let aggregation_temporality = AggregationTemporality::Cumulative.into();
    let series = || family.series.iter();
    let numbers = || series().map(|series| number(series, known, time)).collect();
    match family.kind {
        Kind::Histogram if series().any(|series| matches!(series.value, Value::Exponential(_))) => {
            metric::Data::ExponentialHistogram(ExponentialHistogram {
                data_points: series()
                    .filter_map(|series| exponential(series, known, time))
                    .collect(),
                aggregation_temporality,
            })
        }
        Kind::Histogram => metric::Data::Histogram(Histogram {
            data_points: series()
                .filter_map(|series| distribution(series, known, time))
                .collect(),
            aggregation_temporality,
        }),
        Kind::Gauge => metric::Data::Gauge(Gauge {
            data_points: numbers(),
        }),
        kind => metric::Data::Sum(Sum {
            data_points: numbers(),
            aggregation_temporality,
            is_monotonic: kind == Kind::Counter,
        }),
    }
}

fn number(series: &Series, known: Option<&Metric>, time: u64) -> NumberDataPoint {
    let value = match series.value {
        // A total past 2^63 stays there: the format has no more.
        Value::Count(count) => {
            number_data_point::Value::AsInt(i64::try_from(count).unwrap_or(i64::MAX))
        }
        Value::Balance(balance) => number_data_point::Value::AsInt(balance),
        Value::Total(number) | Value::Number(number) => number_data_point::Value::AsDouble(number),
        // There is no other kind that is a number.
        _ => number_data_point::Value::AsInt(0),
    };
    let (start, time) = span(series, time);
    NumberDataPoint {
        attributes: attributes(series, known),
        start_time_unix_nano: start,
        time_unix_nano: time,
        value: Some(value),
        ..NumberDataPoint::default()
    }
}

fn distribution(series: &Series, known: Option<&Metric>, time: u64) -> Option<HistogramDataPoint> {
    let Value::Distribution {
        count,
        sum,
        buckets,
        ..
    } = &series.value
    else {
        return None;
    };
    let bounds = buckets.iter().map(|(limit, _)| *limit);
    let (start, time) = span(series, time);
    Some(HistogramDataPoint {
        attributes: attributes(series, known),
        start_time_unix_nano: start,
        time_unix_nano: time,
        count: *count,
        sum: Some(*sum),
        bucket_counts: buckets.iter().map(|(_, count)| *count).collect(),
        explicit_bounds: bounds.filter(|limit| limit.is_finite()).collect(),
        exemplars: series.exemplars.iter().map(exemplar_of).collect(),
        ..HistogramDataPoint::default()
    })
}

fn exponential(
    series: &Series,
    known: Option<&Metric>,
    time: u64,
) -> Option<ExponentialHistogramDataPoint> {
    let Value::Exponential(read) = &series.value else {
        return None;
    };
    let (start, time) = span(series, time);
    Some(ExponentialHistogramDataPoint {
        attributes: attributes(series, known),
        start_time_unix_nano: start,
        time_unix_nano: time,
        count: read.count(),
        sum: Some(read.sum),
        scale: read.scale,
        zero_count: read.zeros,
        zero_threshold: Exponential::ZERO_THRESHOLD,
        positive: Some(buckets(&read.positive)),
        negative: Some(buckets(&read.negative)),
        exemplars: series.exemplars.iter().map(exemplar_of).collect(),
        ..ExponentialHistogramDataPoint::default()
    })
}

fn buckets(buckets: &ExponentialBuckets) -> Buckets {
    Buckets {
        offset: buckets.offset,
        bucket_counts: buckets.counts.clone(),
    }
}

fn exemplar_of(exemplar: &Exemplar) -> ExemplarMessage {
    let (trace_id, span_id) = exemplar.span.to_bytes();
    ExemplarMessage {
        filtered_attributes: Vec::new(),
        time_unix_nano: nanoseconds(exemplar.time),
        span_id: span_id.into(),
        trace_id: trace_id.into(),
        value: Some(exemplar::Value::AsDouble(exemplar.value)),
    }
}

fn attributes(series: &Series, known: Option<&Metric>) -> Vec<KeyValue> {
    let labels = series.labels.iter();
    labels
        .map(|(label, value)| {
            let key = key(label, known);
            KeyValue {
                value: Some(AnyValue {
                    value: Some(typed(key, value)),
                }),
                key: key.into(),
                ..KeyValue::default()
            }
        })
        .collect()
}

/// Returns the name that an attribute has for OpenTelemetry.
fn key<'a>(label: &'a str, known: Option<&Metric>) -> &'a str {
    if label == "otel_metric_overflow" {
        return OVERFLOW;
    }
    let in_catalogue = known.and_then(|metric| {
        let position = metric.labels().iter().position(|known| *known == label)?;
        metric.otel_labels().get(position).copied()
    });
    in_catalogue.unwrap_or(label)
}

/// Gives a value the type that the semantic conventions give it: all but these are texts.
fn typed(key: &str, value: &str) -> any_value::Value {
    let number = || value.parse().ok().map(any_value::Value::IntValue);
    let typed = match key {
        "http.response.status_code" => number(),
        OVERFLOW => Some(any_value::Value::BoolValue(value == "true")),
        _ => None,
    };
    typed.unwrap_or_else(|| any_value::Value::StringValue(value.into()))
}

/// Returns when a series began and when it was read. A clock that was put back must not make it end before it begins.
fn span(series: &Series, time: u64) -> (u64, u64) {
    let start = nanoseconds(series.created);
    (start, time.max(start))
}

/// A time before 1970 reads as 1970.
fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

const OVERFLOW: &str = "otel.metric.overflow";

#[cfg(test)]
mod tests {
    use radiosonde_catalog::{HTTP_REQUESTS, PROCESS_CPU_SECONDS, TOKIO_WORKERS};
    use radiosonde_metrics::{Bounds, RegistryOptions, SampledSpan};

    use super::*;

    const SPAN: SampledSpan = SampledSpan::new([0xab; 16], [0xcd; 8]);

    /// Records, and returns the metric of this name with its points.
    fn sent(name: &str, record: impl FnOnce(&Registry)) -> MetricMessage {
        let options = RegistryOptions::new()
            .series_per_metric(2)
            .bounds("wait", Bounds::new([1.0]).unwrap())
            .bounds_by_prefix("native", Bounds::exponential())
            .exemplars(|| Some(SPAN));
        let registry = Registry::with_options(options);
        metrics::with_local_recorder(&registry, || record(&registry));
        let (request, points) = message(&registry, &Resource::default());
        let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
        let counted: usize = metrics.iter().map(count).sum();
        assert_eq!(counted as u64, points);
        let mut found = metrics.iter().filter(|metric| metric.name == name);
        let metric = found.next().expect("it was recorded").clone();
        assert!(found.next().is_none(), "{name} is there twice");
        metric
    }

    fn count(metric: &MetricMessage) -> usize {
        match metric.data.as_ref().unwrap() {
            metric::Data::Gauge(gauge) => gauge.data_points.len(),
            metric::Data::Sum(sum) => sum.data_points.len(),
            metric::Data::Histogram(histogram) => histogram.data_points.len(),
            metric::Data::ExponentialHistogram(histogram) => histogram.data_points.len(),
            metric::Data::Summary(_) => 0,
        }
    }

    fn of(attributes: &[KeyValue]) -> Vec<(&str, any_value::Value)> {
        let value = |pair: &KeyValue| pair.value.clone().unwrap().value.unwrap();
        attributes
            .iter()
            .map(|pair| (pair.key.as_str(), value(pair)))
            .collect()
    }

    #[test]
    fn a_counter_of_the_catalogue_has_the_names_and_types_of_the_conventions() {
        let requests = sent("http.server.requests", |registry| {
            registry
                .counter(&HTTP_REQUESTS, &["GET", "/", "200", "ok"])
                .increment(3);
        });
        let Some(metric::Data::Sum(sum)) = requests.data else {
            panic!("{requests:?}");
        };
        assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
        assert_eq!(requests.unit, "");
        let point = &sum.data_points[0];
        assert_eq!(point.value, Some(number_data_point::Value::AsInt(3)));
        assert!(point.start_time_unix_nano <= point.time_unix_nano);
        let text = |text: &str| any_value::Value::StringValue(text.into());
        let expected = [
            ("http.request.method", text("GET")),
            ("radiosonde.outcome", text("ok")),
            ("http.route", text("/")),
            ("http.response.status_code", any_value::Value::IntValue(200)),
        ];
        assert_eq!(of(&point.attributes), expected);
    }

    #[test]
    fn numbers_of_the_facade_keep_their_exposed_name_and_their_unit() {
        let depth = sent("lake_depth", |_| {
            metrics::describe_gauge!("lake.depth", metrics::Unit::Count, "Waiting.");
            metrics::gauge!("lake.depth", "lake.name" => "in").set(1.5);
        });
        assert_eq!((&*depth.unit, &*depth.description), ("", "Waiting."));
        let Some(metric::Data::Gauge(gauge)) = depth.data else {
            panic!("{depth:?}");
        };
        let point = &gauge.data_points[0];
        assert_eq!(point.value, Some(number_data_point::Value::AsDouble(1.5)));
        let expected = [("lake_name", any_value::Value::StringValue("in".into()))];
        assert_eq!(of(&point.attributes), expected);
        // Of a gauge in `1` Prometheus would make a ratio.
        let workers = sent(TOKIO_WORKERS.otel_name(), |registry| {
            registry.gauge(&TOKIO_WORKERS, &["main"]).set(2.0);
        });
        assert_eq!(workers.unit, "");
    }

    #[test]
    fn what_is_past_the_budget_says_so_as_the_specification_does() {
        let orders = sent("orders", |_| {
            for user in ["a", "b", "c", "d"] {
                metrics::counter!("orders", "user" => user).increment(1);
            }
        });
        let Some(metric::Data::Sum(sum)) = orders.data else {
            panic!("{orders:?}");
        };
        let overflow = &sum.data_points[0];
        let expected = [("otel.metric.overflow", any_value::Value::BoolValue(true))];
        assert_eq!(of(&overflow.attributes), expected);
        assert_eq!(overflow.value, Some(number_data_point::Value::AsInt(2)));
    }

    #[test]
    fn histograms_come_with_their_buckets_and_exemplars() {
        let record = |_: &Registry| {
            for value in [0.5, 9.0, 10.0] {
                metrics::histogram!("wait").record(value);
                metrics::histogram!("native").record(value);
            }
        };
        let wait = sent("wait", record);
        let Some(metric::Data::Histogram(histogram)) = wait.data else {
            panic!("{wait:?}");
        };
        let point = &histogram.data_points[0];
        assert_eq!((point.count, point.sum), (3, Some(19.5)));
        assert_eq!(point.explicit_bounds, [1.0]);
        assert_eq!(point.bucket_counts, [1, 2]);
        let exemplar = &point.exemplars[0];
        assert_eq!(exemplar.value, Some(exemplar::Value::AsDouble(0.5)));
        assert_eq!(
            (&*exemplar.trace_id, &*exemplar.span_id),
            (&[0xab; 16][..], &[0xcd; 8][..])
        );

        let native = sent("native", record);
        let Some(metric::Data::ExponentialHistogram(histogram)) = native.data else {
            panic!("{native:?}");
        };
        let point = &histogram.data_points[0];
        assert_eq!((point.count, point.sum, point.scale), (3, Some(19.5), 5));
        let positive = point.positive.as_ref().unwrap();
        assert_eq!(positive.bucket_counts.iter().sum::<u64>(), 3);
        // 0.5 is the last of its bucket, whose index is that of the power below it.
        assert_eq!((positive.offset, positive.bucket_counts[0]), (-33, 1));
    }

    #[test]
    fn no_point_ends_before_it_begins_when_the_clock_was_put_back() {
        let registry = Registry::new();
        registry
            .counter(&HTTP_REQUESTS, &["GET", "/", "200", "ok"])
            .increment(1);
        for family in registry.families() {
            if let metric::Data::Sum(sum) = data(&family, None, 1) {
                for point in sum.data_points {
                    assert_eq!(point.time_unix_nano, point.start_time_unix_nano);
                }
            }
        }
    }

    #[test]
    fn a_total_with_fractions_is_a_total() {
        if !cfg!(all(feature = "process", target_os = "linux")) {
            return;
        }
        let time = sent(PROCESS_CPU_SECONDS.otel_name(), |registry| {
            #[cfg(feature = "process")]
            radiosonde_metrics::collect::watch_process(registry);
            let _ = registry;
        });
        let Some(metric::Data::Sum(sum)) = time.data else {
            panic!("{time:?}");
        };
        assert!(sum.is_monotonic);
        assert!(matches!(
            sum.data_points[0].value,
            Some(number_data_point::Value::AsDouble(_))
        ));
    }
}
