//! What a panel shows, before it has a place and its queries are spelled.

use super::color::{Color, Thresholds};
use super::query::Query;
use super::unit::Unit;

/// One picture of a dashboard.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) view: View,
    pub(crate) unit: Unit,
    pub(crate) thresholds: Thresholds,
    pub(crate) queries: Vec<Query>,
    /// Series that have a colour of their own, by the name that their legend gives them.
    pub(crate) colors: Vec<(&'static str, Color)>,
    pub(crate) links: Vec<Link>,
    /// In columns, of which a dashboard has 24.
    pub(crate) width: u8,
    /// In rows of the grid, each 38 pixels on the screen.
    pub(crate) height: u8,
}

/// The kind of picture.
#[derive(Debug, Clone)]
pub(crate) enum View {
    /// A line for each series.
    Lines,
    /// An area for each series, on top of each other: parts of a whole.
    Areas,
    /// The last value, large, over a sketch of its past.
    Number,
    /// A bar for the last value of each series.
    Bars,
    /// How many values fell into each bucket, as colours over time.
    HeatMap,
    /// A band for each series, coloured by its value.
    States(&'static [State]),
    /// A line for each value of a label, a column for each query.
    Table(Table),
}

/// A value that has a word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    pub(crate) value: &'static str,
    pub(crate) word: &'static str,
    pub(crate) color: Color,
}

/// What stands in a table: the labels of its series, and then a column for each query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    /// The labels that tell the lines apart, each with the title of its column.
    pub(crate) keys: Vec<(&'static str, &'static str)>,
    /// One for each query, in their order.
    pub(crate) columns: Vec<Column>,
}

/// How the values of one query of a table are shown.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    pub(crate) thresholds: Thresholds,
}

/// Where a click on a series leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// The board of the service in this label.
    Service,
    /// The traces of the route in the label `route`.
    TracesOfRoute,
    /// Those of them that failed.
    FailedTracesOfRoute,
    /// The log lines of the service about errors.
    ErrorLogs,
}

impl Panel {
    /// Draws a line for each series.
    pub(crate) fn lines(title: &str, description: &str, unit: Unit) -> Self {
        Self::new(View::Lines, title, description, unit).size(8, 8)
    }

    /// Draws areas on top of each other.
    pub(crate) fn areas(title: &str, description: &str, unit: Unit) -> Self {
        Self::new(View::Areas, title, description, unit).size(8, 8)
    }

    /// Shows one number.
    pub(crate) fn number(title: &str, description: &str, unit: Unit) -> Self {
        Self::new(View::Number, title, description, unit).size(4, 4)
    }

    /// Shows a bar for each series.
    pub(crate) fn bars(title: &str, description: &str, unit: Unit) -> Self {
        Self::new(View::Bars, title, description, unit).size(8, 8)
    }

    /// Shows how values are distributed over time.
    pub(crate) fn heat_map(title: &str, description: &str, unit: Unit) -> Self {
        Self::new(View::HeatMap, title, description, unit).size(8, 8)
    }

    /// Shows the state of each series over time.
    pub(crate) fn states(title: &str, description: &str, states: &'static [State]) -> Self {
        Self::new(View::States(states), title, description, Unit::Count).size(8, 8)
    }

    /// Shows a line for each value of a label; [`column`](Self::column) adds what stands in it.
    pub(crate) fn table(
        title: &str,
        description: &str,
        keys: &[(&'static str, &'static str)],
    ) -> Self {
        let table = Table {
            keys: keys.to_vec(),
            columns: Vec::new(),
        };
        Self::new(View::Table(table), title, description, Unit::Count).size(24, 8)
    }

    fn new(view: View, title: &str, description: &str, unit: Unit) -> Self {
        Self {
            title: title.to_owned(),
            description: description.to_owned(),
            view,
            unit,
            thresholds: Thresholds::none(),
            queries: Vec::new(),
            colors: Vec::new(),
            links: Vec::new(),
            width: 0,
            height: 0,
        }
    }

    /// Adds a query.
    pub(crate) fn query(mut self, query: Query) -> Self {
        self.queries.push(query);
        self
    }

    /// Adds a column to a table.
    pub(crate) fn column(
        mut self,
        title: &'static str,
        unit: Unit,
        thresholds: Thresholds,
        query: Query,
    ) -> Self {
        if let View::Table(table) = &mut self.view {
            table.columns.push(Column {
                title,
                unit,
                thresholds,
            });
        }
        self.query(query)
    }

    /// Colours values.
    pub(crate) fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Gives series of these names their colours.
    pub(crate) fn colors(mut self, colors: &[(&'static str, Color)]) -> Self {
        self.colors.extend(colors);
        self
    }

    /// Adds a link to each series.
    pub(crate) fn link(mut self, link: Link) -> Self {
        self.links.push(link);
        self
    }

    /// Sets how large it is, in columns and rows of the grid.
    ///
    /// Defaults to a third of the width for a picture, to a sixth for a number and to the whole for a table.
    pub(crate) fn size(mut self, width: u8, height: u8) -> Self {
        (self.width, self.height) = (width, height);
        self
    }
}
