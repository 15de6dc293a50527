//! Files that somebody else writes, and may replace while the service runs.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads a file. The telemetry thread does so, too, and must neither wait for who writes a pipe nor read without an end.
///
/// # Errors
///
/// Returns why it will not do, in words for who wrote it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    let file = open(path).map_err(|error| error.to_string())?;
    // Of what was opened: the path may lead elsewhere by now.
    let about = file.metadata().map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is no regular file".into());
    }
    let mut bytes = Vec::new();
    // Some files are longer than they say.
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    let length = read.map_err(|error| error.to_string())? as u64;
    if length > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    Ok(bytes)
}

/// Opens whatever is there, without waiting for the other end of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.read(true).open(path)
}

/// More than the authorities of any system take.
const MAX_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_a_megabyte() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (length, expected) in [(0, true), (1 << 20, true), ((1 << 20) + 1, false)] {
            std::fs::write(&path, vec![b'x'; length]).unwrap();
            let read = read(&path).map(|bytes| bytes.len());
            assert_eq!(read.is_ok(), expected, "{read:?}");
        }
        assert!(read(&directory.path().join("none")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_never_ends_or_waits_for_another_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [&pipe, Path::new("/dev/zero"), directory.path()] {
            assert_eq!(read(path), Err("it is no regular file".into()), "{path:?}");
        }
    }
}
