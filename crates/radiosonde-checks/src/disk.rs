//! Space on file systems.

use std::io;
use std::path::{Path, PathBuf};

use radiosonde_health::{Check, CheckFailed};

/// Makes a check that fails while the file system of this path has fewer free bytes than that, or cannot tell.
///
/// Free is what the service could use: what is reserved for root does not count. A file system that hangs, as one over a
/// network may, blocks a thread of its own and fails the check.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::disk::check("uploads", "/tmp", 1024 * 1024))?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, path: impl Into<PathBuf>, free_bytes: u64) -> Check {
    let path = path.into();
    Check::blocking(name, move || {
        let free = free_space(&path)?;
        if free >= free_bytes {
            return Ok(());
        }
        Err(CheckFailed::new(format_args!(
            "{free} bytes are free, fewer than {free_bytes}"
        )))
    })
}

fn free_space(path: &Path) -> io::Result<u64> {
    let system = rustix::fs::statvfs(path)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}
