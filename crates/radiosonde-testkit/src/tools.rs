//! Finds the programs that tests need.
//!
//! `cargo xtask test` fills a directory of *tools*: `bin/` holds programs, `newer/bin/` later versions of some of them,
//! `venv/` a Python environment, `npm/` packages of Node, `servers/` the files of databases and brokers, as in `/`. Looked for are the
//! directory that the variable `RADIOSONDE_TEST_TOOLS` names, by default `target/tools` in the workspace, and then `PATH`.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::scratch;

/// Returns where the program `name` is.
///
/// # Panics
///
/// Panics when it is neither among the tools nor on the `PATH`, with a message that says what to do.
#[must_use]
#[track_caller]
pub fn program(name: &str) -> PathBuf {
    let bin = directory().join("bin");
    match locate(name, [bin].into_iter().chain(search_path())) {
        Some(program) => program,
        None => panic!("{}", missing(name)),
    }
}

/// Returns where a later version of the program `name` is, which knows what the one that [`program`] finds does not.
///
/// # Panics
///
/// Panics when it is not among the tools, with a message that says what to do.
#[must_use]
#[track_caller]
pub fn newer_program(name: &str) -> PathBuf {
    let bin = directory().join("newer").join("bin");
    match locate(name, [bin]) {
        Some(program) => program,
        None => panic!("{}", missing(&format!("newer {name}"))),
    }
}

/// Returns a `PATH` on which the tools are, for programs that look for others by their names.
///
/// # Panics
///
/// Panics when the directory of tools has a name that cannot be on a `PATH`.
#[must_use]
pub fn path() -> OsString {
    let bin = directory().join("bin");
    let directories = [bin].into_iter().chain(search_path());
    env::join_paths(directories).expect("the directory of tools has no separator in its name")
}

/// Returns a Python interpreter that can import `module`.
///
/// # Panics
///
/// Panics when neither the tools' environment nor the `python3` on the `PATH` has the module, with a message that says
/// what to do.
#[must_use]
#[track_caller]
pub fn python(module: &str) -> PathBuf {
    let environment = directory().join("venv").join("bin");
    let pythons = [environment].into_iter().chain(search_path());
    let mut pythons = pythons.filter_map(|directory| locate("python3", [directory]));
    match pythons.find(|python| can_import(python, module)) {
        Some(python) => python,
        None => panic!("{}", missing(&format!("Python with the module {module}"))),
    }
}

/// Returns where a file of a database or broker is, such as `usr/bin/redis-server`: among the tools, or on the machine.
#[track_caller]
pub(crate) fn server_file(path: &str) -> PathBuf {
    let unpacked = directory().join("servers").join(path);
    let installed = Path::new("/").join(path);
    if unpacked.exists() {
        unpacked
    } else if installed.exists() {
        installed
    } else {
        panic!("{}", missing(path))
    }
}

/// Returns the directory in which Node finds the package `name`, and those that were installed with it.
///
/// # Panics
///
/// Panics when it is not among the tools, with a message that says what to do.
#[must_use]
#[track_caller]
pub fn node_modules(name: &str) -> PathBuf {
    let modules = directory().join("npm").join("node_modules");
    assert!(
        modules.join(name).is_dir(),
        "{}",
        missing(&format!("package {name} of Node"))
    );
    modules
}

/// Returns where the program `name` is on the `PATH`, if anywhere.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    locate(name, search_path())
}

fn directory() -> PathBuf {
    match env::var_os("RADIOSONDE_TEST_TOOLS") {
        Some(directory) if !directory.is_empty() => scratch::workspace().join(directory),
        _ => scratch::workspace().join("target").join("tools"),
    }
}

fn search_path() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn locate(name: &str, directories: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    directories
        .into_iter()
        .map(|directory| directory.join(&file))
        .find(|path| path.is_file())
}

fn can_import(python: &Path, module: &str) -> bool {
    let output = Command::new(python)
        .args(["-c", &format!("import {module}")])
        .output();
    output.is_ok_and(|output| output.status.success())
}

fn missing(tool: &str) -> String {
    format!(
        "no {tool} in {} or on the PATH: run `cargo xtask test`, which obtains it or says what to install",
        directory().display()
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_directory_that_has_a_program_wins() {
        let (first, second) = (scratch::directory("first"), scratch::directory("second"));
        let directories = || [first.path().to_owned(), second.path().to_owned()];
        let in_second = second.path().join("sonde");
        fs::write(&in_second, "").unwrap();
        assert_eq!(locate("sonde", directories()), Some(in_second));

        let in_first = first.path().join("sonde");
        fs::write(&in_first, "").unwrap();
        assert_eq!(locate("sonde", directories()), Some(in_first));
    }

    #[test]
    fn a_directory_is_no_program() {
        let parent = scratch::directory("parent");
        fs::create_dir(parent.path().join("sonde")).unwrap();

        assert_eq!(locate("sonde", [parent.path().to_owned()]), None);
    }

    #[test]
    #[should_panic(expected = "run `cargo xtask test`")]
    fn a_missing_program_says_how_to_obtain_it() {
        let _ = program("no-such-program");
    }

    #[test]
    #[should_panic(expected = "no package no-such-package of Node")]
    fn a_missing_package_of_node_is_named() {
        let _ = node_modules("no-such-package");
    }

    #[test]
    #[should_panic(expected = "no Python with the module no_such_module")]
    fn a_missing_module_is_named() {
        let _ = python("no_such_module");
    }
}
