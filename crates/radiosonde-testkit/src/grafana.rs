//! What Grafana publishes about its dashboards: the types of its schema, and its SDK.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{scratch, tools};

/// Lets the TypeScript compiler hold dashboards, each a text of JSON, against the types of Grafana's schema: each as a whole,
/// and the options of each panel against those of its kind.
///
/// # Errors
///
/// Returns what the compiler says when it finds fault.
///
/// # Panics
///
/// Panics when a text is no JSON, and when the compiler cannot be run.
pub fn check_types<'a>(dashboards: impl IntoIterator<Item = &'a str>) -> Result<(), String> {
    let directory = scratch::directory("grafana");
    let program = directory.path().join("dashboards.ts");
    fs::write(&program, typed(dashboards)).expect("a new file in a directory of our own");
    // Where the compiler looks for the types.
    let modules = tools::node_modules("@grafana/schema");
    symlink(&modules, &directory.path().join("node_modules"));
    let output = Command::new(tools::program("node"))
        .arg(modules.join("typescript/bin/tsc"))
        .args([
            "--noEmit",
            "--strict",
            "--skipLibCheck",
            "--target",
            "es2022",
        ])
        .args(["--module", "nodenext", "--moduleResolution", "nodenext"])
        .arg(&program)
        .output()
        .expect("a program that was found");
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(String::from_utf8_lossy(&said).into_owned())
}

/// Reads a dashboard into the types of Grafana's foundation SDK and writes it out again, and returns what did not come back:
/// members that the SDK does not know, values that it changed, and units that Grafana does not have.
///
/// # Panics
///
/// Panics when the SDK cannot be run, or cannot read the text.
#[must_use]
pub fn round_trip(dashboard: &str) -> Vec<String> {
    let mut python = Command::new(tools::python("grafana_foundation_sdk"))
        .args(["-c", include_str!("../python/dashboard_round_trip.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("an interpreter that was found");
    let mut input = python.stdin.take().expect("its input is a pipe");
    // One that fails early has closed its input, and says why below.
    input.write_all(dashboard.as_bytes()).ok();
    drop(input);
    let output = python.wait_with_output().expect("a child of our own");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("the program prints JSON")
}

/// Writes a program in which each dashboard, and what is particular to each of its panels, is a constant with a type.
fn typed<'a>(dashboards: impl IntoIterator<Item = &'a str>) -> String {
    let mut program = String::from(include_str!("../node/dashboards.ts"));
    for (number, text) in dashboards.into_iter().enumerate() {
        let dashboard: Value = serde_json::from_str(text).expect("a dashboard is JSON");
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            program,
            "\nexport const dashboard{number}: Dashboard = {dashboard};"
        );
        for panel in dashboard["panels"].as_array().into_iter().flatten() {
            let (kind, id) = (&panel["type"], &panel["id"]);
            if kind != "row" {
                let (options, custom) = (
                    &panel["options"],
                    &panel["fieldConfig"]["defaults"]["custom"],
                );
                let _ = writeln!(
                    program,
                    "export const panel{number}_{id}: Panels[{kind}] = {{ options: {options}, custom: {custom} }};"
                );
            }
        }
    }
    program
}

#[cfg(unix)]
fn symlink(target: &std::path::Path, link: &std::path::Path) {
    std::os::unix::fs::symlink(target, link).expect("a new link in a directory of our own");
}

#[cfg(not(unix))]
fn symlink(target: &std::path::Path, link: &std::path::Path) {
    std::os::windows::fs::symlink_dir(target, link).expect("a new link in a directory of our own");
}
