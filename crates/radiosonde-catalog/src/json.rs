//! The catalogue as JSON, for tools that are written in other languages or ask a running service.

use std::fmt::Write as _;

use crate::objective::{LowTraffic, Objective};
use crate::{Catalogue, Kind, METRICS, Metric, Unit};

/// The version of the JSON that [`Catalogue::json`] writes.
///
/// It grows when a member changes its meaning or goes away. Members, kinds, units and scopes that are new do not change it.
pub const JSON_VERSION: u32 = 1;

impl Catalogue {
    /// Returns the catalogue as one JSON object.
    ///
    /// Metrics stand in the order of [`metrics`](Self::metrics), objectives in that of their names. Every member is always
    /// there:
    ///
    /// ```json
    /// {
    ///   "version": 1,
    ///   "hash": "0123456789abcdef",
    ///   "service": "checkout",
    ///   "metrics": [
    ///     {
    ///       "name": "http_request_duration_seconds",
    ///       "otel_name": "http.server.request.duration",
    ///       "kind": "histogram",
    ///       "unit": "seconds",
    ///       "labels": ["method", "route", "status"],
    ///       "otel_labels": ["http.request.method", "http.route", "http.response.status_code"],
    ///       "bounds": [0.005, 0.01, 0.3],
    ///       "exponential": false,
    ///       "help": "Time from the arrival of an HTTP request to the end of its response, in seconds.",
    ///       "declared_by": "radiosonde",
    ///       "in_use": true
    ///     }
    ///   ],
    ///   "objectives": [
    ///     {
    ///       "name": "checkout-latency",
    ///       "kind": "latency",
    ///       "target": 0.95,
    ///       "threshold_seconds": 0.3,
    ///       "period_seconds": 2592000,
    ///       "scope": "group",
    ///       "routes": ["/carts/{id}", "/orders/{id}"],
    ///       "low_traffic": { "mode": "least_bad", "page": 10, "ticket": 3 },
    ///       "expects_traffic": false,
    ///       "team": "checkout"
    ///     }
    ///   ]
    /// }
    /// ```
    ///
    /// `version` is [`JSON_VERSION`]; `hash` that of [`hash`](Self::hash); `service` is `null` when it is not known. Of a
    /// metric, `kind` is `counter`, `gauge`, `up_down_counter` or `histogram`; `unit` is `count`, `seconds`, `bytes` or
    /// `ratio`; `otel_labels` are as many as `labels`, in the same order; `bounds` is empty unless it is a histogram, and are
    /// those that it really has, with what objectives add; `exponential` tells whether its buckets follow the values, when
    /// there are no bounds; `declared_by` is `radiosonde` or `service`; `in_use` tells whether it has series now. Of an
    /// objective, `kind` is `availability`, when `threshold_seconds` is `null`, or `latency`; `scope` is `all`, when `routes` is
    /// empty, `group` or `each`; `low_traffic` has the `mode` `least_bad`, `share_of_budget` or `off`, and the numbers of the first,
    /// else `null`; `team` is `null` when there is none.
    #[must_use]
    pub fn json(&self) -> String {
        let mut out = format!("{{\"version\":{JSON_VERSION},\"hash\":");
        string(&self.hash(), &mut out);
        out.push_str(",\"service\":");
        optional(self.service.as_deref(), &mut out);
        out.push_str(",\"metrics\":");
        list(
            &self.metrics,
            |metric, out| self.metric(metric, out),
            &mut out,
        );
        out.push_str(",\"objectives\":");
        let objectives: Vec<_> = self.objectives.iter().collect();
        list(
            &objectives,
            |objective, out| self::objective(objective, out),
            &mut out,
        );
        out.push('}');
        out
    }

    fn metric(&self, metric: &Metric, out: &mut String) {
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
        let bounds = self.bounds(metric);
        // Finite, as every constructor sees to, and without an exponent, as the standard library writes it.
        list(&bounds, |bound, out| out.push_str(&bound.to_string()), out);
        let is_exponential = self.is_exponential(metric);
        // Writing to a `String` cannot fail.
        let _ = write!(out, ",\"exponential\":{is_exponential},\"help\":");
        string(metric.help(), out);
        out.push_str(",\"declared_by\":");
        let is_ours = METRICS.iter().any(|ours| ours.name() == metric.name());
        string(if is_ours { "radiosonde" } else { "service" }, out);
        let in_use = self.in_use.contains(metric.name());
        let _ = write!(out, ",\"in_use\":{in_use}}}");
    }
}

fn objective(objective: &Objective, out: &mut String) {
    let (target, period) = (objective.target(), objective.period().as_secs());
    out.push_str("{\"name\":");
    string(objective.name(), out);
    out.push_str(",\"kind\":");
    string(objective.kind().as_str(), out);
    let threshold = objective.threshold_seconds();
    let threshold = threshold.map_or_else(|| "null".to_owned(), |seconds| seconds.to_string());
    let _ = write!(
        out,
        ",\"target\":{target},\"threshold_seconds\":{threshold},\"period_seconds\":{period},\"scope\":"
    );
    string(objective.scope().as_str(), out);
    out.push_str(",\"routes\":");
    list(
        objective.scope().routes(),
        |route, out| string(route, out),
        out,
    );
    out.push_str(",\"low_traffic\":{\"mode\":");
    let low_traffic = objective.low_traffic();
    string(low_traffic.as_str(), out);
    let _ = match low_traffic {
        LowTraffic::LeastBad { page, ticket } => {
            write!(out, ",\"page\":{page},\"ticket\":{ticket}}}")
        }
        LowTraffic::ShareOfBudget | LowTraffic::Off => {
            write!(out, ",\"page\":null,\"ticket\":null}}")
        }
    };
    let _ = write!(
        out,
        ",\"expects_traffic\":{},\"team\":",
        objective.expects_traffic()
    );
    optional(objective.team(), out);
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

fn optional(text: Option<&str>, out: &mut String) {
    match text {
        Some(text) => string(text, out),
        None => out.push_str("null"),
    }
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
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::objective::Objectives;
    use crate::{HTTP_REQUEST_DURATION, Metric};

    #[test]
    fn the_catalogue_reads_as_what_it_holds() {
        let catalogue = Catalogue::new();
        let read: Value = serde_json::from_str(&catalogue.json()).unwrap();
        assert_eq!(read["version"], 1);
        assert_eq!(read["hash"], catalogue.hash());
        assert_eq!(read["service"], Value::Null);
        assert_eq!(read["objectives"], json!([]));
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
                "exponential": false,
                "declared_by": "radiosonde",
                "in_use": false,
            });
            assert_eq!(*read, expected);
            let bounds = read["bounds"].as_array().unwrap().iter();
            let bounds: Option<Vec<_>> = bounds.map(Value::as_f64).collect();
            assert_eq!(bounds.unwrap(), metric.bounds(), "{}", metric.name());
        }
    }

    #[test]
    fn one_metric_has_the_documented_shape() {
        const DELIVERY: Metric = Metric {
            bounds: &[0.005, 1.0, 1e21],
            name: "delivery_seconds",
            ..HTTP_REQUEST_DURATION
        };
        let mut out = String::new();
        let catalogue = Catalogue::of([&DELIVERY]).with_in_use(["delivery_seconds"]);
        catalogue.metric(&DELIVERY, &mut out);
        let expected = concat!(
            r#"{"name":"delivery_seconds","otel_name":"http.server.request.duration","#,
            r#""kind":"histogram","unit":"seconds","labels":["method","route","status"],"#,
            r#""otel_labels":["http.request.method","http.route","http.response.status_code"],"#,
            r#""bounds":[0.005,1,1000000000000000000000],"exponential":false,"#,
            r#""help":"Time from the arrival of an HTTP request to the end of its response, in seconds.","#,
            r#""declared_by":"service","in_use":true}"#,
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn bounds_are_those_that_a_histogram_really_has() {
        let read = |catalogue: Catalogue| -> Value {
            let read: Value = serde_json::from_str(&catalogue.json()).unwrap();
            read["metrics"][0].clone()
        };
        let name = HTTP_REQUEST_DURATION.name();
        let quick = Objective::latency("quick", 95.0, Duration::from_millis(300));
        let objectives = Objectives::new([quick]).unwrap();
        let catalogue = Catalogue::of([&HTTP_REQUEST_DURATION]);
        let other = catalogue.clone().with_bounds(name, [1.0, 2.0]);
        let other = read(other.with_objectives(objectives));
        assert_eq!(other["bounds"], json!([0.3, 1, 2]));
        assert_eq!(other["exponential"], false);
        let exponential = read(catalogue.with_exponential(name));
        assert_eq!(exponential["bounds"], json!([]));
        assert_eq!(exponential["exponential"], true);
    }

    #[test]
    fn objectives_have_the_documented_shape_and_add_their_bounds() {
        let answered = Objective::availability("api", 99.9)
            .expecting_traffic()
            .with_low_traffic(LowTraffic::Off);
        let quick = Objective::latency("checkout-latency", 95.0, Duration::from_millis(300))
            .for_group(["/carts/{id}", "/orders/{id}"])
            .with_team("checkout");
        let objectives = Objectives::new([quick, answered]).unwrap();
        let catalogue = Catalogue::of([&HTTP_REQUEST_DURATION])
            .with_objectives(objectives)
            .with_service("checkout");
        let read: Value = serde_json::from_str(&catalogue.json()).unwrap();
        assert_eq!(read["service"], "checkout");
        let bounds = read["metrics"][0]["bounds"].as_array().unwrap();
        assert!(bounds.contains(&json!(0.3)), "{bounds:?}");
        let expected = json!([
            {
                "name": "api",
                "kind": "availability",
                "target": 0.999,
                "threshold_seconds": null,
                "period_seconds": 2_592_000,
                "scope": "all",
                "routes": [],
                "low_traffic": { "mode": "off", "page": null, "ticket": null },
                "expects_traffic": true,
                "team": null,
            },
            {
                "name": "checkout-latency",
                "kind": "latency",
                "target": 0.95,
                "threshold_seconds": 0.3,
                "period_seconds": 2_592_000,
                "scope": "group",
                "routes": ["/carts/{id}", "/orders/{id}"],
                "low_traffic": { "mode": "least_bad", "page": 10, "ticket": 3 },
                "expects_traffic": false,
                "team": "checkout",
            },
        ]);
        assert_eq!(read["objectives"], expected);
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
