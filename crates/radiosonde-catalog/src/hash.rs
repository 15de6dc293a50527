//! The hash of the catalogue, by which files made from it tell whether they are up to date.

use std::fmt::Write as _;

use crate::json::{kind_word, unit_word};
use crate::objective::{LowTraffic, Objective};
use crate::{Catalogue, Metric};

impl Catalogue {
    /// Returns the hash of the catalogue, as 16 lower-case hexadecimal digits.
    ///
    /// It changes with every field of every metric and objective, and not with the order in which they are listed; what is
    /// not a field, such as documentation, does not change it. Neither does the service, which may run under several names,
    /// what is in use, or what was declared [late](Self::with_late).
    ///
    /// It is the [FNV-1a] hash of 64 bits over this text, in UTF-8, each line ended by a line feed. Of each metric, in the
    /// order of the bytes of their names, eight lines: name, OpenTelemetry name, kind, unit, labels, labels as OpenTelemetry
    /// spells them, bounds, help. Of each objective, in the same order, nine: `objective` and the name, kind, target,
    /// threshold in seconds, period in seconds, scope, low traffic, whether it expects traffic, team; what it does not have is
    /// an empty line. Words are those of [`json`](Self::json); lists are separated by commas, in their order; bounds are those that a
    /// histogram really has, each the shortest decimal number that reads as the same `f64`, without an exponent, or the word
    /// `exponential`; a scope is its word and its routes, low
    /// traffic its word and its numbers.
    ///
    /// [FNV-1a]: http://www.isthe.com/chongo/tech/comp/fnv/
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_catalog::{Catalogue, Metric};
    ///
    /// const PAID: Metric = Metric::counter("orders_paid_total");
    ///
    /// assert_eq!(Catalogue::new().hash().len(), 16);
    /// assert_ne!(Catalogue::of([&PAID]).hash(), Catalogue::new().hash());
    /// ```
    #[must_use]
    pub fn hash(&self) -> String {
        let mut text = String::new();
        let is_early = |metric: &&Metric| !self.late.contains(metric.name);
        let mut metrics: Vec<_> = self.metrics.iter().filter(is_early).collect();
        metrics.sort_unstable_by_key(|metric| metric.name);
        for metric in metrics {
            let bounds = if self.is_exponential(metric) {
                "exponential".to_owned()
            } else {
                listed(&self.bounds(metric))
            };
            lines(metric, &bounds, &mut text);
        }
        for objective in &self.objectives {
            objective_lines(objective, &mut text);
        }
        format!("{:016x}", fnv_1a(text.as_bytes()))
    }
}

fn objective_lines(objective: &Objective, text: &mut String) {
    let (name, kind) = (objective.name(), objective.kind().as_str());
    let (target, period) = (objective.target(), objective.period().as_secs());
    let threshold = objective.threshold_seconds();
    let threshold = threshold.map_or_else(String::new, |seconds| seconds.to_string());
    let scope = [objective.scope().as_str()].into_iter();
    let scope: Vec<_> = scope
        .chain(objective.scope().routes().iter().map(String::as_str))
        .collect();
    let (scope, low_traffic) = (scope.join(","), objective.low_traffic());
    let low_traffic = match low_traffic {
        LowTraffic::LeastBad { page, ticket } => {
            format!("{},{page},{ticket}", low_traffic.as_str())
        }
        other => other.as_str().to_owned(),
    };
    let (expects, team) = (
        objective.expects_traffic(),
        objective.team().unwrap_or_default(),
    );
    let _ = writeln!(
        text,
        "objective {name}\n{kind}\n{target}\n{threshold}\n{period}\n{scope}\n{low_traffic}\n{expects}\n{team}"
    );
}

fn listed(bounds: &[f64]) -> String {
    let bounds: Vec<_> = bounds.iter().map(ToString::to_string).collect();
    bounds.join(",")
}

fn lines(metric: &Metric, bounds: &str, text: &mut String) {
    // All fields by name, so that a new one is not forgotten.
    let Metric {
        name,
        otel_name: _,
        kind,
        unit,
        labels,
        otel_labels: _,
        bounds: _,
        help,
    } = metric;
    let (kind, unit) = (kind_word(*kind), unit_word(*unit));
    let (otel_name, labels) = (metric.otel_name(), labels.join(","));
    let otel_labels = metric.otel_labels().join(",");
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        text,
        "{name}\n{otel_name}\n{kind}\n{unit}\n{labels}\n{otel_labels}\n{bounds}\n{help}"
    );
}

/// Returns the [FNV-1a] hash of 64 bits: enough to notice that something has changed, and not to prove that nothing has.
///
/// Here once for all crates, because what one writes another may read years later.
///
/// [FNV-1a]: http://www.isthe.com/chongo/tech/comp/fnv/
///
/// # Examples
///
/// ```
/// assert_eq!(radiosonde_catalog::fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
/// ```
#[must_use]
pub fn fnv_1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
    bytes.iter().fold(OFFSET_BASIS, step)
}

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

const PRIME: u64 = 0x0100_0000_01b3;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::objective::Objectives;
    use crate::{HTTP_REQUEST_DURATION, HTTP_REQUESTS, Kind, METRICS, SERIES, Unit};

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
        lines(&metric, &listed(metric.bounds), &mut text);
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
            .map(|metric| Catalogue::of([&HTTP_REQUESTS, metric, &SERIES]).hash());
        assert_eq!(hashes.collect::<BTreeSet<_>>().len(), changed.len());
    }

    #[test]
    fn a_metric_more_or_less_changes_it() {
        let without = Catalogue::of(METRICS[1..].iter().copied());
        assert_ne!(without.hash(), Catalogue::new().hash());
    }

    #[test]
    fn the_order_of_the_list_does_not_change_it() {
        let mut metrics = METRICS.to_vec();
        for turned in 0..2 {
            metrics.rotate_left(5 * turned);
            metrics.reverse();
            let hash = Catalogue::of(metrics.iter().copied()).hash();
            assert_eq!(hash, Catalogue::new().hash());
        }
    }

    #[test]
    fn a_change_of_any_field_of_an_objective_changes_it() {
        let answered = || Objective::availability("api", 99.0);
        let changed = [
            answered(),
            Objective::availability("web", 99.0),
            Objective::availability("api", 99.5),
            Objective::latency("api", 99.0, Duration::from_millis(250)),
            Objective::latency("api", 99.0, Duration::from_millis(300)),
            answered().with_period(Duration::from_hours(24)),
            answered().for_group(["/a", "/b"]),
            answered().for_group(["/b", "/a"]),
            answered().for_each(["/a", "/b"]),
            answered().with_low_traffic(LowTraffic::least_bad(1, 1)),
            answered().with_low_traffic(LowTraffic::ShareOfBudget),
            answered().with_low_traffic(LowTraffic::Off),
            answered().expecting_traffic(),
            answered().with_team("web"),
        ];
        let hashes = changed.iter().map(|objective| {
            let objectives = Objectives::new([objective.clone()]).unwrap();
            Catalogue::new().with_objectives(objectives).hash()
        });
        assert_eq!(hashes.collect::<BTreeSet<_>>().len(), changed.len());
    }

    #[test]
    fn neither_the_service_nor_what_is_in_use_or_late_changes_it() {
        const LATE: Metric = Metric::counter("orders_paid_total");
        let catalogue = Catalogue::of(METRICS.iter().copied().chain([&LATE]))
            .with_service("checkout")
            .with_in_use(["cache_hits_total"]);
        assert_ne!(catalogue.hash(), Catalogue::new().hash());
        let late = catalogue.with_late([LATE.name()]);
        assert_eq!(late.hash(), Catalogue::new().hash());
    }

    #[test]
    fn other_buckets_than_the_declared_ones_change_it() {
        let name = HTTP_REQUEST_DURATION.name();
        let of = Catalogue::new;
        let hashes = [
            of(),
            of().with_bounds(name, [1.0]),
            of().with_bounds(name, [1.0, 2.0]),
            of().with_exponential(name),
        ];
        let hashes = hashes.map(|catalogue| catalogue.hash());
        assert_eq!(BTreeSet::from(hashes).len(), 4);
        let same = of().with_bounds(name, HTTP_REQUEST_DURATION.bounds());
        assert_eq!(same.hash(), of().hash());
    }
}
