//! How the values of a panel look: units, colours, limits and links.

use serde::Serialize;

use crate::grafana::color::{Color, Thresholds};

/// `fieldConfig`: what holds for every series, and what for some.
#[derive(Debug, Serialize)]
pub(super) struct FieldConfig {
    pub(super) defaults: Defaults,
    pub(super) overrides: Vec<Override>,
}

/// What holds for every series.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Defaults {
    pub(super) color: ColorMode,
    pub(super) custom: Custom,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) links: Vec<DataLink>,
    pub(super) mappings: Vec<Mapping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min: Option<f64>,
    /// What stands where there is no value.
    pub(super) no_value: &'static str,
    pub(super) thresholds: Steps,
    pub(super) unit: &'static str,
}

/// What the colour of a series comes from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ColorMode {
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_color: Option<&'static str>,
    mode: &'static str,
}

impl ColorMode {
    /// One colour after the other.
    pub(super) fn palette() -> Self {
        Self {
            fixed_color: None,
            mode: "palette-classic",
        }
    }

    /// That of the threshold which the value has passed.
    pub(super) fn thresholds() -> Self {
        Self {
            fixed_color: None,
            mode: "thresholds",
        }
    }

    /// Always this one.
    pub(super) fn fixed(color: Color) -> Self {
        Self {
            fixed_color: Some(color.id()),
            mode: "fixed",
        }
    }
}

/// The values from which colours change.
#[derive(Debug, Serialize)]
pub(super) struct Steps {
    mode: &'static str,
    steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
struct Step {
    color: &'static str,
    value: Option<f64>,
}

impl From<&Thresholds> for Steps {
    fn from(thresholds: &Thresholds) -> Self {
        let base = Step {
            color: thresholds.base.id(),
            value: None,
        };
        let limits = thresholds.limits.iter().map(|(value, color)| Step {
            color: color.id(),
            value: Some(*value),
        });
        Self {
            mode: "absolute",
            steps: [base].into_iter().chain(limits).collect(),
        }
    }
}

/// What is particular to a kind of panel.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Custom {
    None {},
    Graph(Graph),
    HeatMap(HeatMap),
    States(States),
    Table(Cells),
}

/// Lines and areas.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Graph {
    pub(super) axis_soft_min: f64,
    pub(super) draw_style: &'static str,
    pub(super) fill_opacity: u8,
    pub(super) line_interpolation: &'static str,
    pub(super) line_width: u8,
    pub(super) show_points: &'static str,
    pub(super) span_nulls: bool,
    pub(super) stacking: Stacking,
    pub(super) thresholds_style: ThresholdsStyle,
}

#[derive(Debug, Serialize)]
pub(super) struct Stacking {
    pub(super) group: &'static str,
    pub(super) mode: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct ThresholdsStyle {
    pub(super) mode: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HeatMap {
    pub(super) scale_distribution: Scale,
}

#[derive(Debug, Serialize)]
pub(super) struct Scale {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct States {
    pub(super) fill_opacity: u8,
    pub(super) line_width: u8,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cells {
    pub(super) align: &'static str,
    pub(super) cell_options: CellOptions,
    pub(super) inspect: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct CellOptions {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

/// A link of each series or cell.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DataLink {
    pub(super) target_blank: bool,
    pub(super) title: &'static str,
    pub(super) url: String,
}

/// Words for values.
#[derive(Debug, Serialize)]
pub(super) struct Mapping {
    pub(super) options: std::collections::BTreeMap<&'static str, Word>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Word {
    pub(super) color: &'static str,
    pub(super) index: usize,
    pub(super) text: &'static str,
}

/// What is different for the series that a matcher finds.
#[derive(Debug, Serialize)]
pub(super) struct Override {
    matcher: Matcher,
    properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
struct Matcher {
    id: &'static str,
    options: String,
}

impl Override {
    /// Of the series of this name.
    pub(super) fn by_name(name: &str, properties: Vec<Property>) -> Self {
        Self::new("byName", name, properties)
    }

    /// Of the series of the query with this letter.
    pub(super) fn by_query(reference: &str, properties: Vec<Property>) -> Self {
        Self::new("byFrameRefID", reference, properties)
    }

    fn new(id: &'static str, options: &str, properties: Vec<Property>) -> Self {
        let options = options.to_owned();
        Self {
            matcher: Matcher { id, options },
            properties,
        }
    }
}

/// One thing that is different.
#[derive(Debug, Serialize)]
#[serde(tag = "id", content = "value")]
pub(super) enum Property {
    #[serde(rename = "color")]
    Color(ColorMode),
    #[serde(rename = "custom.cellOptions")]
    Cell(CellOptions),
    #[serde(rename = "custom.fillOpacity")]
    Fill(u8),
    #[serde(rename = "custom.lineStyle")]
    Line(LineStyle),
    #[serde(rename = "custom.stacking")]
    Stacking(Stacking),
    #[serde(rename = "links")]
    Links(Vec<DataLink>),
    #[serde(rename = "thresholds")]
    Thresholds(Steps),
    #[serde(rename = "unit")]
    Unit(&'static str),
}

#[derive(Debug, Serialize)]
pub(super) struct LineStyle {
    pub(super) dash: [u8; 2],
    pub(super) fill: &'static str,
}
