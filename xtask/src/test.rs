//! `cargo xtask test`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::suites::{self, Plan};
use crate::tools::{Tool, Toolbox};
use crate::workspace::{self, Package};
use crate::{Options, models, run};

/// Obtains the tools that the tests need, and runs the tests.
pub(crate) fn run(options: &Options<'_>) -> Result<(), String> {
    let start = Instant::now();
    let names = &options.packages;
    let packages = selected(workspace::packages()?, names)?;
    let toolbox = Toolbox::open()?;
    let plan = suites::plan(names, &packages, &obtain(&toolbox, &packages));
    for (suite, reason) in &plan.skipped {
        println!("skipped: {suite} ({reason})");
    }
    let passed = execute(&plan, &toolbox)? & models::check(&packages)?;
    println!("{}", summary(&plan, passed, start.elapsed().as_secs()));
    match (passed, options.strict && !plan.skipped.is_empty()) {
        (true, false) => Ok(()),
        (true, true) => Err("a suite was skipped".to_owned()),
        (false, _) => Err("tests failed".to_owned()),
    }
}

fn selected(packages: Vec<Package>, names: &[&str]) -> Result<Vec<Package>, String> {
    if names.is_empty() {
        return Ok(packages);
    }
    let find = |name: &&str| {
        let package = packages.iter().find(|package| package.name == *name);
        package
            .cloned()
            .ok_or_else(|| format!("there is no package `{name}`"))
    };
    names.iter().map(find).collect()
}

/// Obtains the tools that the suites of these packages need, and returns those that could not be had, with the reason.
fn obtain(toolbox: &Toolbox, packages: &[Package]) -> BTreeMap<Tool, String> {
    let suites = suites::among(packages).into_iter();
    let needed: BTreeSet<Tool> = suites.flat_map(|suite| suite.needs).copied().collect();
    let mut missing = BTreeMap::new();
    for tool in needed {
        let start = Instant::now();
        match toolbox.obtain(tool) {
            Ok(()) => println!(
                "ready: {} ({:.1} s)",
                tool.name(),
                start.elapsed().as_secs_f64()
            ),
            Err(reason) => {
                missing.insert(tool, reason);
            }
        }
    }
    missing
}

/// Runs every command of the plan, also after one has failed, and returns whether all succeeded.
fn execute(plan: &Plan, toolbox: &Toolbox) -> Result<bool, String> {
    let mut passed = true;
    for arguments in &plan.invocations {
        println!("running: cargo {}", arguments.join(" "));
        let mut command = workspace::cargo();
        command.args(arguments);
        command.env("RADIOSONDE_TEST_TOOLS", toolbox.directory());
        passed &= run::visible(&mut command)?;
    }
    Ok(passed)
}

fn summary(plan: &Plan, passed: bool, seconds: u64) -> String {
    let verdict = if passed { "passed" } else { "FAILED" };
    let skipped: Vec<_> = plan.skipped.iter().map(|(suite, _)| *suite).collect();
    let skipped = if skipped.is_empty() {
        "no suite skipped".to_owned()
    } else {
        format!("skipped: {}", skipped.join(", "))
    };
    format!("tests {verdict} after {seconds} s, {skipped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> Package {
        Package {
            name: name.to_owned(),
            has_library: true,
            tests: vec![],
        }
    }

    #[test]
    fn packages_are_selected_by_name() {
        let all = || vec![package("a"), package("b")];

        assert_eq!(selected(all(), &[]), Ok(all()));
        assert_eq!(selected(all(), &["b"]), Ok(vec![package("b")]));
        assert_eq!(
            selected(all(), &["c"]),
            Err("there is no package `c`".to_owned())
        );
    }

    #[test]
    fn the_summary_names_what_was_skipped() {
        let plan = |skipped| Plan {
            skipped,
            invocations: vec![],
        };

        assert_eq!(
            summary(&plan(vec![]), true, 9),
            "tests passed after 9 s, no suite skipped"
        );
        let skipped = vec![("curl", String::new()), ("kent", String::new())];
        assert_eq!(
            summary(&plan(skipped), false, 9),
            "tests FAILED after 9 s, skipped: curl, kent"
        );
    }
}
