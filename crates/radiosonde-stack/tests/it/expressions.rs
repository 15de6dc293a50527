//! Every expression is one that Prometheus understands, in either spelling.

use std::collections::BTreeSet;

use promql_parser::parser::parse;
use radiosonde_stack::{Naming, Tree};

use crate::support::everything;

#[test]
fn every_expression_parses_with_the_right_types() {
    for naming in [Naming::Prometheus, Naming::OpenTelemetry] {
        let tree = everything(naming).render();
        let expressions = expressions(&tree);
        assert!(expressions.len() > 300, "{}", expressions.len());
        for expression in expressions {
            if let Err(error) = parse(&expression) {
                panic!("{expression}\n{error}");
            }
        }
    }
}

#[test]
fn over_otlp_no_metric_and_no_label_keeps_its_default_name() {
    let tree = everything(Naming::OpenTelemetry).render();
    let own = expressions(&tree)
        .into_iter()
        .filter(|text| text.contains("job=\""));
    for expression in own {
        for name in [
            "http_requests_total",
            "http_request_duration_seconds_bucket{",
            "rate(slo_events_total{",
        ] {
            assert!(
                !expression.contains(name) || expression.contains(&format!(":{name}")),
                "{expression}"
            );
        }
        assert!(!expression.contains("by (job, route"), "{expression}");
        assert!(
            !expression.contains("outcome=\"") || expression.contains("radiosonde_outcome=\""),
            "{expression}"
        );
    }
}

/// Over OTLP each process is an instance of its own, and none is seen to start twice.
#[test]
fn over_otlp_restarts_are_left_out_and_told() {
    let watches = |naming| {
        let tree = everything(naming).render();
        let all = expressions(&tree).into_iter();
        { all }.any(|text| text.starts_with("changes(process_start_time"))
    };
    assert!(watches(Naming::Prometheus));
    assert!(!watches(Naming::OpenTelemetry));
    let told = |naming| everything(naming).warnings().concat();
    let text = "checkout: ServiceRestarting is left out";
    assert!(told(Naming::OpenTelemetry).contains(text));
    assert!(!told(Naming::Prometheus).contains("ServiceRestarting"));
}

/// The expressions of all rules, as their files have them: behind `expr:`, quoted or as a block.
fn expressions(tree: &Tree) -> BTreeSet<String> {
    let files = tree
        .files()
        .filter(|(path, _)| path.starts_with("prometheus/"));
    let mut found = BTreeSet::new();
    for (_, text) in files {
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some((before, after)) = line.split_once("expr: ") else {
                continue;
            };
            let depth = before.replace('-', " ").len();
            if after == "|-" {
                let is_deeper = |line: &&str| line.len() - line.trim_start().len() > depth;
                let mut block = Vec::new();
                while let Some(line) = lines.next_if(is_deeper) {
                    block.push(line.trim_start());
                }
                found.insert(block.join("\n"));
            } else {
                let text = after
                    .strip_prefix('\'')
                    .and_then(|text| text.strip_suffix('\''));
                found.insert(text.unwrap_or(after).replace("''", "'"));
            }
        }
    }
    found
}
