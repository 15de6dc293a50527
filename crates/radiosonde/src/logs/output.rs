//! Standard output, as lines need it.

use std::io::{self, Write};

/// Returns standard output without the buffer that the standard library puts before it: what is written has left the process,
/// or is an error, and can be counted.
///
/// What was printed before comes first.
#[cfg(unix)]
pub(crate) fn standard_output() -> Box<dyn Write + Send> {
    use std::os::fd::AsFd as _;

    let mut stdout = io::stdout();
    let _ = stdout.flush();
    match stdout.as_fd().try_clone_to_owned() {
        Ok(descriptor) => Box::new(std::fs::File::from(descriptor)),
        // It is closed, or the process has no descriptor left.
        Err(_) => Box::new(stdout),
    }
}

#[cfg(not(unix))]
pub(crate) fn standard_output() -> Box<dyn Write + Send> {
    Box::new(io::stdout())
}
