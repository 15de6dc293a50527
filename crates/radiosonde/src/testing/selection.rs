//! The series that an assertion is about, and what is said when it fails.

use std::fmt::{self, Write as _};

use radiosonde_metrics::{Registry, Series, Value};

/// Some series of one metric: those that have at least these labels.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    registry: Registry,
    kind: &'static str,
    name: String,
    labels: Vec<(String, String)>,
}

impl Selection {
    pub(super) fn new(
        registry: &Registry,
        kind: &'static str,
        name: &str,
        labels: &[(&str, &str)],
    ) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            registry: registry.clone(),
            kind,
            name: name.to_owned(),
            labels: labels.iter().map(owned).collect(),
        }
    }

    /// Reads the metric, and takes of each selected series what `take` finds in a value of the right kind.
    ///
    /// # Panics
    ///
    /// Panics when the metric is of another kind.
    #[track_caller]
    pub(super) fn read<T>(&self, take: impl Fn(&Value) -> Option<T>) -> Reading<'_, T> {
        let series = self.registry.series(&self.name);
        let mut taken = Vec::new();
        for series in &series {
            let Some(value) = take(&series.value) else {
                let Self { kind, name, .. } = self;
                panic!("`{name}` is no {kind}: it is a {}", kind_of(&series.value));
            };
            if self.selects(series) {
                taken.push(value);
            }
        }
        Reading {
            selection: self,
            series,
            taken,
        }
    }

    fn selects(&self, series: &Series) -> bool {
        let value_of = |name: &str| {
            let label = series.labels.iter().find(|(label, _)| label == name);
            // To Prometheus an empty label and none are the same.
            label.map_or("", |(_, value)| value)
        };
        let mut labels = self.labels.iter();
        labels.all(|(name, value)| value_of(name) == value)
    }
}

/// `http_requests_total{route="/", outcome="ok"}`.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.labels.is_empty() {
            return Ok(());
        }
        write!(f, "{}", Labels(&self.labels))
    }
}

/// What was read of a metric at one moment.
pub(super) struct Reading<'a, T> {
    selection: &'a Selection,
    series: Vec<Series>,
    /// What was taken of the series that are selected.
    pub(super) taken: Vec<T>,
}

impl<T> Reading<'_, T> {
    /// Says what is wrong, and which series there are.
    #[track_caller]
    pub(super) fn fail(&self, wrong: &str) -> ! {
        panic!("{} {} {wrong}\n{self}", self.selection.kind, self.selection)
    }
}

impl<T> fmt::Display for Reading<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selection { name, registry, .. } = self.selection;
        if self.series.is_empty() {
            let names = registry.names().join(", ");
            return write!(f, "there is no metric `{name}`; there are: {names}");
        }
        f.write_str("series of this metric, those asked for marked `*`:")?;
        for series in &self.series {
            let mark = if self.selection.selects(series) {
                '*'
            } else {
                ' '
            };
            let labels = Labels(&series.labels);
            write!(f, "\n{mark} {labels} {}", written(&series.value))?;
        }
        Ok(())
    }
}

struct Labels<'a>(&'a [(String, String)]);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_char('}')
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Count(_) => "counter",
        Value::Total(_) => "counter with fractions, to be read as a gauge",
        Value::Number(_) | Value::Balance(_) => "gauge",
        Value::Distribution { .. } | Value::Exponential(_) => "histogram",
        _ => "metric of another kind",
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::Count(count) => count.to_string(),
        Value::Balance(balance) => balance.to_string(),
        Value::Total(number) | Value::Number(number) => number.to_string(),
        Value::Distribution { count, sum, .. } => format!("count {count}, sum {sum}"),
        other => format!("{other:?}"),
    }
}
