//! What stands in an answer, in the order in which it stands there. As JSON by `Serialize`, as text by `Display`.
//!
//! Nothing here may hold an error text, an address or whatever else a stranger should not read.

use std::fmt::{self, Display};
use std::time::{Duration, SystemTime};

use radiosonde_health::{CheckReport, Report, Status};
use serde::{Serialize, Serializer};

use crate::ServiceInfo;
use crate::lines::{check_line, write_lines};
use crate::memory::{Memory, memory};

/// The body of a liveness, readiness or startup probe.
#[derive(Debug, Serialize)]
pub(crate) struct ProbeBody {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    #[serde(skip)]
    probe: &'static str,
    #[serde(skip)]
    lines: Vec<String>,
}

impl ProbeBody {
    /// Makes the body of a probe that passes if there is no reason against it. `words` are its status in either case.
    pub(crate) fn new(
        probe: &'static str,
        [passed, failed]: [&'static str; 2],
        reasons: Vec<String>,
        lines: Vec<String>,
    ) -> Self {
        Self {
            status: if reasons.is_empty() { passed } else { failed },
            reasons,
            probe,
            lines,
        }
    }

    pub(crate) fn passed(&self) -> bool {
        self.reasons.is_empty()
    }
}

impl Display for ProbeBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(f, &self.lines, self.probe, self.passed())
    }
}

/// The body of `/health`.
#[derive(Debug, Serialize)]
pub(crate) struct HealthBody<'a> {
    status: &'static str,
    service: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    uptime: f64,
    timestamp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<Memory>,
    #[serde(serialize_with = "statuses_by_name")]
    services: &'a [CheckReport],
    #[serde(serialize_with = "bodies_by_name")]
    checks: &'a [CheckReport],
    #[serde(skip)]
    passed: bool,
}

impl<'a> HealthBody<'a> {
    pub(crate) fn new(service: &'a ServiceInfo, uptime: Duration, report: &'a Report) -> Self {
        Self {
            status: report.status.as_str(),
            service: &service.name,
            version: service.version.as_deref(),
            environment: service.environment.as_deref(),
            uptime: seconds(uptime, 100.0),
            timestamp: unix_millis(),
            memory: memory(),
            services: &report.checks,
            checks: &report.checks,
            passed: report.status != Status::Unhealthy,
        }
    }

    pub(crate) fn passed(&self) -> bool {
        self.passed
    }
}

impl Display for HealthBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.checks.iter().map(check_line).collect();
        write_lines(f, &lines, "health", self.passed)
    }
}

/// One check, alone or in the body of `/health`.
#[derive(Debug, Serialize)]
pub(crate) struct CheckBody<'a> {
    status: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    age_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
    /// Why it does not pass: its state, in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip)]
    report: &'a CheckReport,
}

impl<'a> CheckBody<'a> {
    pub(crate) fn new(report: &'a CheckReport) -> Self {
        Self {
            status: report.status.as_str(),
            severity: report.severity.as_str(),
            age_seconds: report.age.map(|age| seconds(age, 1e3)),
            duration_seconds: report.duration.map(|duration| seconds(duration, 1e6)),
            reason: (!report.is_passing()).then(|| report.state.as_str()),
            report,
        }
    }
}

impl Display for CheckBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let check = self.report;
        write_lines(f, &[check_line(check)], &check.name, check.is_passing())
    }
}

/// The body of a check that does not exist.
#[derive(Debug, Serialize)]
pub(crate) struct UnknownCheck {
    status: &'static str,
}

impl UnknownCheck {
    pub(crate) fn new() -> Self {
        let status = "unknown check";
        Self { status }
    }
}

impl Display for UnknownCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.status)
    }
}

fn statuses_by_name<S: Serializer>(
    checks: &[CheckReport],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        checks
            .iter()
            .map(|check| (&check.name, check.status.as_str())),
    )
}

fn bodies_by_name<S: Serializer>(checks: &[CheckReport], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        checks
            .iter()
            .map(|check| (&check.name, CheckBody::new(check))),
    )
}

/// Returns the duration in seconds, rounded to so many parts of a second.
fn seconds(duration: Duration, parts: f64) -> f64 {
    (duration.as_secs_f64() * parts).round() / parts
}

/// Returns the milliseconds since 1970; 0 if the clock of the system stands before.
fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis());
    u64::try_from(millis).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_to_the_part_that_matters() {
        assert_eq!(
            seconds(Duration::from_micros(12_345_674_321), 100.0).to_string(),
            "12345.67"
        );
        assert_eq!(
            seconds(Duration::from_nanos(3_017_482), 1e6).to_string(),
            "0.003017"
        );
        assert_eq!(seconds(Duration::ZERO, 1e3).to_string(), "0");
    }

    #[test]
    fn the_clock_counts_milliseconds_since_1970() {
        let (year_2020, year_2200) = (1_577_836_800_000, 7_258_118_400_000);
        assert!((year_2020..year_2200).contains(&unix_millis()));
    }
}
