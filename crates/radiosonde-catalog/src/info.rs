//! Facts about the service, as the labels of series that are always 1.
//!
//! A query joins them to other metrics of the same target. Their labels are free, each a fact that is known: those listed
//! here are the ones to expect, and a service may have others, or lack one.

use crate::metric::{Kind, Metric, Unit};

/// What OpenTelemetry calls the resource: which service this is, and where it runs.
///
/// Each attribute of the resource is a label, spelled as Prometheus takes it: `service.version` is `service_version`.
pub const TARGET_INFO: Metric = info(
    "target_info",
    "target.info",
    &["service_name"],
    "The resource that this service is, as labels.",
);

/// Which build of the service this is.
pub const BUILD_INFO: Metric = info(
    "build_info",
    "build.info",
    &["service", "version"],
    "The build of this service, as labels.",
);

const fn info(
    name: &'static str,
    otel_name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric {
        name,
        otel_name,
        kind: Kind::Gauge,
        unit: Unit::Count,
        labels,
        bounds: &[],
        help,
    }
}
