//! Certificates that end.

use std::time::SystemTime;

use radiosonde_catalog::CERTIFICATE_EXPIRY;

use super::number::timestamp;
use crate::{Gauge, Registry};

/// When one certificate ends.
///
/// Records [`CERTIFICATE_EXPIRY`]. It reads 0, which is long past, until [`expires_at`](Self::expires_at) says more: a
/// certificate that nobody looks at should be noticed.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// use radiosonde_metrics::Registry;
/// use radiosonde_metrics::standard::Certificate;
///
/// let registry = Registry::new();
/// let certificate = Certificate::new(&registry, "server");
/// certificate.expires_at(UNIX_EPOCH + Duration::from_secs(2_000_000_000));
///
/// let line = r#"certificate_expiry_timestamp_seconds{certificate="server"} 2000000000"#;
/// assert!(registry.render().contains(line));
/// ```
#[derive(Debug, Clone)]
pub struct Certificate {
    expiry: Gauge,
}

impl Certificate {
    /// Makes the series of the certificate of this name, or finds it.
    #[must_use]
    pub fn new(registry: &Registry, certificate: &str) -> Self {
        Self {
            expiry: registry.gauge(&CERTIFICATE_EXPIRY, &[certificate]),
        }
    }

    /// Sets when the certificate ends: its `notAfter`.
    pub fn expires_at(&self, time: SystemTime) {
        self.expiry.set(timestamp(time));
    }
}
