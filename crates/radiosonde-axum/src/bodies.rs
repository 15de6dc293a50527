//! What stands in an answer, in the order in which it stands there. As JSON by `Serialize`, as text by `Display`.
//!
//! Where the detail is public, nothing here holds an error text, an address or whatever else a stranger should not read.

use std::fmt::{self, Display};
use std::time::{Duration, SystemTime};

use radiosonde_health::{CheckReport, Report, Status};
use serde::{Serialize, Serializer};

use crate::ServiceInfo;
use crate::answer::Body;
use crate::draft::Draft;
use crate::lines::{check_line, error_of, write_lines};
use crate::memory::{Memory, memory};
use crate::scope::Detail;

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
}

impl Body for ProbeBody {
    fn passed(&self) -> bool {
        self.reasons.is_empty()
    }

    fn draft(&self) -> Draft {
        Draft::of_probe(self.passed(), &self.reasons)
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
    checks: Checks<'a>,
    #[serde(skip)]
    info: &'a ServiceInfo,
    #[serde(skip)]
    overall: Status,
}

/// The checks by their names.
#[derive(Debug)]
struct Checks<'a> {
    reports: &'a [CheckReport],
    detail: Detail,
}

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reports = self.reports.iter();
        serializer
            .collect_map(reports.map(|check| (&check.name, CheckBody::new(check, self.detail))))
    }
}

impl<'a> HealthBody<'a> {
    pub(crate) fn new(
        service: &'a ServiceInfo,
        uptime: Duration,
        report: &'a Report,
        detail: Detail,
    ) -> Self {
        Self {
            status: report.status.as_str(),
            service: &service.name,
            version: service.version.as_deref(),
            environment: service.environment.as_deref(),
            uptime: seconds(uptime, 100.0),
            timestamp: unix_millis(),
            memory: memory(),
            services: &report.checks,
            checks: Checks {
                reports: &report.checks,
                detail,
            },
            info: service,
            overall: report.status,
        }
    }
}

impl Body for HealthBody<'_> {
    fn passed(&self) -> bool {
        self.overall != Status::Unhealthy
    }

    fn draft(&self) -> Draft {
        let Checks { reports, detail } = self.checks;
        Draft::of_service(self.overall, self.info, reports, detail)
    }
}

impl Display for HealthBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Checks { reports, detail } = self.checks;
        let lines = reports.iter().map(|check| check_line(check, detail));
        write_lines(f, &lines.collect::<Vec<_>>(), "health", self.passed())
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
    /// Why its last run failed, for those who may read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip)]
    report: &'a CheckReport,
    #[serde(skip)]
    detail: Detail,
}

impl<'a> CheckBody<'a> {
    pub(crate) fn new(report: &'a CheckReport, detail: Detail) -> Self {
        Self {
            status: report.status.as_str(),
            severity: report.severity.as_str(),
            age_seconds: report.age.map(|age| seconds(age, 1e3)),
            duration_seconds: report.duration.map(|duration| seconds(duration, 1e6)),
            reason: (!report.is_passing()).then(|| report.state.as_str()),
            error: error_of(report, detail),
            report,
            detail,
        }
    }
}

impl Body for CheckBody<'_> {
    fn passed(&self) -> bool {
        self.report.is_passing()
    }

    fn draft(&self) -> Draft {
        Draft::of_check(self.report, self.detail)
    }
}

impl Display for CheckBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = [check_line(self.report, self.detail)];
        write_lines(f, &lines, &self.report.name, self.passed())
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

impl Body for UnknownCheck {
    fn passed(&self) -> bool {
        false
    }

    fn draft(&self) -> Draft {
        Draft::of_probe(false, &[self.status.to_owned()])
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
