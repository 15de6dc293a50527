//! Ports.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Instant;

use radiosonde_health::{Check, CheckFailed};

/// Makes a check that connects to this host and port, and hangs up.
///
/// It says that something accepts, not that it works. Where there is a client, ask by that.
///
/// The addresses of a host are tried one after the other. The system, which resolves it, cannot be told to give up: while it hangs,
/// the check fails, and one thread of Tokio's is blocked, however long.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::tcp::check("printer", "printer.internal:9100"))?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, address: impl Into<String>) -> Check {
    let address = address.into();
    Check::blocking_within(name, move |left| connect(&address, Instant::now() + left))
}

fn connect(address: &str, deadline: Instant) -> Result<(), CheckFailed> {
    let mut failed = CheckFailed::new("the host has no address");
    for address in address.to_socket_addrs()? {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // Which `connect_timeout` would take for a mistake.
            return Err(CheckFailed::new("no time was left"));
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(_) => return Ok(()),
            Err(error) => failed = error.into(),
        }
    }
    Err(failed)
}
