//! The registry as a message of OTLP.
//!
//! Totals are cumulative: each point says what was recorded since its series began. Metrics of the catalogue have the names
//! and attributes of the semantic conventions; others are called as they were recorded.

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
    NumberDataPoint {
        attributes: attributes(series, known),
        start_time_unix_nano: nanoseconds(series.created),
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
    Some(HistogramDataPoint {
        attributes: attributes(series, known),
        start_time_unix_nano: nanoseconds(series.created),
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
    Some(ExponentialHistogramDataPoint {
        attributes: attributes(series, known),
        start_time_unix_nano: nanoseconds(series.created),
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

/// A time before 1970 reads as 1970.
fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

const OVERFLOW: &str = "otel.metric.overflow";
