//! The dashboard around the panels: variables, marks in time and links.

use radiosonde_catalog::{BUILD_INFO, PROCESS_START_TIME};
use serde::Serialize;

use super::links::{self, uid};
use super::panel::{Entry, PanelEntry, RowEntry};
use super::spelled::Scope;
use crate::Origin;
use crate::grafana::dashboard::{Dashboard, Start};
use crate::grafana::layout;

/// Returns the text of the file of a dashboard.
pub(crate) fn dashboard(dashboard: &Dashboard, origin: &Origin, scope: &Scope) -> String {
    let file = File::new(dashboard, origin, scope);
    // Strings, numbers and maps with text for keys: nothing that JSON cannot say.
    let text = serde_json::to_string_pretty(&file).unwrap_or_default();
    text + "\n"
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    annotations: List<Annotation>,
    description: String,
    editable: bool,
    graph_tooltip: u8,
    links: [DashboardLink; 3],
    panels: Vec<Entry<'a>>,
    refresh: &'static str,
    schema_version: u8,
    tags: [&'static str; 1],
    templating: List<Variable>,
    time: Time,
    timezone: &'static str,
    title: String,
    uid: String,
}

impl<'a> File<'a> {
    fn new(dashboard: &'a Dashboard, origin: &Origin, scope: &Scope) -> Self {
        Self {
            annotations: List {
                list: annotations(scope),
            },
            description: format!(
                "{}\n\nWritten by `radiosonde stack` from {}.",
                dashboard.description,
                origin.mark()
            ),
            editable: false,
            // One crosshair on all panels.
            graph_tooltip: 1,
            links: dashboard_links(scope),
            panels: panels(dashboard, scope),
            refresh: "30s",
            schema_version: 42,
            tags: [TAG],
            templating: List {
                list: variables(dashboard.start, scope),
            },
            time: Time {
                from: "now-1h",
                to: "now",
            },
            timezone: "browser",
            title: dashboard.title.clone(),
            uid: uid(&dashboard.name),
        }
    }
}

#[derive(Debug, Serialize)]
struct List<T> {
    list: Vec<T>,
}

#[derive(Debug, Serialize)]
struct Time {
    from: &'static str,
    to: &'static str,
}

/// Where the answer to a query comes from.
#[derive(Debug, Serialize)]
pub(super) struct DataSource {
    #[serde(rename = "type")]
    kind: &'static str,
    uid: &'static str,
}

impl DataSource {
    /// The Prometheus that the reader has chosen.
    pub(super) const PROMETHEUS: Self = Self {
        kind: "prometheus",
        uid: "${datasource}",
    };
}

fn panels<'a>(dashboard: &'a Dashboard, scope: &Scope) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for (row, placed) in dashboard.rows.iter().zip(layout::place(&dashboard.rows)) {
        let id = entries.len() + 1;
        entries.push(Entry::Row(RowEntry::new(&row.title, id, placed.title)));
        for (panel, place) in row.panels.iter().zip(placed.panels) {
            let id = entries.len() + 1;
            let entry = PanelEntry::new(panel, id, place, scope);
            entries.push(Entry::Panel(Box::new(entry)));
        }
    }
    entries
}

/// A choice that the reader has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Variable {
    #[serde(skip_serializing_if = "Option::is_none")]
    all_value: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Chosen>,
    #[serde(skip_serializing_if = "Option::is_none")]
    datasource: Option<DataSource>,
    hide: u8,
    include_all: bool,
    label: &'static str,
    multi: bool,
    name: &'static str,
    query: String,
    refresh: u8,
    sort: u8,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Serialize)]
struct Chosen {
    selected: bool,
    text: [&'static str; 1],
    value: [&'static str; 1],
}

impl Chosen {
    const ALL: Self = Self {
        selected: true,
        text: ["All"],
        value: ["$__all"],
    };
}

fn variables(start: Start, scope: &Scope) -> Vec<Variable> {
    let build = scope.of_services(&format!("{}{{}}", BUILD_INFO.name()));
    let all_builds = build.split('{').next().unwrap_or_default();
    let starts_with_all = start == Start::AllServices;
    vec![
        Variable::source("datasource", "Data source", "prometheus", SHOWN),
        Variable::source("traces", "Traces", scope.traces.kind(), HIDDEN),
        Variable::source("logs", "Logs", "loki", HIDDEN),
        Variable::labels(
            "job",
            "Job",
            format!("label_values({all_builds}, job)"),
            starts_with_all,
        ),
        Variable::labels(
            "instance",
            "Instance",
            format!("label_values({build}, instance)"),
            true,
        ),
    ]
}

impl Variable {
    /// A data source of this kind: the default one, or the first.
    fn source(name: &'static str, label: &'static str, kind: &'static str, hide: u8) -> Self {
        Self {
            all_value: None,
            current: None,
            datasource: None,
            hide,
            include_all: false,
            label,
            multi: false,
            name,
            query: kind.to_owned(),
            refresh: ON_LOAD,
            sort: 0,
            kind: "datasource",
        }
    }

    /// Values of a label, several of which may be chosen.
    fn labels(name: &'static str, label: &'static str, query: String, all: bool) -> Self {
        Self {
            all_value: Some(".+"),
            current: all.then_some(Chosen::ALL),
            datasource: Some(DataSource::PROMETHEUS),
            hide: SHOWN,
            include_all: all,
            label,
            multi: true,
            name,
            query,
            refresh: ON_TIME_RANGE,
            sort: ALPHABETICAL,
            kind: "query",
        }
    }
}

/// A mark in time on every graph.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    datasource: DataSource,
    enable: bool,
    hide: bool,
    icon_color: &'static str,
    name: &'static str,
    tag_keys: String,
    target: AnnotationTarget,
    title_format: &'static str,
    use_value_for_time: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AnnotationTarget {
    expr: String,
    ref_id: &'static str,
}

/// Starts of instances and new versions: what most often explains a change.
fn annotations(scope: &Scope) -> Vec<Annotation> {
    let start = PROCESS_START_TIME.name();
    // When they started, in milliseconds, once for each start in sight.
    let starts = format!("max by (job, instance) ({start}) * 1000");
    let build = BUILD_INFO.name();
    let builds = format!(
        "min by (job, version) ({start} * on (job, instance) group_left (version) {build}) * 1000"
    );
    let starts = scope.of_services(&starts);
    let builds = scope.of_services(&builds);
    vec![
        annotation("Starts", "blue", "Start", "job,instance".to_owned(), starts),
        annotation(
            "Versions",
            "purple",
            "New version",
            "job,version".to_owned(),
            builds,
        ),
    ]
}

fn annotation(
    name: &'static str,
    icon_color: &'static str,
    title_format: &'static str,
    tag_keys: String,
    expr: String,
) -> Annotation {
    Annotation {
        datasource: DataSource::PROMETHEUS,
        enable: true,
        hide: false,
        icon_color,
        name,
        tag_keys,
        target: AnnotationTarget {
            expr,
            ref_id: "Anno",
        },
        title_format,
        use_value_for_time: true,
    }
}

/// A link in the head of a dashboard.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the schema has a switch for each"
)]
struct DashboardLink {
    as_dropdown: bool,
    icon: &'static str,
    include_vars: bool,
    keep_time: bool,
    tags: Vec<&'static str>,
    target_blank: bool,
    title: &'static str,
    tooltip: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

fn dashboard_links(scope: &Scope) -> [DashboardLink; 3] {
    let to = |title, tooltip, url| DashboardLink {
        as_dropdown: false,
        icon: "external link",
        include_vars: false,
        keep_time: false,
        tags: Vec::new(),
        target_blank: false,
        title,
        tooltip,
        kind: "link",
        url: Some(url),
    };
    let boards = DashboardLink {
        as_dropdown: true,
        include_vars: true,
        keep_time: true,
        tags: vec![TAG],
        kind: "dashboards",
        url: None,
        ..to(
            "Boards",
            "The other boards of these services",
            String::new(),
        )
    };
    [
        boards,
        to(
            "Traces",
            "Traces of these services",
            links::all_traces(scope.traces),
        ),
        to("Logs", "Log lines of these services", links::all_logs()),
    ]
}

/// What all boards of ours have in common, so that each can list the others.
const TAG: &str = "radiosonde";

const SHOWN: u8 = 0;
const HIDDEN: u8 = 2;

const ON_LOAD: u8 = 1;
const ON_TIME_RANGE: u8 = 2;

const ALPHABETICAL: u8 = 1;
