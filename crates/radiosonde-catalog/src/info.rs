//! Facts about the service, as the labels of series that are always 1.
//!
//! A query joins them to other metrics of the same target. Their labels are free, each a fact that is known: those listed
//! here are the ones to expect, and a service may have others, or lack one.

use crate::Metric;

/// What OpenTelemetry calls the resource: which service this is, and where it runs.
///
/// Each attribute of the resource is a label, spelled as Prometheus takes it: `service.version` is `service_version`.
pub const TARGET_INFO: Metric = Metric::gauge("target_info")
    .with_otel_name("target.info")
    .with_labels(&["service_name"])
    .with_otel_labels(&["service.name"])
    .with_help("The resource that this service is, as labels.");

/// Which build of the service this is.
pub const BUILD_INFO: Metric = Metric::gauge("build_info")
    .with_otel_name("build.info")
    .with_labels(&["service", "version"])
    .with_otel_labels(&["service.name", "service.version"])
    .with_help("The build of this service, as labels.");
