//! Ports.

use radiosonde_health::Check;
use tokio::net::TcpStream;

/// Makes a check that connects to this host and port, and hangs up.
///
/// It says that something accepts, not that it works. Where there is a client, ask by that.
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
    Check::new(name, move || {
        let address = address.clone();
        async move {
            TcpStream::connect(address).await?;
            Ok(())
        }
    })
}
