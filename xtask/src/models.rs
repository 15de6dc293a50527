//! Models of hand-overs between threads, in which every order is tried.
//!
//! They stand under `cfg(loom)` in modules called `models`, and need a build of their own: the flag replaces atomics.

use std::env;

use crate::run;
use crate::workspace::{self, Package};

/// The packages that hold models.
const WITH_MODELS: [&str; 1] = ["radiosonde-metrics"];

/// Checks the models of these packages, and returns whether all hold.
pub(crate) fn check(packages: &[Package]) -> Result<bool, String> {
    let mut hold = true;
    for package in packages
        .iter()
        .filter(|package| WITH_MODELS.contains(&package.name.as_str()))
    {
        let name = format!("--package={}", package.name);
        let arguments = ["test", &name, "--lib", "--release", "models"];
        println!(
            "running: RUSTFLAGS=\"--cfg loom\" cargo {}",
            arguments.join(" ")
        );
        let target = env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| workspace::root().join("target"), Into::into);
        let mut command = workspace::cargo();
        command
            .args(arguments)
            .env("RUSTFLAGS", "--cfg loom")
            .env("CARGO_TARGET_DIR", target.join("models"));
        hold &= run::visible(&mut command)?;
    }
    Ok(hold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_with_models_exist() {
        let packages = workspace::packages().unwrap();
        assert!(
            WITH_MODELS
                .iter()
                .all(|name| packages.iter().any(|package| package.name == *name))
        );
    }
}
