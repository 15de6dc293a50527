//! What Cargo knows of this workspace.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run;

/// A package, and what of it can be tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) has_library: bool,
    /// Its integration test targets.
    pub(crate) tests: Vec<String>,
}

/// Returns the directory above every crate.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

/// Prepares to run Cargo, the one that runs us, in this workspace.
pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Returns the packages of the workspace.
pub(crate) fn packages() -> Result<Vec<Package>, String> {
    let mut command = cargo();
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata = run::captured(&mut command)?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let packages = metadata["packages"].as_array();
    Ok(packages.into_iter().flatten().map(package).collect())
}

fn package(package: &Value) -> Package {
    let targets = || package["targets"].as_array().into_iter().flatten();
    let is = |target: &Value, kind: &str| {
        let kinds = target["kind"].as_array();
        kinds.into_iter().flatten().any(|entry| entry == kind)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Package {
        name: text(&package["name"]),
        has_library: targets().any(|target| is(target, "lib") || is(target, "proc-macro")),
        tests: targets()
            .filter(|target| is(target, "test"))
            .map(|target| text(&target["name"]))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_holds_this_package_and_the_suites_of_the_testkit() {
        let packages = packages().unwrap();
        let package = |name: &str| {
            packages
                .iter()
                .find(|package| package.name == name)
                .unwrap()
        };

        assert!(!package("xtask").has_library);
        assert!(package("radiosonde-testkit").has_library);
        assert!(
            package("radiosonde-testkit")
                .tests
                .contains(&"prometheus".to_owned())
        );
    }
}
