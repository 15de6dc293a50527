//! The hash of the catalogue, by which files made from it tell whether they are up to date.

use std::fmt::Write as _;

use crate::json::{kind_word, unit_word};
use crate::{METRICS, Metric};

/// Returns the hash of the whole catalogue, as 16 lower-case hexadecimal digits.
///
/// It changes with every field of every metric, and not with the order in which they are listed; what is not a field,
/// such as documentation, does not change it.
///
/// It is the [FNV-1a] hash of 64 bits over this text, in UTF-8: of each metric, in the order of the bytes of their
/// names, eight lines, each ended by a line feed: name, OpenTelemetry name, kind, unit, labels, labels as OpenTelemetry
/// spells them, bounds, help. Kind and unit are the words of [`json`](crate::json()); labels and bounds are separated by
/// commas, in their order; a bound is the shortest decimal number that reads as the same `f64`, without an exponent.
///
/// [FNV-1a]: http://www.isthe.com/chongo/tech/comp/fnv/
///
/// # Examples
///
/// ```
/// assert_eq!(radiosonde_catalog::hash().len(), 16);
/// ```
#[must_use]
pub fn hash() -> String {
    hash_of(METRICS.iter().copied())
}

/// Returns the hash of these metrics, as [`hash`] does of those of Radiosonde.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::{METRICS, Metric, hash, hash_of};
///
/// const PAID: Metric = Metric::counter("orders_paid_total");
///
/// assert_eq!(hash_of(METRICS.iter().copied()), hash());
/// assert_ne!(hash_of(METRICS.iter().copied().chain([&PAID])), hash());
/// ```
#[must_use]
pub fn hash_of<'a>(metrics: impl IntoIterator<Item = &'a Metric>) -> String {
    let mut sorted: Vec<_> = metrics.into_iter().collect();
    sorted.sort_unstable_by_key(|metric| metric.name);
    let mut text = String::new();
    for metric in sorted {
        lines(metric, &mut text);
    }
    format!("{:016x}", fnv_1a(text.as_bytes()))
}

fn lines(metric: &Metric, text: &mut String) {
    // All fields by name, so that a new one is not forgotten.
    let Metric {
        name,
        otel_name: _,
        kind,
        unit,
        labels,
        otel_labels: _,
        bounds,
        help,
    } = metric;
    let (kind, unit) = (kind_word(*kind), unit_word(*unit));
    let (otel_name, labels) = (metric.otel_name(), labels.join(","));
    let otel_labels = metric.otel_labels().join(",");
    let bounds: Vec<_> = bounds.iter().map(ToString::to_string).collect();
    let bounds = bounds.join(",");
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        text,
        "{name}\n{otel_name}\n{kind}\n{unit}\n{labels}\n{otel_labels}\n{bounds}\n{help}"
    );
}

fn fnv_1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    bytes.iter().fold(OFFSET_BASIS, step)
}

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

const PRIME: u64 = 0x0100_0000_01b3;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{HTTP_REQUEST_DURATION, HTTP_REQUESTS, Kind, SERIES, Unit};

    #[test]
    fn the_algorithm_is_fnv_1a() {
        // From the test vectors of the algorithm's authors.
        assert_eq!(fnv_1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv_1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn the_text_is_the_documented_one() {
        let mut text = String::new();
        let metric = Metric {
            bounds: &[0.005, 1.0, 1e21],
            ..HTTP_REQUEST_DURATION
        };
        lines(&metric, &mut text);
        let expected = concat!(
            "http_request_duration_seconds\nhttp.server.request.duration\nhistogram\nseconds\n",
            "method,route,status\nhttp.request.method,http.route,http.response.status_code\n0.005,1,1000000000000000000000\n",
            "Time from the arrival of an HTTP request to the end of its response, in seconds.\n",
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn a_change_of_any_field_changes_it() {
        let base = HTTP_REQUEST_DURATION;
        let changed = [
            base,
            Metric {
                name: "http_duration_seconds",
                ..base
            },
            Metric {
                otel_name: Some("http.duration"),
                ..base
            },
            Metric {
                otel_name: None,
                ..base
            },
            Metric {
                kind: Kind::Gauge,
                ..base
            },
            Metric {
                kind: Kind::UpDownCounter,
                ..base
            },
            Metric {
                unit: Unit::Count,
                ..base
            },
            Metric {
                unit: Unit::Ratio,
                ..base
            },
            Metric {
                labels: &["method", "route"],
                ..base
            },
            Metric {
                labels: &["method", "status", "route"],
                ..base
            },
            Metric {
                otel_labels: Some(&["http.method", "http.route", "http.status"]),
                ..base
            },
            Metric {
                otel_labels: None,
                ..base
            },
            Metric {
                bounds: &[0.005, 0.01],
                ..base
            },
            Metric {
                bounds: &[0.005, 0.010_000_000_000_000_002],
                ..base
            },
            Metric {
                help: "Time.",
                ..base
            },
        ];
        let hashes = changed
            .iter()
            .map(|metric| hash_of([&HTTP_REQUESTS, metric, &SERIES]));
        assert_eq!(hashes.collect::<BTreeSet<_>>().len(), changed.len());
    }

    #[test]
    fn a_metric_more_or_less_changes_it() {
        let without = METRICS[1..].iter().copied();
        assert_ne!(hash_of(without), hash());
    }

    #[test]
    fn the_order_of_the_list_does_not_change_it() {
        let mut metrics = METRICS.to_vec();
        metrics.reverse();
        assert_eq!(hash_of(metrics.iter().copied()), hash());
        metrics.rotate_left(5);
        assert_eq!(hash_of(metrics.iter().copied()), hash());
    }
}
