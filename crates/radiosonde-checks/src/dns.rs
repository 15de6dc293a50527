//! Names.

use std::net::ToSocketAddrs as _;

use radiosonde_health::{Check, CheckFailed};

/// Makes a check that has the system resolve this name. One address passes.
///
/// The system may answer from a cache, and from `/etc/hosts`. It cannot be told to give up: while it hangs, the check fails, and
/// one thread of Tokio's is blocked, however long.
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
    Check::blocking(name, move || {
        let mut addresses = (host.as_str(), 0).to_socket_addrs()?;
        match addresses.next() {
            Some(_) => Ok(()),
            None => Err(CheckFailed::new("the name has no address")),
        }
    })
}
