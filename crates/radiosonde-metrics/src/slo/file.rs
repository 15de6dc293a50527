//! The snapshot in a file.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{InvalidSnapshot, Restored, Slos};

impl Slos {
    /// Writes the [`snapshot`](Self::snapshot) to a file, which is replaced at once: whoever reads it sees the old one or
    /// the new one, also when the machine stops in between.
    ///
    /// It blocks for as long as the disk does, and for another save of the same objectives. Each process needs a file of its own.
    ///
    /// # Errors
    ///
    /// Returns the error of the file system. The file is as it was, then.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let _saving = self.saving();
        let bytes = self.snapshot(SystemTime::now());
        let new = beside(path);
        let written = write_through(&new, &bytes).and_then(|()| fs::rename(&new, path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }

    /// Goes on where the file ends, as [`restore`](Self::restore) does; `None` when there is no file.
    ///
    /// # Errors
    ///
    /// Returns [`LoadError`] when the file cannot be read, and when it holds something else. Nothing changes then.
    pub fn load(&self, path: &Path) -> Result<Option<Restored>, LoadError> {
        let file = match open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(LoadError::Io(error)),
        };
        let mut bytes = Vec::new();
        // What is longer is not ours, and is not read into memory to find that out.
        file.take(MOST)
            .read_to_end(&mut bytes)
            .map_err(LoadError::Io)?;
        let restored = self.restore(&bytes, SystemTime::now());
        restored.map(Some).map_err(LoadError::Invalid)
    }
}

/// Why a snapshot was not loaded.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    Io(io::Error),
    /// It holds something else.
    Invalid(InvalidSnapshot),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the file cannot be read: {error}"),
            Self::Invalid(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

/// Opens a regular file. A pipe would keep its reader until somebody writes.
fn open(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    File::open(path)
}

/// The name of a file in the same folder: only there a rename replaces another file at once.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    // Before the rename: else a machine that stops may leave a name without contents.
    file.sync_all()
}

/// A thousand budgets take a quarter of that.
const MOST: u64 = 32 * 1024 * 1024;
