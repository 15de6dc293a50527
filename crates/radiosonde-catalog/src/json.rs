//! The catalogue as JSON, for tools that are written in other languages or ask a running service.

use std::fmt::Write as _;

use crate::{Kind, METRICS, Metric, Unit, hash_of};

/// Returns the catalogue as one JSON object, with its [`hash`](crate::hash()) in front.
///
/// The metrics stand in the order of [`METRICS`]. Every member is always there:
///
/// ```json
/// {
///   "hash": "0123456789abcdef",
///   "metrics": [
///     {
///       "name": "http_request_duration_seconds",
///       "otel_name": "http.server.request.duration",
///       "kind": "histogram",
///       "unit": "seconds",
///       "labels": ["method", "route", "status"],
///       "otel_labels": ["http.request.method", "http.route", "http.response.status_code"],
///       "bounds": [0.005, 0.01],
///       "help": "Time from the arrival of an HTTP request to the end of its response, in seconds."
///     }
///   ]
/// }
/// ```
///
/// `kind` is `counter`, `gauge`, `up_down_counter` or `histogram`; `unit` is `count`, `seconds`, `bytes` or `ratio`;
/// `otel_labels` are as many as `labels`, in the same order; `bounds` is empty unless the metric is a histogram. Later releases may add members, kinds and units.
///
/// # Examples
///
/// ```
/// let json = radiosonde_catalog::json();
/// assert!(json.starts_with(&format!(r#"{{"hash":"{}","#, radiosonde_catalog::hash())));
/// ```
#[must_use]
pub fn json() -> String {
    json_of(METRICS.iter().copied())
}

/// Returns these metrics as [`json`] does those of Radiosonde: in the order given, with their
/// [`hash_of`](crate::hash_of()) in front.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::{Metric, hash_of, json_of};
///
/// const PAID: Metric = Metric::counter("orders_paid_total");
///
/// let json = json_of([&PAID]);
/// assert!(json.starts_with(&format!(r#"{{"hash":"{}","#, hash_of([&PAID]))));
/// ```
#[must_use]
pub fn json_of<'a>(metrics: impl IntoIterator<Item = &'a Metric>) -> String {
    let metrics: Vec<_> = metrics.into_iter().collect();
    let mut out = String::from("{\"hash\":");
    string(&hash_of(metrics.iter().copied()), &mut out);
    out.push_str(",\"metrics\":");
    list(&metrics, |metric, out| object(metric, out), &mut out);
    out.push('}');
    out
}

fn object(metric: &Metric, out: &mut String) {
    let words = [
        ("{\"name\":", metric.name()),
        (",\"otel_name\":", metric.otel_name()),
        (",\"kind\":", kind_word(metric.kind())),
        (",\"unit\":", unit_word(metric.unit())),
    ];
    for (member, word) in words {
        out.push_str(member);
        string(word, out);
    }
    out.push_str(",\"labels\":");
    list(metric.labels(), |label, out| string(label, out), out);
    out.push_str(",\"otel_labels\":");
    list(metric.otel_labels(), |label, out| string(label, out), out);
    out.push_str(",\"bounds\":");
    list(
        metric.bounds(),
        |bound, out| {
            // Finite, as every constructor sees to, and without an exponent, as the standard library writes it. Writing to a `String`
            // cannot fail.
            let _ = write!(out, "{bound}");
        },
        out,
    );
    out.push_str(",\"help\":");
    string(metric.help(), out);
    out.push('}');
}

fn list<T>(items: &[T], write: impl Fn(&T, &mut String), out: &mut String) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

/// Appends a string with its quotes, escaped as RFC 8259, section 7, asks.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// The word for a kind, which tells all of them apart.
pub(crate) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::UpDownCounter => "up_down_counter",
        kind => kind.as_str(),
    }
}

/// The word for a unit, which tells all of them apart.
pub(crate) fn unit_word(unit: Unit) -> &'static str {
    match unit.prometheus() {
        "" => "count",
        word => word,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{HTTP_REQUEST_DURATION, hash};

    #[test]
    fn the_catalogue_reads_as_what_it_holds() {
        let read: Value = serde_json::from_str(&super::json()).unwrap();
        assert_eq!(read["hash"], hash());
        let metrics = read["metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), METRICS.len());
        for (read, metric) in metrics.iter().zip(METRICS) {
            let expected = json!({
                "name": metric.name(),
                "otel_name": metric.otel_name(),
                "kind": kind_word(metric.kind()),
                "unit": unit_word(metric.unit()),
                "labels": metric.labels(),
                "otel_labels": metric.otel_labels(),
                "help": metric.help(),
                "bounds": read["bounds"],
            });
            assert_eq!(*read, expected);
            let bounds = read["bounds"].as_array().unwrap().iter();
            let bounds: Option<Vec<_>> = bounds.map(Value::as_f64).collect();
            assert_eq!(bounds.unwrap(), metric.bounds(), "{}", metric.name());
        }
    }

    #[test]
    fn one_metric_has_the_documented_shape() {
        let mut out = String::new();
        let metric = Metric {
            bounds: &[0.005, 1.0, 1e21],
            ..HTTP_REQUEST_DURATION
        };
        object(&metric, &mut out);
        let expected = concat!(
            r#"{"name":"http_request_duration_seconds","otel_name":"http.server.request.duration","#,
            r#""kind":"histogram","unit":"seconds","labels":["method","route","status"],"#,
            r#""otel_labels":["http.request.method","http.route","http.response.status_code"],"#,
            r#""bounds":[0.005,1,1000000000000000000000],"#,
            r#""help":"Time from the arrival of an HTTP request to the end of its response, in seconds."}"#,
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn a_string_of_every_character_reads_as_what_was_written() {
        let text: String = ('\0'..=char::MAX).collect();
        let mut out = String::new();
        string(&text, &mut out);
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }

    #[test]
    fn kinds_and_units_have_words_of_their_own() {
        use std::collections::BTreeSet;

        let kinds = [
            Kind::Counter,
            Kind::Gauge,
            Kind::UpDownCounter,
            Kind::Histogram,
        ];
        assert_eq!(BTreeSet::from(kinds.map(kind_word)).len(), kinds.len());
        let units = [Unit::Count, Unit::Seconds, Unit::Bytes, Unit::Ratio];
        assert_eq!(BTreeSet::from(units.map(unit_word)).len(), units.len());
    }
}
