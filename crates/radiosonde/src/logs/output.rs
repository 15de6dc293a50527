//! Standard output, as lines need it.

use std::io::{self, Write};

/// Returns standard output without the buffer that the standard library puts before it: what is written has left the process,
/// or is an error, and can be counted.
///
/// What was printed before comes first. The descriptor is that of now: one that takes its place later gets no lines.
#[cfg(unix)]
pub(crate) fn standard_output() -> Box<dyn Write + Send> {
    use std::os::fd::AsFd as _;

    let mut stdout = io::stdout();
    let _ = stdout.flush();
    match stdout.as_fd().try_clone_to_owned() {
        Ok(descriptor) => Box::new(Output(descriptor.into())),
        // It is closed, or the process has no descriptor left.
        Err(_) => Box::new(stdout),
    }
}

/// The descriptor itself. Whoever prints meanwhile waits, as they do for each other: a line is in one piece.
#[cfg(unix)]
struct Output(std::fs::File);

#[cfg(unix)]
impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut stdout = io::stdout().lock();
        // What was printed without an end of its line stands before this one.
        let _ = stdout.flush();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(not(unix))]
pub(crate) fn standard_output() -> Box<dyn Write + Send> {
    Box::new(io::stdout())
}
