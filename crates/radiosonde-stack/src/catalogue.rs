//! The catalogue of a service, read from the JSON that it gives out.

use std::time::Duration;

use radiosonde_catalog::objective::{InvalidObjective, LowTraffic, Objective, Objectives};
use radiosonde_catalog::{HTTP_REQUEST_DURATION, JSON_VERSION, RPC_REQUEST_DURATION, Unit};
use serde::Deserialize;

/// What is known of a service: its metrics and its objectives.
///
/// Read from what [`Catalogue::json`](radiosonde_catalog::Catalogue::json) writes: the answer of `/admin/catalog`, or a file.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::Catalogue;
/// use radiosonde_stack::ServiceCatalogue;
///
/// let json = Catalogue::new().with_service("checkout").json();
/// let catalogue = ServiceCatalogue::from_json(&json)?;
/// assert_eq!(catalogue.service.as_deref(), Some("checkout"));
/// assert!(catalogue.metric("http_requests_total").is_some());
/// # Ok::<(), radiosonde_stack::InvalidCatalogue>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ServiceCatalogue {
    /// The hash, as the service has it in `build_info`.
    pub hash: String,
    /// The name of the service, when it is known.
    pub service: Option<String>,
    /// The metrics, in the order in which they were given.
    pub metrics: Vec<ServiceMetric>,
    /// The objectives.
    pub objectives: Objectives,
}

/// A metric of a service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ServiceMetric {
    /// The name as Prometheus spells it.
    pub name: String,
    /// The name as OpenTelemetry spells it.
    pub otel_name: String,
    /// The instrument that records it.
    pub kind: MetricKind,
    /// The unit of its values.
    pub unit: MetricUnit,
    /// The keys of its labels.
    pub labels: Vec<String>,
    /// The keys of its labels as OpenTelemetry spells them, in the same order.
    pub otel_labels: Vec<String>,
    /// The bounds that a histogram really has, with those that objectives add.
    pub bounds: Vec<f64>,
    /// Whether the buckets of a histogram follow its values instead: to Prometheus, a native histogram.
    #[serde(default)]
    pub exponential: bool,
    /// What it says, in one sentence.
    pub help: String,
    /// Who declared it.
    pub declared_by: DeclaredBy,
    /// Whether it had series when the catalogue was made.
    pub in_use: bool,
}

/// The instrument of a [`ServiceMetric`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MetricKind {
    /// A total that only grows.
    Counter,
    /// A value that is set.
    Gauge,
    /// A number of things that begin and end; to Prometheus, a gauge.
    UpDownCounter,
    /// A distribution.
    Histogram,
}

/// The unit of a [`ServiceMetric`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MetricUnit {
    /// Things that are counted, and what has no unit.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A share of a whole.
    Ratio,
}

impl MetricUnit {
    /// Returns the word that ends the name of a metric with this unit in Prometheus; empty for counts.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Count => Unit::Count,
            Self::Seconds => Unit::Seconds,
            Self::Bytes => Unit::Bytes,
            Self::Ratio => Unit::Ratio,
        }
        .prometheus()
    }
}

/// Who declared a [`ServiceMetric`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeclaredBy {
    /// Radiosonde.
    Radiosonde,
    /// The service itself.
    Service,
}

impl ServiceCatalogue {
    /// Reads a catalogue.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidCatalogue`] when the text is no catalogue, when it is one of another version, and when what it says
    /// does not fit together.
    pub fn from_json(json: &str) -> Result<Self, InvalidCatalogue> {
        let no_catalogue = |error: serde_json::Error| InvalidCatalogue::NoCatalogue {
            reason: error.to_string(),
        };
        // First the version: of another one, nothing else is known.
        let Version { version } = serde_json::from_str(json).map_err(no_catalogue)?;
        if version != JSON_VERSION {
            return Err(InvalidCatalogue::OtherVersion { version });
        }
        let read: Document = serde_json::from_str(json).map_err(no_catalogue)?;
        let objectives = read.objectives.into_iter().map(DeclaredObjective::declare);
        let objectives = objectives.collect::<Result<Vec<_>, _>>()?;
        let objectives = Objectives::new(objectives).map_err(InvalidCatalogue::Objectives)?;
        let catalogue = Self {
            hash: read.hash,
            service: read.service,
            metrics: read.metrics,
            objectives,
        };
        catalogue.check_bounds()?;
        Ok(catalogue)
    }

    /// Returns a metric by its name in Prometheus.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&ServiceMetric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    /// A threshold that is no bound could not be counted, neither of requests nor of calls of gRPC: a call is a request.
    fn check_bounds(&self) -> Result<(), InvalidCatalogue> {
        for histogram in [HTTP_REQUEST_DURATION.name(), RPC_REQUEST_DURATION.name()] {
            let durations = self.metric(histogram);
            let bounds = durations.map_or(&[][..], |metric| &metric.bounds);
            for objective in &self.objectives {
                let threshold = objective.threshold_seconds();
                if let Some(threshold) = threshold.filter(|threshold| !bounds.contains(threshold)) {
                    return Err(InvalidCatalogue::OutsideHistogram {
                        objective: objective.name().to_owned(),
                        threshold,
                        histogram,
                    });
                }
            }
        }
        Ok(())
    }
}

/// Why a text is not the catalogue of a service.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCatalogue {
    /// It is something else, or broken.
    #[error(
        "this is no catalogue of a service ({reason}): give the answer of `/admin/catalog`, or a file with it"
    )]
    #[non_exhaustive]
    NoCatalogue {
        /// What its parser says.
        reason: String,
    },
    /// It was made by another version of Radiosonde.
    #[error(
        "the catalogue has version {version} and this program reads version {JSON_VERSION}: use the `radiosonde-stack` \
         of the version of Radiosonde that the service is built with"
    )]
    #[non_exhaustive]
    OtherVersion {
        /// The version that it has.
        version: u32,
    },
    /// Its objectives are wrong. All mistakes are listed.
    #[error("the objectives of the catalogue are wrong: {}; mend them where the service declares them", list(.0))]
    Objectives(Vec<InvalidObjective>),
    /// An objective says something that this version does not know.
    #[error(
        "objective `{objective}` has the {member} `{value}`, which this program does not know: use a newer `radiosonde-stack`"
    )]
    #[non_exhaustive]
    Unknown {
        /// The name of the objective.
        objective: String,
        /// Where it says it.
        member: &'static str,
        /// What it says.
        value: String,
    },
    /// The threshold of a latency objective is no bound of the histogram, which then cannot say how many were quicker.
    #[error(
        "objective `{objective}` has the threshold {threshold} s, which is no bound of `{histogram}`: take the catalogue \
         from the service again, and do not edit it"
    )]
    #[non_exhaustive]
    OutsideHistogram {
        /// The name of the objective.
        objective: String,
        /// The threshold in seconds.
        threshold: f64,
        /// The histogram.
        histogram: &'static str,
    },
}

fn list(mistakes: &[InvalidObjective]) -> String {
    let texts: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    texts.join("; ")
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct Document {
    hash: String,
    service: Option<String>,
    metrics: Vec<ServiceMetric>,
    objectives: Vec<DeclaredObjective>,
}

/// An objective, as JSON has it.
#[derive(Deserialize)]
struct DeclaredObjective {
    name: String,
    kind: String,
    target: f64,
    threshold_seconds: Option<f64>,
    period_seconds: u64,
    scope: String,
    routes: Vec<String>,
    low_traffic: DeclaredLowTraffic,
    expects_traffic: bool,
    team: Option<String>,
}

#[derive(Deserialize)]
struct DeclaredLowTraffic {
    mode: String,
    page: Option<u32>,
    ticket: Option<u32>,
}

impl DeclaredObjective {
    fn declare(self) -> Result<Objective, InvalidCatalogue> {
        let name = self.name.clone();
        let unknown = |member, value| InvalidCatalogue::Unknown {
            objective: name.clone(),
            member,
            value,
        };
        let percent = percent(self.target);
        let objective = match self.kind.as_str() {
            "availability" => Objective::availability(self.name, percent),
            "latency" => {
                let threshold = self.threshold_seconds.unwrap_or_default();
                Objective::latency(self.name, percent, duration(threshold))
            }
            _ => return Err(unknown("kind", self.kind)),
        };
        let objective = match self.scope.as_str() {
            "all" => objective,
            "group" => objective.for_group(self.routes),
            "each" => objective.for_each(self.routes),
            _ => return Err(unknown("scope", self.scope)),
        };
        let DeclaredLowTraffic { mode, page, ticket } = self.low_traffic;
        let low_traffic = match mode.as_str() {
            "least_bad" => {
                LowTraffic::least_bad(page.unwrap_or_default(), ticket.unwrap_or_default())
            }
            "share_of_budget" => LowTraffic::ShareOfBudget,
            "off" => LowTraffic::Off,
            _ => return Err(unknown("low traffic", mode)),
        };
        let mut objective = objective
            .with_period(Duration::from_secs(self.period_seconds))
            .with_low_traffic(low_traffic);
        if self.expects_traffic {
            objective = objective.expecting_traffic();
        }
        Ok(match self.team {
            Some(team) => objective.with_team(team),
            None => objective,
        })
    }
}

/// Returns a share as the percentage that it was declared with.
fn percent(share: f64) -> f64 {
    // Through its decimal text: `0.999 * 100.0` is `99.9` only by luck.
    format!("{share}e2").parse().unwrap_or(f64::NAN)
}

/// Returns the time of a bound; what is none is zero, which no objective may have.
fn duration(seconds: f64) -> Duration {
    let micros = Duration::try_from_secs_f64(seconds).map(|duration| duration.as_nanos() + 500);
    let micros = micros.map_or(0, |nanos| nanos / 1_000);
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use radiosonde_catalog::{Catalogue, METRICS, Metric};

    use super::*;

    fn written(objectives: impl IntoIterator<Item = Objective>) -> String {
        let objectives = Objectives::new(objectives).unwrap();
        Catalogue::new().with_objectives(objectives).json()
    }

    #[test]
    fn what_was_written_is_read() {
        const PAID: Metric = Metric::counter("orders_paid_total").with_labels(&["payment"]);
        let catalogue = Catalogue::of(METRICS.iter().copied().chain([&PAID]))
            .with_in_use(["orders_paid_total"])
            .with_service("checkout");
        let read = ServiceCatalogue::from_json(&catalogue.json()).unwrap();
        assert_eq!(read.hash, catalogue.hash());
        assert_eq!(read.service.as_deref(), Some("checkout"));
        assert_eq!(read.metrics.len(), METRICS.len() + 1);
        let paid = read.metric("orders_paid_total").unwrap();
        assert_eq!(paid.labels, ["payment"]);
        assert_eq!(
            (paid.kind, paid.unit),
            (MetricKind::Counter, MetricUnit::Count)
        );
        assert_eq!((paid.declared_by, paid.in_use), (DeclaredBy::Service, true));
        let requests = read.metric("http_requests_total").unwrap();
        assert_eq!(
            (requests.declared_by, requests.in_use),
            (DeclaredBy::Radiosonde, false)
        );
    }

    #[test]
    fn objectives_read_as_they_were_declared() {
        let millis = Duration::from_millis;
        let mut declared = vec![
            Objective::availability("api", 99.9).expecting_traffic(),
            Objective::latency("carts", 95.0, millis(300))
                .for_group(["/a", "/b"])
                .with_team("carts"),
            Objective::latency("each", 99.0, Duration::from_micros(2_718_281)).for_each(["/a"]),
            Objective::availability("low", 0.1).with_low_traffic(LowTraffic::ShareOfBudget),
            Objective::availability("most", 99.999_999_9).with_low_traffic(LowTraffic::Off),
            Objective::availability("never", 90.0).with_low_traffic(LowTraffic::least_bad(0, 7)),
            Objective::availability("week", 57.3).with_period(Duration::from_hours(7 * 24)),
        ];
        // Shares of every usual form.
        declared.extend((1..1_000_u32).step_by(7).map(|thousandths| {
            let percent = f64::from(thousandths) / 10.0;
            Objective::latency(
                format!("p{thousandths}"),
                percent,
                millis(thousandths.into()),
            )
        }));
        let read = ServiceCatalogue::from_json(&written(declared.clone())).unwrap();
        assert_eq!(read.objectives, Objectives::new(declared).unwrap());
    }

    #[test]
    fn a_catalogue_of_another_version_is_named() {
        let json = written([]);
        for version in [0, 2, 17] {
            let other = json.replacen("\"version\":1", &format!("\"version\":{version}"), 1);
            let error = ServiceCatalogue::from_json(&other).unwrap_err();
            assert!(
                matches!(error, InvalidCatalogue::OtherVersion { version: found, .. } if found == version)
            );
            assert!(
                error.to_string().contains("this program reads version 1"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_no_catalogue_is_told_with_the_reason() {
        let cut = written([]);
        for text in [
            "",
            "{}",
            "[]",
            "not found",
            r#"{"version":1}"#,
            &cut[..cut.len() / 2],
        ] {
            let error = ServiceCatalogue::from_json(text).unwrap_err().to_string();
            assert!(
                error.starts_with("this is no catalogue of a service ("),
                "{error}"
            );
            assert!(error.ends_with("give the answer of `/admin/catalog`, or a file with it"));
        }
    }

    #[test]
    fn members_of_later_releases_are_no_mistake() {
        let json = written([]).replacen("{\"version\"", "{\"colour\":\"red\",\"version\"", 1);
        assert!(ServiceCatalogue::from_json(&json).is_ok());
    }

    #[test]
    fn what_does_not_fit_together_is_told() {
        let json = written([Objective::latency("api", 95.0, Duration::from_millis(300))]);
        let edited = [
            ("\"target\":0.95", "\"target\":1", "promises 100 percent"),
            (
                "0.3,0.5",
                "0.5",
                "no bound of `http_request_duration_seconds`",
            ),
            (
                "\"scope\":\"all\"",
                "\"scope\":\"tenant\"",
                "has the scope `tenant`",
            ),
            (
                "\"kind\":\"latency\"",
                "\"kind\":\"freshness\"",
                "has the kind `freshness`",
            ),
            (
                "\"least_bad\"",
                "\"most_bad\"",
                "has the low traffic `most_bad`",
            ),
            (
                "\"threshold_seconds\":0.3",
                "\"threshold_seconds\":-1",
                "has the threshold 0ns",
            ),
        ];
        for (from, to, expected) in edited {
            assert!(json.contains(from), "{from}");
            let error = ServiceCatalogue::from_json(&json.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn a_threshold_has_to_be_a_bound_for_calls_of_grpc_as_well() {
        let json = written([Objective::latency("api", 95.0, Duration::from_millis(300))]);
        let start = json.find(RPC_REQUEST_DURATION.name()).unwrap();
        let (before, after) = json.split_at(start);
        let edited = format!("{before}{}", after.replacen("0.3,0.5", "0.5", 1));
        let error = ServiceCatalogue::from_json(&edited).unwrap_err();
        let expected = "no bound of `rpc_request_duration_seconds`";
        assert!(error.to_string().contains(expected), "{error}");
    }
}
