//! A tree on disk: writing it, and comparing it with one that was committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::manifest::checksum;
use crate::{InvalidManifest, Manifest, Tree};

/// How a file of a committed tree differs from what would be written now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Difference {
    /// It is not there.
    Missing,
    /// It is as it was written then, and would be written otherwise now.
    Outdated,
    /// Somebody has changed it since it was written.
    Edited,
    /// It is there, and would no longer be written.
    Left,
}

impl Difference {
    /// Says what is wrong with a file, and what to do.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Missing => "is missing: run `radiosonde stack` and commit it",
            Self::Outdated => "is out of date: run `radiosonde stack` and commit it",
            Self::Edited => {
                "was edited by hand: put the change into the settings or the code, and write it anew with \
                 `radiosonde stack --force`"
            }
            Self::Left => {
                "is no longer written: run `radiosonde stack`, which removes it, and commit that"
            }
        }
    }
}

impl Tree {
    /// Compares the tree with the one in a directory, and returns the files that differ, in the order of their paths.
    ///
    /// Files that were never part of the tree are none of its business.
    ///
    /// # Errors
    ///
    /// Returns [`DiskError`] when there is no tree in the directory, or it cannot be read.
    pub fn compare(&self, directory: &Path) -> Result<Vec<(String, Difference)>, DiskError> {
        let committed = committed(directory)?.ok_or_else(|| DiskError::NoTree {
            directory: directory.to_owned(),
        })?;
        self.differences(&committed, directory)
    }

    fn differences(
        &self,
        committed: &Manifest,
        directory: &Path,
    ) -> Result<Vec<(String, Difference)>, DiskError> {
        let paths: BTreeSet<&str> = self
            .files()
            .map(|(path, _)| path)
            .chain(committed.files.keys().map(String::as_str))
            .collect();
        let mut differences = Vec::new();
        for path in paths {
            let found = read(&directory.join(path))?;
            let difference = match (self.get(path), found) {
                (fresh, Some(found)) if fresh == Some(&found) => continue,
                (None, None) => continue,
                (Some(_), None) => Difference::Missing,
                (_, Some(found)) if is_edited(committed, path, &found) => Difference::Edited,
                (Some(_), Some(_)) => Difference::Outdated,
                (None, Some(_)) => Difference::Left,
            };
            differences.push((path.to_owned(), difference));
        }
        Ok(differences)
    }

    /// Writes the tree into a directory, and removes what an earlier one has left there.
    ///
    /// # Errors
    ///
    /// Returns [`DiskError`] when a file there was edited by hand, unless `force` says that it is to be overwritten, and
    /// when one cannot be read, written or removed.
    pub fn write(&self, directory: &Path, force: bool) -> Result<(), DiskError> {
        if let Some(committed) = committed(directory)? {
            let differences = self.differences(&committed, directory)?.into_iter();
            let edited = differences.filter(|(_, kind)| *kind == Difference::Edited);
            let edited: Vec<_> = edited.map(|(path, _)| path).collect();
            if !force && !edited.is_empty() {
                return Err(DiskError::Edited { paths: edited });
            }
            for path in committed
                .files
                .keys()
                .filter(|path| self.get(path).is_none())
            {
                remove(&directory.join(path))?;
            }
        }
        for (path, text) in self.files() {
            write(&directory.join(path), text)?;
        }
        Ok(())
    }
}

/// Returns the manifest of the tree in a directory, if there is one.
///
/// # Errors
///
/// Returns [`DiskError`] when it cannot be read.
pub fn committed(directory: &Path) -> Result<Option<Manifest>, DiskError> {
    let json = read(&directory.join(Manifest::PATH))?;
    Ok(json.map(|json| Manifest::read(&json)).transpose()?)
}

fn is_edited(committed: &Manifest, path: &str, found: &str) -> bool {
    // The manifest is in no manifest; what it says is compared file by file.
    let written = committed.files.get(path);
    path != Manifest::PATH && written.is_none_or(|written| *written != checksum(found))
}

fn read(path: &Path) -> Result<Option<String>, DiskError> {
    match fs::read(path) {
        // What is no UTF-8 is no file of ours, and so differs.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path)(error)),
    }
}

fn write(path: &Path, text: &str) -> Result<(), DiskError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed(parent))?;
    }
    fs::write(path, text).map_err(failed(path))
}

fn remove(path: &Path) -> Result<(), DiskError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(path)(error)),
        _ => {
            // A directory that still holds something stays.
            let parent = path.parent();
            parent.map(fs::remove_dir).transpose().ok();
            Ok(())
        }
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> DiskError + use<> {
    let path = path.to_owned();
    move |source| DiskError::Io { path, source }
}

/// Why a tree cannot be written or compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// There is none.
    #[error("there is no tree in `{}`: write one there first, with `radiosonde stack`", .directory.display())]
    #[non_exhaustive]
    NoTree {
        /// The directory.
        directory: PathBuf,
    },
    /// Files were edited by hand.
    #[error(
        "edited by hand since it was written: {}; put the change into the settings or the code, or overwrite it with `--force`",
        .paths.join(", ")
    )]
    #[non_exhaustive]
    Edited {
        /// Their paths.
        paths: Vec<String>,
    },
    /// The manifest of the tree is wrong.
    #[error(transparent)]
    Manifest(#[from] InvalidManifest),
    /// A file cannot be read, written or removed.
    #[error("no access to `{}`", .path.display())]
    #[non_exhaustive]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Service, ServiceCatalogue, Stack};
    use radiosonde_catalog::Catalogue;

    fn tree(service: &str) -> Tree {
        let catalogue = ServiceCatalogue::from_json(&Catalogue::new().json()).unwrap();
        let service = Service::new(service, catalogue);
        Stack::new([service], Options::default()).unwrap().render()
    }

    #[test]
    fn what_was_written_does_not_differ() {
        let directory = tempfile::tempdir().unwrap();
        tree("checkout").write(directory.path(), false).unwrap();
        assert_eq!(tree("checkout").compare(directory.path()).unwrap(), []);
    }

    #[test]
    fn what_was_edited_is_told_from_what_is_old() {
        let directory = tempfile::tempdir().unwrap();
        tree("checkout").write(directory.path(), false).unwrap();
        let path = directory
            .path()
            .join("prometheus/rules/checkout/errors.yml");
        let edited = fs::read_to_string(&path)
            .unwrap()
            .replace("> 0.05", "> 0.5");
        fs::write(&path, edited).unwrap();
        fs::remove_file(directory.path().join("README.md")).unwrap();

        let differences = tree("billing").compare(directory.path()).unwrap();
        let of = |path: &str| {
            let mut differences = differences.iter();
            differences.find(|(found, _)| found == path).unwrap().1
        };
        assert_eq!(
            of("prometheus/rules/checkout/errors.yml"),
            Difference::Edited
        );
        assert_eq!(
            of("prometheus/rules/checkout/latency.yml"),
            Difference::Left
        );
        assert_eq!(
            of("prometheus/rules/billing/latency.yml"),
            Difference::Missing
        );
        assert_eq!(of("prometheus/prometheus.yml"), Difference::Outdated);
        assert_eq!(of("README.md"), Difference::Missing);
    }

    #[test]
    fn what_was_edited_is_overwritten_only_by_force() {
        let directory = tempfile::tempdir().unwrap();
        tree("checkout").write(directory.path(), false).unwrap();
        let path = directory.path().join("check.sh");
        fs::write(&path, "true\n").unwrap();

        let error = tree("checkout").write(directory.path(), false).unwrap_err();
        assert!(error.to_string().contains("check.sh"), "{error}");
        tree("checkout").write(directory.path(), true).unwrap();
        assert_eq!(tree("checkout").compare(directory.path()).unwrap(), []);
    }

    #[test]
    fn what_is_no_longer_written_is_removed_and_what_is_not_ours_stays() {
        let directory = tempfile::tempdir().unwrap();
        tree("checkout").write(directory.path(), false).unwrap();
        let own = directory.path().join("prometheus/rules/checkout/own.yml");
        fs::write(&own, "groups: []\n").unwrap();
        tree("billing").write(directory.path(), false).unwrap();
        assert!(own.is_file());
        assert!(!own.with_file_name("errors.yml").exists());
        assert!(!directory.path().join("prometheus/tests/checkout").exists());
        assert_eq!(tree("billing").compare(directory.path()).unwrap(), []);
    }

    #[test]
    fn a_directory_without_a_tree_or_with_a_later_one_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let error = tree("checkout").compare(directory.path()).unwrap_err();
        assert!(error.to_string().contains("there is no tree in"), "{error}");
        fs::write(directory.path().join("stack.json"), r#"{"version":9}"#).unwrap();
        let error = tree("checkout").compare(directory.path()).unwrap_err();
        assert!(error.to_string().contains("written in format 9"), "{error}");
        fs::write(directory.path().join("stack.json"), "<<<<<<<").unwrap();
        let error = tree("checkout").write(directory.path(), false).unwrap_err();
        assert!(error.to_string().contains("is broken"), "{error}");
    }
}
