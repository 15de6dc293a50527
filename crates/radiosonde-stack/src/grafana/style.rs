//! The rules that every panel keeps, held against the files as Grafana reads them.
//!
//! They are those of Grafana's own linter of dashboards, and a few of ours: that panels fill their lines, and that queries
//! name nothing that does not exist.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use promql_parser::label::METRIC_NAME;
use promql_parser::parser::{self, Expr, VectorSelector};
use radiosonde_catalog::{Catalogue, Kind, METRICS};
use serde_json::Value;

use super::example;
use crate::alerts::CATEGORIES;
use crate::prometheus::RECORDS;
use crate::promql::words;
use crate::{Naming, Options, Service, ServiceCatalogue, Stack, TraceStore, Tree};

/// Every board that there can be, and how its names are spelled.
static BOARDS: LazyLock<Vec<(Naming, Value)>> = LazyLock::new(|| {
    let boards = TREES.iter().flat_map(|(naming, tree)| {
        let boards = tree
            .files()
            .filter(|(path, _)| path.starts_with("grafana/dashboards/"));
        boards.map(|(_, text)| (*naming, serde_json::from_str(text).unwrap()))
    });
    boards.collect()
});

fn boards() -> impl Iterator<Item = &'static Value> {
    BOARDS.iter().map(|(_, board)| board)
}

/// The stack of a service with everything in both namings and both stores of traces, and that of one with nothing of its own.
static TREES: LazyLock<[(Naming, Tree); 3]> = LazyLock::new(|| {
    let bare = ServiceCatalogue::from_json(&Catalogue::new().json()).unwrap();
    let cases = [
        (Naming::Prometheus, TraceStore::Tempo, example::catalogue()),
        (
            Naming::OpenTelemetry,
            TraceStore::Jaeger,
            example::catalogue(),
        ),
        (Naming::Prometheus, TraceStore::Tempo, bare),
    ];
    cases.map(|(naming, traces, catalogue)| {
        let mut options = Options {
            naming,
            ..Options::default()
        };
        options.data_sources.traces = traces;
        let stack = Stack::new([Service::new("checkout", catalogue)], options);
        (naming, stack.unwrap().render())
    })
});

/// Calls with each panel, and where it is.
fn each_panel(mut check: impl FnMut(&Value, &Place)) {
    for (naming, board) in BOARDS.iter() {
        for panel in panels(board) {
            let place = Place {
                board: text(&board["title"]).to_owned(),
                panel: text(&panel["title"]).to_owned(),
                naming: *naming,
            };
            check(panel, &place);
        }
    }
}

/// Calls with each query of each panel.
fn each_query(mut check: impl FnMut(&Value, &Expr, &Place)) {
    for (target, expression, place) in QUERIES.iter() {
        check(target, expression, place);
    }
}

/// Every query of every panel, parsed once, because the parser is not built to be quick in tests.
static QUERIES: LazyLock<Vec<(Value, Expr, Place)>> = LazyLock::new(|| {
    let mut queries = Vec::new();
    each_panel(|panel, place| {
        for target in panel["targets"].as_array().unwrap() {
            queries.push((target.clone(), parsed(text(&target["expr"])), place.clone()));
        }
    });
    queries
});

/// Where something is.
#[derive(Clone)]
struct Place {
    board: String,
    panel: String,
    naming: Naming,
}

impl Place {
    fn among<'a, T>(&self, [prometheus, opentelemetry]: &'a [T; 2]) -> &'a T {
        match self.naming {
            Naming::Prometheus => prometheus,
            Naming::OpenTelemetry => opentelemetry,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {} ({:?})", self.board, self.panel, self.naming)
    }
}

fn panels(board: &Value) -> impl Iterator<Item = &Value> {
    let panels = board["panels"].as_array().unwrap().iter();
    panels.filter(|panel| panel["type"] != "row")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Parses an expression with what Grafana puts in the place of its variables.
fn parsed(expression: &str) -> Expr {
    let filled = expression
        .replace("$__rate_interval", "1m")
        .replace("$job", "checkout")
        .replace("$instance", ".+");
    parser::parse(&filled).unwrap_or_else(|error| panic!("{filled}: {error}"))
}

fn is_recorded(selector: &VectorSelector) -> bool {
    selector
        .name
        .as_deref()
        .is_some_and(|name| name.contains(':'))
}

/// Every selector of an expression, and whether it is the argument of one of these functions.
fn selectors(expression: &Expr, of: &[&str]) -> Vec<(VectorSelector, bool)> {
    fn walk(expression: &Expr, of: &[&str], inside: bool, out: &mut Vec<(VectorSelector, bool)>) {
        let mut descend = |expression: &Expr| walk(expression, of, inside, out);
        match expression {
            Expr::Aggregate(aggregate) => {
                descend(&aggregate.expr);
                aggregate.param.iter().for_each(|param| descend(param));
            }
            Expr::Unary(unary) => descend(&unary.expr),
            Expr::Binary(binary) => {
                descend(&binary.lhs);
                descend(&binary.rhs);
            }
            Expr::Paren(paren) => descend(&paren.expr),
            Expr::Subquery(subquery) => descend(&subquery.expr),
            Expr::VectorSelector(selector) => out.push((selector.clone(), inside)),
            Expr::MatrixSelector(matrix) => out.push((matrix.vs.clone(), inside)),
            Expr::Call(call) => {
                let inside = inside || of.contains(&call.func.name);
                for argument in &call.args.args {
                    walk(argument, of, inside, out);
                }
            }
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }
    let mut out = Vec::new();
    walk(expression, of, false, &mut out);
    out
}

fn matcher(selector: &VectorSelector, label: &str) -> Option<String> {
    let found = selector.matchers.find_matchers(label);
    let [matcher] = found.as_slice() else {
        return None;
    };
    Some(format!("{}{}", matcher.op, matcher.value))
}

/// Not only panels ask: so do the marks of starts and versions, and the links from a span to its metrics.
#[test]
fn what_is_asked_beside_panels_parses_too() {
    for board in boards() {
        let marks = board["annotations"]["list"].as_array().unwrap();
        assert!(!marks.is_empty());
        for mark in marks {
            parsed(text(&mark["target"]["expr"]));
        }
    }
    for (_, tree) in TREES.iter() {
        let sources = tree.get("grafana/provisioning/datasources/radiosonde.yml");
        let asked = sources.unwrap().lines();
        let asked = asked.filter_map(|line| line.trim().strip_prefix("query: "));
        let asked = asked.map(|query| query.trim_matches('\'').replace("$$__tags", ""));
        let asked: Vec<_> = asked.filter(|query| query.contains("rate(")).collect();
        assert_eq!(asked.len(), 2, "{asked:?}");
        for query in asked {
            parsed(&query);
        }
    }
}

#[test]
fn a_board_cannot_be_edited_and_says_where_it_comes_from() {
    for board in boards() {
        assert_eq!(board["editable"], false);
        assert!(text(&board["description"]).contains("catalogue checkout "));
        assert!(text(&board["uid"]).starts_with("radiosonde-"));
        assert!(text(&board["uid"]).len() <= 40);
    }
}

#[test]
fn the_data_source_can_be_chosen_and_every_panel_follows() {
    for board in boards() {
        let variables = &board["templating"]["list"];
        assert_eq!(variables[0]["name"], "datasource");
        assert_eq!(variables[0]["type"], "datasource");
        assert_eq!(variables[0]["query"], "prometheus");
    }
    // A link opens the store of traces that is provisioned.
    for (naming, board) in BOARDS.iter() {
        let store = match naming {
            Naming::Prometheus => "tempo",
            Naming::OpenTelemetry => "jaeger",
        };
        assert_eq!(board["templating"]["list"][1]["query"], store);
    }
    each_panel(|panel, place| {
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{place}");
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{place}");
        }
    });
}

#[test]
fn job_and_instance_can_be_chosen_and_follow_the_time() {
    for board in boards() {
        let variables = board["templating"]["list"].as_array().unwrap();
        for (name, label) in [("job", "Job"), ("instance", "Instance")] {
            let named = variables.iter().find(|variable| variable["name"] == name);
            let variable = named.unwrap();
            assert_eq!(variable["label"], label);
            assert_eq!(variable["type"], "query");
            assert_eq!(variable["multi"], true);
            assert_eq!(variable["allValue"], ".+");
            assert_eq!(variable["refresh"], 2, "on a change of the time range");
            assert_eq!(variable["datasource"]["uid"], "${datasource}");
            let query = text(&variable["query"]);
            let inner = query.strip_prefix("label_values(").unwrap();
            let (series, rest) = inner.rsplit_once(", ").unwrap();
            parsed(series);
            assert_eq!(rest, format!("{name})"));
        }
    }
}

#[test]
fn every_query_is_of_the_chosen_services_and_instances() {
    each_query(|_, expression, place| {
        for (selector, _) in selectors(expression, &[]) {
            let chosen = ("=~checkout".to_owned(), "=~.+".to_owned());
            let name = selector.name.clone().unwrap_or_default();
            if is_recorded(&selector) {
                assert_eq!(matcher(&selector, "job"), Some(chosen.0), "{place}: {name}");
            } else {
                assert_eq!(matcher(&selector, "job"), Some(chosen.0), "{place}: {name}");
                assert_eq!(
                    matcher(&selector, "instance"),
                    Some(chosen.1),
                    "{place}: {name}"
                );
            }
        }
    });
}

#[test]
fn every_panel_is_titled_described_and_has_a_unit_and_queries() {
    let units = ["short", "reqps", "cps", "s", "bytes", "Bps", "percentunit"];
    each_panel(|panel, place| {
        assert!(!text(&panel["title"]).is_empty(), "{place}");
        assert!(text(&panel["description"]).ends_with('.'), "{place}");
        let unit = text(&panel["fieldConfig"]["defaults"]["unit"]);
        assert!(units.contains(&unit), "{place}: {unit}");
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{place}");
    });
}

#[test]
fn titles_are_unique_within_a_board() {
    for board in boards() {
        let titles: Vec<_> = panels(board).map(|panel| text(&panel["title"])).collect();
        let unique: BTreeSet<_> = titles.iter().collect();
        assert_eq!(unique.len(), titles.len(), "{titles:?}");
    }
}

#[test]
fn rates_are_over_the_interval_that_suits_the_screen() {
    each_query(|target, _, place| {
        let expression = text(&target["expr"]);
        for rate in expression.split("rate(").skip(1) {
            let (_, range) = rate.split_once('[').unwrap();
            assert!(
                range.starts_with("$__rate_interval]"),
                "{place}: {expression}"
            );
        }
    });
}

#[test]
fn totals_are_never_shown_but_how_they_grow() {
    let known = [Naming::Prometheus, Naming::OpenTelemetry].map(known_series);
    each_query(|_, expression, place| {
        for (selector, grows) in selectors(expression, &["rate", "irate", "increase"]) {
            let name = selector.name.clone().unwrap_or_default();
            let series = place.among(&known).get(&name);
            let is_total = series.is_some_and(|series| series.is_total);
            assert!(!is_total || grows, "{place}: {name}");
        }
    });
}

/// The series that Prometheus adds to what it scrapes.
const SCRAPED: [&str; 3] = ["up", "scrape_duration_seconds", "scrape_samples_scraped"];

/// What is known of a series.
#[derive(Clone)]
struct Known {
    labels: BTreeSet<String>,
    is_total: bool,
}

/// The series that there can be.
fn known_series(naming: Naming) -> BTreeMap<String, Known> {
    let metrics = METRICS.iter().copied().chain(example::OWN);
    let series = metrics.flat_map(|metric| {
        let suffixes: &[&str] = match metric.kind() {
            Kind::Histogram => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        let name = naming.metric(metric);
        let labels = metric
            .labels()
            .iter()
            .map(|label| naming.label(metric, label));
        let known = Known {
            labels: labels.collect(),
            is_total: matches!(metric.kind(), Kind::Counter | Kind::Histogram),
        };
        suffixes
            .iter()
            .map(move |suffix| (format!("{name}{suffix}"), known.clone()))
    });
    series.collect()
}

#[test]
fn every_query_names_metrics_and_labels_that_exist() {
    let known = [Naming::Prometheus, Naming::OpenTelemetry].map(known_series);
    each_query(|target, expression, place| {
        for (selector, _) in selectors(expression, &[]) {
            let name = selector.name.clone().unwrap_or_default();
            if is_recorded(&selector) || SCRAPED.contains(&name.as_str()) {
                continue;
            }
            let series = place.among(&known).get(&name);
            let series = series.unwrap_or_else(|| panic!("{place}: {name} is unknown"));
            for matcher in &selector.matchers.matchers {
                let key = &matcher.name;
                let is_known = series.labels.contains(key)
                    || ["job", "instance", METRIC_NAME].contains(&key.as_str());
                assert!(is_known, "{place}: {name} has no {key}");
            }
        }
        let legend = text(&target["legendFormat"]);
        for part in legend.split("{{").skip(1) {
            let (label, _) = part.split_once("}}").unwrap();
            let expression = text(&target["expr"]);
            assert!(
                expression.contains(label),
                "{place}: {label} is not in {expression}"
            );
        }
    });
}

#[test]
fn what_a_board_reads_of_rules_is_recorded_by_the_rules_beside_it() {
    let recorded = TREES.each_ref().map(|(_, tree)| {
        let lines = tree.files().flat_map(|(_, text)| text.lines());
        let names =
            lines.filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("record: "));
        names
            .map(|name| name.trim_matches('\'').to_owned())
            .collect::<BTreeSet<_>>()
    });
    let recorded: BTreeSet<_> = recorded.into_iter().flatten().collect();
    each_query(|_, expression, place| {
        for (selector, _) in selectors(expression, &[]) {
            let name = selector.name.clone().unwrap_or_default();
            assert!(
                !is_recorded(&selector) || recorded.contains(&name),
                "{place}: {name}"
            );
        }
    });
}

/// What is recorded costs at every evaluation, so somebody has to read it: a board, an alert, or another record.
#[test]
fn what_is_recorded_is_read() {
    let mut read = BTreeSet::new();
    each_query(|_, expression, _| {
        let selectors = selectors(expression, &[]).into_iter();
        read.extend(selectors.filter_map(|(selector, _)| selector.name));
    });
    let alerts = CATEGORIES.iter().flat_map(|category| category.alerts);
    let records = || RECORDS.iter().flat_map(|(_, records)| *records);
    let expressions = alerts.map(|alert| alert.expr);
    for expression in expressions.chain(records().map(|record| record.expr)) {
        read.extend(words(expression).map(str::to_owned));
    }
    for record in records() {
        assert!(read.contains(record.name), "nobody reads {}", record.name);
    }
}

#[test]
fn series_are_named() {
    each_panel(|panel, place| {
        for target in panel["targets"].as_array().unwrap() {
            let is_named = !text(&target["legendFormat"]).is_empty();
            assert!(is_named || panel["type"] == "table", "{place}");
        }
    });
}

#[test]
fn panels_fill_their_lines_and_none_stands_on_another() {
    for board in boards() {
        let mut taken = BTreeSet::new();
        let mut height = 0;
        for panel in board["panels"].as_array().unwrap() {
            let [x, y, w, h] =
                ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
            for cell in (y..y + h).flat_map(|y| (x..x + w).map(move |x| (x, y))) {
                assert!(
                    taken.insert(cell),
                    "{}: {cell:?} is taken twice",
                    panel["title"]
                );
            }
            height = height.max(y + h);
        }
        let cells = usize::try_from(height * 24).unwrap();
        assert_eq!(taken.len(), cells, "{} has holes", board["title"]);
    }
}

#[test]
fn panels_are_numbered_from_one() {
    for board in boards() {
        let panels = board["panels"].as_array().unwrap();
        let ids: Vec<_> = panels
            .iter()
            .map(|panel| panel["id"].as_u64().unwrap())
            .collect();
        assert!(ids.iter().copied().eq(1..=panels.len() as u64), "{ids:?}");
    }
}
