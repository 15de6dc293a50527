//! Names.

use radiosonde_health::{Check, CheckFailed};
use tokio::net::lookup_host;

/// Makes a check that has the system resolve this name. One address passes.
///
/// The system may answer from a cache, and from `/etc/hosts`.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::dns::check("resolver", "localhost").critical())?;
///
/// assert!(health.readiness().await.ready);
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, host: impl Into<String>) -> Check {
    let host = host.into();
    Check::new(name, move || {
        let host = host.clone();
        async move {
            let mut addresses = lookup_host((host, 0)).await?;
            let first = addresses.next();
            first.map_or_else(
                || Err(CheckFailed::new("the name has no address")),
                |_| Ok(()),
            )
        }
    })
}
