//! Places on disk for what a test leaves behind while it runs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Makes an empty directory under the build's `target` directory; it goes when the handle does.
pub(crate) fn directory(name: &str) -> TempDir {
    let parent = target_directory().join("tmp");
    fs::create_dir_all(&parent)
        .unwrap_or_else(|error| panic!("cannot create {}: {error}", parent.display()));
    tempfile::Builder::new()
        .prefix(&format!("{name}-"))
        .tempdir_in(&parent)
        .unwrap_or_else(|error| panic!("no directory under {}: {error}", parent.display()))
}

/// The directory above every crate of this workspace.
pub(crate) fn workspace() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest
        .ancestors()
        .nth(2)
        .expect("the crate lies in crates/ of the workspace")
}

/// The directory that Cargo builds into.
///
/// Cargo names it to nobody at run time, but it marks it, and a test's program lies in it. An example in the
/// documentation runs from elsewhere.
fn target_directory() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let marked = program
        .ancestors()
        .find(|directory| directory.join("CACHEDIR.TAG").is_file());
    match (marked, env::var_os("CARGO_TARGET_DIR")) {
        (Some(directory), _) => directory.to_owned(),
        (None, Some(directory)) => workspace().join(directory),
        (None, None) => workspace().join("target"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_lies_in_target_and_goes_with_its_handle() {
        let directory = directory("scratch");
        let path = directory.path().to_owned();

        assert!(path.is_dir());
        assert!(
            env::current_exe()
                .unwrap()
                .starts_with(path.ancestors().nth(2).unwrap())
        );
        drop(directory);
        assert!(!path.exists());
    }
}
