//! The answers as the Internet-Draft `draft-inadarei-api-health-check-06` words them, `application/health+json`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use radiosonde_health::{CheckReport, Status};
use serde::Serialize;

use crate::ServiceInfo;
use crate::lines::error_of;
use crate::scope::Detail;

/// A whole answer: sections 3 and 4 of the draft.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Draft {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    release_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    /// By the name of the component and, behind a colon, of what was measured.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    checks: BTreeMap<String, [Measurement; 1]>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Measurement {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
}

impl Draft {
    /// Makes the answer of a probe, with the reasons for which it failed.
    pub(crate) fn of_probe(passed: bool, reasons: &[String]) -> Self {
        Self {
            status: if passed { "pass" } else { "fail" },
            output: (!reasons.is_empty()).then(|| reasons.join("; ")),
            ..Self::default()
        }
    }

    pub(crate) fn of_service(
        status: Status,
        service: &ServiceInfo,
        checks: &[CheckReport],
        detail: Detail,
    ) -> Self {
        let measurements = checks.iter().map(|check| measurement(check, detail));
        Self {
            status: word(status),
            release_id: service.version.clone(),
            service_id: Some(service.name.clone()),
            output: None,
            checks: measurements.collect(),
        }
    }

    pub(crate) fn of_check(check: &CheckReport, detail: Detail) -> Self {
        Self {
            status: word(check.status),
            checks: [measurement(check, detail)].into(),
            ..Self::default()
        }
    }
}

fn measurement(check: &CheckReport, detail: Detail) -> (String, [Measurement; 1]) {
    let millis = check.duration.map(|duration| duration.as_secs_f64() * 1e3);
    let reason = (!check.is_passing()).then(|| match error_of(check, detail) {
        Some(error) => format!("{}: {error}", check.state),
        None => check.state.to_string(),
    });
    let measurement = Measurement {
        status: word(check.status),
        observed_value: millis,
        observed_unit: millis.map(|_| "ms"),
        time: check.age.and_then(ended),
        output: reason,
    };
    (format!("{}:responseTime", check.name), [measurement])
}

/// A degraded service serves, and says so in the draft's word for concerns.
fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "pass",
        Status::Degraded => "warn",
        _ => "fail",
    }
}

/// Returns when something of this age was, as RFC 3339 writes it; nothing where the clock stands at an earlier time than Unix knows.
fn ended(age: Duration) -> Option<String> {
    let time = SystemTime::now().checked_sub(age)?;
    let time = (time >= SystemTime::UNIX_EPOCH).then_some(time)?;
    Some(humantime::format_rfc3339_millis(time).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_before_all_time_has_none() {
        assert!(ended(Duration::from_secs(1)).is_some());
        assert_eq!(ended(Duration::from_hours(24 * 365 * 100)), None);
        assert_eq!(ended(Duration::MAX), None);
    }
}
