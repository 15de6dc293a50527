//! Panels and rows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::dashboard::DataSource;
use super::fields::{
    CellOptions, ColorMode, DataLink, Defaults, FieldConfig, LineStyle, Override, Property,
    Stacking,
};
use super::links;
use super::spelled::Scope;
use super::views::{self, Options};
use crate::grafana::color::Color;
use crate::grafana::layout::Place;
use crate::grafana::panel::{Column, Panel, Table, View};
use crate::grafana::query::Query;
use crate::grafana::unit::Unit;

/// An entry of a dashboard's `panels`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Entry<'a> {
    Row(RowEntry<'a>),
    Panel(Box<PanelEntry<'a>>),
}

/// A row: the title above the panels that follow.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RowEntry<'a> {
    collapsed: bool,
    grid_pos: Place,
    id: usize,
    panels: [(); 0],
    title: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> RowEntry<'a> {
    pub(super) fn new(title: &'a str, id: usize, grid_pos: Place) -> Self {
        Self {
            collapsed: false,
            grid_pos,
            id,
            panels: [],
            title,
            kind: "row",
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PanelEntry<'a> {
    datasource: DataSource,
    description: &'a str,
    field_config: FieldConfig,
    grid_pos: Place,
    id: usize,
    options: Options,
    targets: Vec<Target>,
    title: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transformations: Vec<Transformation>,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> PanelEntry<'a> {
    pub(super) fn new(panel: &'a Panel, id: usize, grid_pos: Place, scope: &Scope) -> Self {
        Self {
            datasource: DataSource::PROMETHEUS,
            description: &panel.description,
            field_config: field_config(panel, scope),
            grid_pos,
            id,
            options: Options::of(&panel.view, panel.unit.id()),
            targets: targets(panel, scope),
            title: &panel.title,
            transformations: transformations(panel, scope),
            kind: views::plugin(&panel.view),
        }
    }
}

/// A query of a panel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    datasource: DataSource,
    editor_mode: &'static str,
    exemplar: bool,
    expr: String,
    format: &'static str,
    instant: bool,
    legend_format: String,
    range: bool,
    ref_id: String,
}

fn targets(panel: &Panel, scope: &Scope) -> Vec<Target> {
    let format = match panel.view {
        View::HeatMap => "heatmap",
        View::Table(_) => "table",
        _ => "time_series",
    };
    // A table and bars show how it is now; everything else has a past.
    let instant = matches!(panel.view, View::Table(_) | View::Bars);
    let target = |(index, query): (usize, &Query)| Target {
        datasource: DataSource::PROMETHEUS,
        editor_mode: "code",
        exemplar: query.has_exemplars,
        expr: scope.expression(query),
        format,
        instant,
        legend_format: scope.legend(query),
        range: !instant,
        ref_id: reference(index),
    };
    panel.queries.iter().enumerate().map(target).collect()
}

/// The letter of a query.
fn reference(index: usize) -> String {
    let mut letters = 'A'..='Z';
    letters.nth(index).unwrap_or('Z').to_string()
}

fn field_config(panel: &Panel, scope: &Scope) -> FieldConfig {
    let (min, max) = match (&panel.view, panel.unit) {
        (View::Bars, Unit::Ratio) => (Some(0.0), Some(1.0)),
        (View::Bars, _) => (Some(0.0), None),
        _ => (None, None),
    };
    FieldConfig {
        defaults: Defaults {
            color: views::color_mode(&panel.view),
            custom: views::custom(&panel.view),
            links: match panel.view {
                View::Table(_) => Vec::new(),
                _ => data_links(panel, scope),
            },
            mappings: views::mappings(&panel.view),
            max,
            min,
            no_value: "–",
            thresholds: (&panel.thresholds).into(),
            unit: panel.unit.id(),
        },
        overrides: overrides(panel, scope),
    }
}

fn data_links(panel: &Panel, scope: &Scope) -> Vec<DataLink> {
    let first = panel.queries.first();
    let route = first.map(|query| scope.label(query, "route"));
    let route = route.unwrap_or_default();
    let links = panel.links.iter();
    links
        .map(|link| links::data_link(*link, &route, scope.traces))
        .collect()
}

fn overrides(panel: &Panel, scope: &Scope) -> Vec<Override> {
    let colors = panel.colors.iter().map(|(name, color)| {
        Override::by_name(name, vec![Property::Color(ColorMode::fixed(*color))])
    });
    let limits = panel.queries.iter().enumerate();
    let limits = limits.filter(|(_, query)| query.is_limit);
    let limits = limits.map(|(index, _)| Override::by_query(&reference(index), as_limit()));
    let table = match &panel.view {
        View::Table(table) => in_table(table, data_links(panel, scope)),
        _ => Vec::new(),
    };
    colors.chain(limits).chain(table).collect()
}

/// How a limit is drawn: dashed, and on top of nothing.
fn as_limit() -> Vec<Property> {
    vec![
        Property::Color(ColorMode::fixed(Color::Red)),
        Property::Fill(0),
        Property::Line(LineStyle {
            dash: [10, 10],
            fill: "dash",
        }),
        Property::Stacking(Stacking {
            group: "limit",
            mode: "none",
        }),
    ]
}

/// What is different for the columns of a table. The first one leads on.
fn in_table(table: &Table, links: Vec<DataLink>) -> Vec<Override> {
    let first = table.keys.first().filter(|_| !links.is_empty());
    let first = first.map(|(_, title)| Override::by_name(title, vec![Property::Links(links)]));
    let columns = table
        .columns
        .iter()
        .map(|column| Override::by_name(column.title, in_column(column)));
    first.into_iter().chain(columns).collect()
}

fn in_column(column: &Column) -> Vec<Property> {
    let unit = Property::Unit(column.unit.id());
    if column.thresholds.limits.is_empty() {
        return vec![unit];
    }
    vec![
        unit,
        Property::Thresholds((&column.thresholds).into()),
        Property::Cell(CellOptions { kind: "color-text" }),
    ]
}

/// A step from the answers to what is shown.
#[derive(Debug, Serialize)]
struct Transformation {
    id: &'static str,
    options: TransformationOptions,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum TransformationOptions {
    Merge {},
    Organize(Organize),
}

#[derive(Debug, Serialize)]
struct Organize {
    #[serde(rename = "excludeByName")]
    excluded: BTreeMap<String, bool>,
    #[serde(rename = "indexByName")]
    order: BTreeMap<String, usize>,
    #[serde(rename = "renameByName")]
    names: BTreeMap<String, String>,
}

/// Joins the answers of a table into one, and names its columns.
fn transformations(panel: &Panel, scope: &Scope) -> Vec<Transformation> {
    let View::Table(table) = &panel.view else {
        return Vec::new();
    };
    let key = |label| match panel.queries.first() {
        Some(query) => scope.label(query, label),
        None => label.to_owned(),
    };
    let keys = table
        .keys
        .iter()
        .map(|(label, title)| (key(label), (*title).to_owned()));
    // A single answer keeps its name when answers are merged.
    let value = |index| match table.columns.len() {
        1 => "Value".to_owned(),
        _ => format!("Value #{}", reference(index)),
    };
    let columns = table.columns.iter().enumerate();
    let columns = columns.map(|(index, column)| (value(index), column.title.to_owned()));
    let names: Vec<_> = keys.chain(columns).collect();
    let order = names.iter().enumerate();
    let organize = Organize {
        excluded: BTreeMap::from([("Time".to_owned(), true)]),
        order: order
            .map(|(index, (name, _))| (name.clone(), index))
            .collect(),
        names: names.iter().cloned().collect(),
    };
    vec![
        Transformation {
            id: "merge",
            options: TransformationOptions::Merge {},
        },
        Transformation {
            id: "organize",
            options: TransformationOptions::Organize(organize),
        },
    ]
}
