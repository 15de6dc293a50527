//! The options of each kind of panel.

use serde::Serialize;

use super::fields::{
    CellOptions, Cells, ColorMode, Custom, Graph, HeatMap, Mapping, Scale, Stacking, States,
    ThresholdsStyle, Word,
};
use crate::grafana::panel::{State, View};

/// Returns the name of the plugin that draws a view.
pub(super) fn plugin(view: &View) -> &'static str {
    match view {
        View::Lines | View::Areas => "timeseries",
        View::Number => "stat",
        View::Bars => "bargauge",
        View::HeatMap => "heatmap",
        View::States(_) => "state-timeline",
        View::Table(_) => "table",
    }
}

/// `options`: what is set for the panel as a whole.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Options {
    Graph(GraphOptions),
    Number(NumberOptions),
    Bars(BarsOptions),
    HeatMap(Box<HeatMapOptions>),
    States(StatesOptions),
    Table(TableOptions),
}

impl Options {
    pub(super) fn of(view: &View, unit: &'static str) -> Self {
        match view {
            View::Lines | View::Areas => Self::Graph(GraphOptions {
                legend: Legend::list(&["mean", "max"]),
                tooltip: Tooltip::all(),
            }),
            View::Number => Self::Number(NumberOptions {
                color_mode: "value",
                graph_mode: "area",
                justify_mode: "auto",
                orientation: "auto",
                percent_change_color_mode: "standard",
                reduce_options: Reduce::last(),
                show_percent_change: false,
                text_mode: "auto",
                wide_layout: true,
            }),
            View::Bars => Self::Bars(BarsOptions {
                display_mode: "basic",
                legend: Legend::hidden(),
                max_viz_height: 300,
                min_viz_height: 16,
                min_viz_width: 8,
                name_placement: "auto",
                orientation: "horizontal",
                reduce_options: Reduce::last(),
                show_unfilled: true,
                sizing: "auto",
                value_mode: "color",
            }),
            View::HeatMap => Self::HeatMap(Box::new(HeatMapOptions::of(unit))),
            View::States(_) => Self::States(StatesOptions {
                align_value: "left",
                legend: Legend::list(&[]),
                merge_values: true,
                row_height: 0.9,
                show_value: "never",
                tooltip: Tooltip::all(),
            }),
            View::Table(_) => Self::Table(TableOptions {
                cell_height: "sm",
                frame_index: 0,
                show_header: true,
            }),
        }
    }
}

/// Returns what is particular to the values of a view.
pub(super) fn custom(view: &View) -> Custom {
    match view {
        View::Lines => Custom::Graph(graph(10, "none")),
        View::Areas => Custom::Graph(graph(40, "normal")),
        View::Number | View::Bars => Custom::None {},
        View::HeatMap => Custom::HeatMap(HeatMap {
            scale_distribution: Scale { kind: "linear" },
        }),
        View::States(_) => Custom::States(States {
            fill_opacity: 70,
            line_width: 0,
        }),
        View::Table(_) => Custom::Table(Cells {
            align: "auto",
            cell_options: CellOptions { kind: "auto" },
            inspect: false,
        }),
    }
}

/// Returns what the colours of a view come from.
pub(super) fn color_mode(view: &View) -> ColorMode {
    match view {
        View::Lines | View::Areas | View::HeatMap => ColorMode::palette(),
        View::Number | View::Bars | View::States(_) | View::Table(_) => ColorMode::thresholds(),
    }
}

/// Returns the words for the values of a view.
pub(super) fn mappings(view: &View) -> Vec<Mapping> {
    match view {
        View::States(states) => vec![Mapping {
            options: states.iter().enumerate().map(word).collect(),
            kind: "value",
        }],
        _ => Vec::new(),
    }
}

fn word((index, state): (usize, &State)) -> (&'static str, Word) {
    let word = Word {
        color: state.color.id(),
        index,
        text: state.word,
    };
    (state.value, word)
}

fn graph(fill_opacity: u8, stacking: &'static str) -> Graph {
    Graph {
        axis_soft_min: 0.0,
        draw_style: "line",
        fill_opacity,
        line_interpolation: "linear",
        line_width: 1,
        show_points: "never",
        span_nulls: false,
        stacking: Stacking {
            group: "A",
            mode: stacking,
        },
        thresholds_style: ThresholdsStyle { mode: "off" },
    }
}

#[derive(Debug, Serialize)]
pub(super) struct GraphOptions {
    legend: Legend,
    tooltip: Tooltip,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NumberOptions {
    color_mode: &'static str,
    graph_mode: &'static str,
    justify_mode: &'static str,
    orientation: &'static str,
    percent_change_color_mode: &'static str,
    reduce_options: Reduce,
    show_percent_change: bool,
    text_mode: &'static str,
    wide_layout: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BarsOptions {
    display_mode: &'static str,
    legend: Legend,
    max_viz_height: u16,
    min_viz_height: u16,
    min_viz_width: u16,
    name_placement: &'static str,
    orientation: &'static str,
    reduce_options: Reduce,
    show_unfilled: bool,
    sizing: &'static str,
    value_mode: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HeatMapOptions {
    calculate: bool,
    cell_gap: u8,
    color: HeatMapColor,
    exemplars: Exemplars,
    filter_values: FilterValues,
    legend: Show,
    rows_frame: RowsFrame,
    show_value: &'static str,
    tooltip: HeatMapTooltip,
    y_axis: YAxis,
}

impl HeatMapOptions {
    fn of(unit: &'static str) -> Self {
        Self {
            // The buckets are those of the histogram.
            calculate: false,
            cell_gap: 1,
            color: HeatMapColor {
                exponent: 0.5,
                fill: "dark-orange",
                mode: "scheme",
                reverse: false,
                scale: "exponential",
                scheme: "Oranges",
                steps: 64,
            },
            exemplars: Exemplars {
                color: "rgba(255,0,255,0.7)",
            },
            filter_values: FilterValues { le: 1e-9 },
            legend: Show { show: true },
            rows_frame: RowsFrame { layout: "auto" },
            show_value: "never",
            tooltip: HeatMapTooltip {
                mode: "single",
                show_color_scale: true,
                y_histogram: true,
            },
            y_axis: YAxis {
                axis_placement: "left",
                reverse: false,
                unit,
            },
        }
    }
}

#[derive(Debug, Serialize)]
struct HeatMapColor {
    exponent: f64,
    fill: &'static str,
    mode: &'static str,
    reverse: bool,
    scale: &'static str,
    scheme: &'static str,
    steps: u8,
}

#[derive(Debug, Serialize)]
struct Exemplars {
    color: &'static str,
}

#[derive(Debug, Serialize)]
struct FilterValues {
    le: f64,
}

#[derive(Debug, Serialize)]
struct Show {
    show: bool,
}

#[derive(Debug, Serialize)]
struct RowsFrame {
    layout: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HeatMapTooltip {
    mode: &'static str,
    show_color_scale: bool,
    y_histogram: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct YAxis {
    axis_placement: &'static str,
    reverse: bool,
    unit: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatesOptions {
    align_value: &'static str,
    legend: Legend,
    merge_values: bool,
    row_height: f64,
    show_value: &'static str,
    tooltip: Tooltip,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TableOptions {
    cell_height: &'static str,
    frame_index: u8,
    show_header: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Legend {
    calcs: &'static [&'static str],
    display_mode: &'static str,
    placement: &'static str,
    #[serde(rename = "showLegend")]
    is_shown: bool,
}

impl Legend {
    /// Names each series, with these figures about its values.
    fn list(calcs: &'static [&'static str]) -> Self {
        let is_table = !calcs.is_empty();
        Self {
            calcs,
            display_mode: if is_table { "table" } else { "list" },
            placement: "bottom",
            is_shown: true,
        }
    }

    fn hidden() -> Self {
        Self {
            is_shown: false,
            ..Self::list(&[])
        }
    }
}

#[derive(Debug, Serialize)]
struct Tooltip {
    mode: &'static str,
    sort: &'static str,
}

impl Tooltip {
    /// Shows every series at that time, the largest first.
    fn all() -> Self {
        Self {
            mode: "multi",
            sort: "desc",
        }
    }
}

#[derive(Debug, Serialize)]
struct Reduce {
    calcs: [&'static str; 1],
    fields: &'static str,
    values: bool,
}

impl Reduce {
    fn last() -> Self {
        Self {
            calcs: ["lastNotNull"],
            fields: "",
            values: false,
        }
    }
}
