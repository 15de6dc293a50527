//! Certificates that end.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use radiosonde_health::{Check, CheckFailed};
use radiosonde_metrics::Registry;
use radiosonde_metrics::standard::Certificate;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use crate::der::not_after;

/// Makes a check that fails once a certificate of this file ends within that time, or the file cannot be read.
///
/// The file is PEM and may hold a chain: the certificate that ends first counts. It is read at each run, so that one that
/// was renewed is seen; whether the service uses it is another question. Only the end of its validity is looked at.
///
/// An interval of minutes is enough.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (path, two_weeks) = ("/etc/checkout/tls.crt", Duration::from_hours(14 * 24));
/// let health = radiosonde_health::Health::new();
/// let check = radiosonde_checks::certificate::check("certificate", path, two_weeks);
/// health.register(check.interval(Duration::from_mins(10)))?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, path: impl Into<PathBuf>, remaining: Duration) -> Check {
    let path = path.into();
    Check::blocking(name, move || lasts(end(&path)?, remaining))
}

/// Makes the same check, and has it show when the certificate ends as the standard instrument
/// [`Certificate`] of this name.
///
/// The instrument reads 0 until the file was read once.
pub fn recorded_check(
    name: impl Into<String>,
    path: impl Into<PathBuf>,
    remaining: Duration,
    registry: &Registry,
) -> Check {
    let (name, path) = (name.into(), path.into());
    let instrument = Certificate::new(registry, &name);
    Check::blocking(name, move || {
        let end = end(&path)?;
        instrument.expires_at(end);
        lasts(end, remaining)
    })
}

/// Returns when the first of the certificates ends.
fn end(path: &Path) -> Result<SystemTime, CheckFailed> {
    let pem = std::fs::read(path)?;
    let mut first = None;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let end = not_after(&certificate?);
        let end = end.ok_or_else(|| CheckFailed::new("a certificate cannot be understood"))?;
        first = Some(first.unwrap_or(end).min(end));
    }
    first.ok_or_else(|| CheckFailed::new("the file holds no certificate"))
}

fn lasts(end: SystemTime, remaining: Duration) -> Result<(), CheckFailed> {
    let Ok(left) = end.duration_since(SystemTime::now()) else {
        return Err(CheckFailed::new("the certificate has ended"));
    };
    if left >= remaining {
        return Ok(());
    }
    let hours = left.as_secs() / 3600;
    Err(CheckFailed::new(format_args!(
        "the certificate ends in {hours} hours"
    )))
}
