//! The packages of Node that read what is generated.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::debian;
use crate::run;

/// Installs the pinned packages into `directory/npm`, unless they are there.
pub(crate) fn obtain_packages(directory: &Path) -> Result<(), String> {
    if !run::is_installed("node") || !run::is_installed("npm") {
        debian::install(&["nodejs", "npm"])?;
    }
    let place = directory.join("npm");
    // What is installed, as opposed to what was asked for when it failed.
    let stamp = place.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|pins| pins == LOCK) {
        return Ok(());
    }
    let in_place = |error| format!("{}: {error}", place.display());
    fs::create_dir_all(&place).map_err(in_place)?;
    fs::write(place.join("package.json"), PACKAGES).map_err(in_place)?;
    fs::write(place.join("package-lock.json"), LOCK).map_err(in_place)?;
    // Exactly what the lock says, and nothing of theirs is run.
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    run::captured(npm.current_dir(&place))?;
    fs::write(stamp, LOCK).map_err(in_place)
}

const PACKAGES: &str = include_str!("../../../crates/radiosonde-testkit/node/package.json");

const LOCK: &str = include_str!("../../../crates/radiosonde-testkit/node/package-lock.json");
