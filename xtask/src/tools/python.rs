//! The Python environment with the receivers that tests talk to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian;
use crate::run;

/// Makes an environment with the pinned packages in `directory/venv`, unless it is there.
pub(crate) fn obtain_packages(directory: &Path) -> Result<(), String> {
    let venv = directory.join("venv");
    // The Python beneath an environment may have been replaced since, so that it takes a trial to know.
    if PACKAGES.are_installed(&venv) && python(&venv, USE_PACKAGES).is_ok() {
        return Ok(());
    }
    make_environment(&venv)?;
    PACKAGES.install(&venv)?;
    python(&venv, USE_PACKAGES).map(drop)
}

/// Adds the package `rotel` to that environment, and its program to `directory/bin`, unless it is there.
pub(crate) fn obtain_rotel(directory: &Path) -> Result<(), String> {
    let venv = directory.join("venv");
    let placed = directory.join("bin").join("rotel-agent");
    if ROTEL.are_installed(&venv) && run::is_installed(&placed) {
        return Ok(());
    }
    ROTEL.install(&venv)?;
    let program = PathBuf::from(python(&venv, FIND_ROTEL)?);
    if let Err(error) = run::version(&program) {
        let library = python(&venv, NAME_LIBRARY)?;
        debian::install(&[&library]).map_err(|advice| format!("{error}; {advice}"))?;
        run::version(&program)?;
    }
    fs::remove_file(&placed).ok();
    fs::hard_link(program, &placed).map_err(|error| format!("{}: {error}", placed.display()))
}

/// Adds the package that speaks for MongoDB to that environment, unless it is there.
pub(crate) fn obtain_mongodb(directory: &Path) -> Result<(), String> {
    let venv = directory.join("venv");
    if !MONGODB.are_installed(&venv) {
        MONGODB.install(&venv)?;
    }
    python(&venv, USE_MONGODB).map(drop)
}

/// Packages that are installed together.
struct Requirements {
    name: &'static str,
    pins: &'static str,
}

impl Requirements {
    fn are_installed(&self, venv: &Path) -> bool {
        fs::read_to_string(self.stamp(venv)).is_ok_and(|pins| pins == self.pins)
    }

    fn install(&self, venv: &Path) -> Result<(), String> {
        let pins = venv.join(format!("{}.wanted", self.name));
        write(&pins, self.pins)?;
        let mut pip = Command::new(interpreter(venv));
        pip.args([
            "-m",
            "pip",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ]);
        pip.args(["install", "--only-binary=:all:", "--requirement"]);
        run::captured(pip.arg(&pins))?;
        write(&self.stamp(venv), self.pins)
    }

    /// The file that holds the pins of what is installed.
    fn stamp(&self, venv: &Path) -> PathBuf {
        venv.join(format!("{}.installed", self.name))
    }
}

/// Makes an empty environment, with Debian's package for that if it is missing.
fn make_environment(venv: &Path) -> Result<(), String> {
    if !run::is_installed("python3") {
        debian::install(&["python3", "python3-venv"])?;
    }
    let make = || {
        let mut command = Command::new("python3");
        run::captured(command.args(["-m", "venv", "--clear"]).arg(venv)).map(drop)
    };
    make().or_else(|error| {
        debian::install(&["python3-venv"]).map_err(|advice| format!("{error}; {advice}"))?;
        make()
    })
}

/// Runs a line of Python in the environment and returns the line that it prints.
fn python(venv: &Path, program: &str) -> Result<String, String> {
    let output = run::captured(Command::new(interpreter(venv)).args(["-c", program]))?;
    Ok(output.trim_end().to_owned())
}

fn interpreter(venv: &Path) -> PathBuf {
    venv.join("bin").join("python3")
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

const PACKAGES: Requirements = Requirements {
    name: "packages",
    pins: include_str!("../../../crates/radiosonde-testkit/python/requirements.txt"),
};

const ROTEL: Requirements = Requirements {
    name: "rotel",
    pins: include_str!("../../../crates/radiosonde-testkit/python/requirements-rotel.txt"),
};

const MONGODB: Requirements = Requirements {
    name: "mongodb",
    pins: include_str!("../../../crates/radiosonde-testkit/python/requirements-mongodb.txt"),
};

const USE_PACKAGES: &str = "import grafana_foundation_sdk, kent.app, opentelemetry.proto.collector.trace.v1.trace_service_pb2, sentry_relay.processing";

const USE_MONGODB: &str = "import nx_27017.nx_27017";

const FIND_ROTEL: &str =
    "import pathlib, rotel; print(pathlib.Path(rotel.__file__).with_name('rotel-agent'))";

/// Prints Debian's name for the package of Python as a shared library, with which the program is linked.
const NAME_LIBRARY: &str = "import sys; print('libpython%d.%d' % sys.version_info[:2])";
