//! The page that says what is in the tree, and the script that lets the real programs judge it.

use std::fmt::Write as _;

use crate::{Naming, Stack, Target, Tree, warnings};

/// Writes `README.md` and `check.sh`.
pub(crate) fn write(stack: &Stack, tree: &mut Tree) {
    let origin = stack.origin();
    tree.add("README.md", &origin, &page(stack, tree));
    tree.add("check.sh", &origin, CHECK);
}

fn page(stack: &Stack, tree: &Tree) -> String {
    let options = stack.options();
    let target = match options.target {
        Target::Prometheus2 => {
            "Prometheus from 2.42 on, version 3 included, and Alertmanager from 0.25 on"
        }
        Target::Prometheus3 => "Prometheus 3 and Alertmanager from 0.28 on",
    };
    let naming = match options.naming {
        Naming::Prometheus => "as `/metrics` of the services spells them",
        Naming::OpenTelemetry => "as Prometheus spells what it receives over OTLP",
    };
    let mut page = format!(
        "# Monitoring\n\nWritten for {target}. Metrics are named {naming}.\n\n| service | alerts | objectives |\n|---|---|---|\n"
    );
    let alerts = stack.alerts();
    for service in stack.services() {
        let own = alerts
            .iter()
            .filter(|alert| alert.label("service") == Some(service.name()));
        let objectives = service.catalogue().objectives.iter().count();
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            page,
            "| {} | {} | {objectives} |",
            service.name(),
            own.count()
        );
    }
    page.push('\n');
    for (directory, about) in DIRECTORIES {
        if tree.files().any(|(path, _)| path.starts_with(directory)) {
            let _ = writeln!(page, "- `{directory}`: {about}");
        }
    }
    page.push_str(REST);
    let _ = write!(
        page,
        "\n## How Prometheus is started\n\n- it keeps no exemplars, and no point of a board leads to its trace, unless it is told to: \
         start it with `{EXEMPLARS}`.\n"
    );
    if let Some(text) = warnings::retention(stack) {
        let _ = writeln!(page, "- {text}.");
    }
    let gaps = stack.services().iter().flat_map(|service| {
        let told = stack.gaps(service).told().into_iter();
        told.map(move |text| format!("- {}: {text}.\n", service.name()))
    });
    let gaps: Vec<_> = gaps.collect();
    if !gaps.is_empty() {
        page.push_str("\n## Not watched\n\n");
        page.push_str(&gaps.concat());
    }
    if options.notifications.receivers.is_empty() {
        page.push_str(NOBODY);
    }
    page
}

/// Lets Prometheus keep exemplars.
pub(crate) const EXEMPLARS: &str = "--enable-feature=exemplar-storage";

/// What is in the directories that there are.
const DIRECTORIES: [(&str, &str); 4] = [
    (
        "prometheus/",
        "`prometheus.yml`, the rules of each service in `rules/`, with tests of every alert in `tests/`; what is no service \
         in `packs/`.",
    ),
    (
        "alertmanager/",
        "`alertmanager.yml`, its templates, and `test-routes.sh`, which asks for every kind of alert who is told.",
    ),
    ("grafana/", "dashboards and their provisioning."),
    ("runbooks/", "a page for each alert."),
];

const REST: &str = "- `stack.json`: what the tree was made from, who is told of what, and a checksum of each file.

`sh check.sh` lets promtool and amtool judge all of it. `radiosonde stack --check` compares it with what would be written now,
`radiosonde stack diff` says in words what would change for whoever is on call.
";

const NOBODY: &str = "
**Nobody is told yet**: the settings name no receivers, so alerts are shown by Alertmanager and sent nowhere.
";

const CHECK: &str = r#"# Lets the real programs judge this tree: `sh check.sh`. It needs promtool and amtool.
set -eu
cd "$(dirname "$0")"

rules=$(find prometheus/rules prometheus/packs -name '*.yml' -not -path '*/tests/*')
tests=$(find prometheus/tests prometheus/packs/tests -name '*.yml')

# No path has a blank in it.
promtool check rules --lint=all --lint-fatal $rules
# Each has its own stories to tell.
printf '%s\n' $tests | xargs -n 1 -P 4 promtool test rules
# The rules have been judged, and the files of tokens are where Prometheus runs.
promtool check config --syntax-only prometheus/prometheus.yml
amtool check-config alertmanager/alertmanager.yml
sh alertmanager/test-routes.sh
"#;
