//! The suites, and what to run when the tools of some are missing.

use std::collections::BTreeMap;

use crate::tools::Tool;
use crate::workspace::Package;

/// Tests that need tools: every integration test target of this name.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Tool],
}

/// Every suite. A test target that is not listed always runs, so it has to do without tools.
pub(crate) const SUITES: &[Suite] = &[
    Suite {
        name: "alertmanager",
        needs: &[Tool::Alertmanager, Tool::Prometheus],
    },
    Suite {
        name: "curl",
        needs: &[Tool::Curl],
    },
    Suite {
        name: "event_source",
        needs: &[Tool::Node],
    },
    Suite {
        name: "kent",
        needs: &[Tool::PythonPackages],
    },
    Suite {
        name: "exposition",
        needs: &[Tool::PythonPackages, Tool::Prometheus],
    },
    Suite {
        name: "grafana",
        needs: &[Tool::PythonPackages, Tool::NodePackages, Tool::Prometheus],
    },
    Suite {
        name: "newer_alertmanager",
        needs: &[Tool::NewerAlertmanager],
    },
    Suite {
        name: "newer_promtool",
        needs: &[Tool::NewerPromtool],
    },
    Suite {
        name: "otlp",
        needs: &[Tool::PythonPackages, Tool::Rotel],
    },
    Suite {
        name: "prometheus",
        needs: &[Tool::Prometheus],
    },
    Suite {
        name: "victoria_metrics",
        needs: &[Tool::VictoriaMetrics],
    },
    Suite {
        name: "wrk",
        needs: &[Tool::Wrk],
    },
    Suite {
        name: "servers",
        needs: &[Tool::Servers, Tool::PythonPackages, Tool::MongoDb],
    },
];

/// Returns the suites of which these packages have tests.
pub(crate) fn among(packages: &[Package]) -> Vec<&'static Suite> {
    let has = |suite: &&Suite| packages.iter().any(|package| has_suite(package, suite));
    SUITES.iter().filter(has).collect()
}

/// The commands to run, and what they leave out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The names of the suites that are left out, and why.
    pub(crate) skipped: Vec<(&'static str, String)>,
    /// The arguments of Cargo, once for each time that it has to run.
    pub(crate) invocations: Vec<Vec<String>>,
}

/// Decides what to run without the `missing` tools, each of which is missing for a reason.
///
/// The `packages` are those that the user has given the `names` of, or all, when there are none.
pub(crate) fn plan(names: &[&str], packages: &[Package], missing: &BTreeMap<Tool, String>) -> Plan {
    let skipped: Vec<_> = among(packages)
        .into_iter()
        .filter_map(|suite| Some((suite.name, reason(suite, missing)?)))
        .collect();
    let mut everything = words("test --all-features --no-fail-fast");
    if names.is_empty() {
        everything.push("--workspace".to_owned());
    }
    everything.extend(names.iter().map(|name| format!("--package={name}")));
    let invocations = if skipped.is_empty() {
        vec![everything]
    } else {
        without(&everything, packages, |test| {
            skipped.iter().any(|(name, _)| *name == test)
        })
    };
    Plan {
        skipped,
        invocations,
    }
}

/// Spells out all that Cargo tests by default, save some tests.
///
/// Cargo can be told what to run but not what to leave out, and runs examples in the documentation with all else or alone.
fn without(
    everything: &[String],
    packages: &[Package],
    is_skipped: impl Fn(&str) -> bool,
) -> Vec<Vec<String>> {
    let has_library = packages.iter().any(|package| package.has_library);
    let tests = packages.iter().flat_map(|package| &package.tests);
    let mut tests: Vec<_> = tests.filter(|test| !is_skipped(test)).collect();
    tests.sort_unstable();
    tests.dedup();

    let mut targets = everything.to_vec();
    targets.extend(words("--bins --examples"));
    targets.extend(has_library.then(|| "--lib".to_owned()));
    targets.extend(tests.into_iter().map(|test| format!("--test={test}")));

    let documentation = [everything, &["--doc".to_owned()]].concat();
    [Some(targets), has_library.then_some(documentation)]
        .into_iter()
        .flatten()
        .collect()
}

fn has_suite(package: &Package, suite: &Suite) -> bool {
    package.tests.iter().any(|test| test == suite.name)
}

fn reason(suite: &Suite, missing: &BTreeMap<Tool, String>) -> Option<String> {
    suite.needs.iter().find_map(|tool| {
        let reason = missing.get(tool)?;
        Some(format!("no {}: {reason}", tool.name()))
    })
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, has_library: bool, tests: &[&str]) -> Package {
        let tests = tests.iter().copied().map(str::to_owned).collect();
        Package {
            name: name.to_owned(),
            has_library,
            tests,
        }
    }

    fn lines(plan: &Plan) -> Vec<String> {
        plan.invocations
            .iter()
            .map(|invocation| invocation.join(" "))
            .collect()
    }

    #[test]
    fn with_every_tool_one_command_runs_everything() {
        let packages = [
            package("a", true, &["it", "kent"]),
            package("b", false, &[]),
        ];

        let plan = plan(&[], &packages, &BTreeMap::new());

        assert_eq!(plan.skipped, []);
        assert_eq!(
            lines(&plan),
            ["test --all-features --no-fail-fast --workspace"]
        );
    }

    #[test]
    fn without_a_tool_its_suites_are_left_out_of_every_package() {
        let packages = [
            package("a", true, &["it", "kent", "prometheus"]),
            package("b", false, &["flight", "it", "kent"]),
        ];
        let missing = BTreeMap::from([(Tool::PythonPackages, "no python3".to_owned())]);

        let plan = plan(&[], &packages, &missing);

        assert_eq!(
            plan.skipped,
            [("kent", "no Python packages: no python3".to_owned())]
        );
        let common = "test --all-features --no-fail-fast --workspace";
        assert_eq!(
            lines(&plan),
            [
                format!(
                    "{common} --bins --examples --lib --test=flight --test=it --test=prometheus"
                ),
                format!("{common} --doc"),
            ]
        );
    }

    #[test]
    fn a_package_without_a_library_has_no_documentation_to_test() {
        let missing = BTreeMap::from([(Tool::Curl, "no curl".to_owned())]);

        let plan = plan(&["b"], &[package("b", false, &["curl"])], &missing);

        let expected = "test --all-features --no-fail-fast --package=b --bins --examples";
        assert_eq!(lines(&plan), [expected]);
    }

    #[test]
    fn a_missing_tool_that_no_test_needs_changes_nothing() {
        let packages = [package("a", true, &["it"])];
        let missing = BTreeMap::from([(Tool::Prometheus, "not here".to_owned())]);

        assert_eq!(
            plan(&[], &packages, &missing),
            plan(&[], &packages, &BTreeMap::new())
        );
    }

    #[test]
    fn every_suite_has_tests() {
        let packages = crate::workspace::packages().unwrap();

        assert_eq!(among(&packages).len(), SUITES.len());
    }
}
