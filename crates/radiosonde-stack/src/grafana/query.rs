//! What a panel asks Prometheus for.

use radiosonde_catalog::Metric;

/// An expression of PromQL in the default spelling, and what the series of its result are called.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) expression: String,
    /// With labels in double braces, as Grafana has it: `{{route}}`.
    pub(crate) legend: String,
    pub(crate) about: About,
    /// Whether the traces behind the values are shown, too.
    pub(crate) has_exemplars: bool,
    /// Whether its series bound the others, and are drawn as such.
    pub(crate) is_limit: bool,
}

/// Which series an expression selects from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// Those of the instances of services: each has `job` and `instance`.
    Instances,
    /// What rules recorded of whole services: each has `job`.
    Services,
}

impl Query {
    /// Asks for series of the chosen instances of the chosen services.
    pub(crate) fn new(expression: impl Into<String>, legend: &str) -> Self {
        Self {
            expression: expression.into(),
            legend: legend.to_owned(),
            about: About::Instances,
            has_exemplars: false,
            is_limit: false,
        }
    }

    /// Asks for series that a rule recorded of the chosen services.
    pub(crate) fn recorded(expression: impl Into<String>, legend: &str) -> Self {
        Self {
            about: About::Services,
            ..Self::new(expression, legend)
        }
    }

    /// Shows the traces behind the values.
    pub(crate) fn with_exemplars(mut self) -> Self {
        self.has_exemplars = true;
        self
    }

    /// Draws its series as what the others must not exceed.
    pub(crate) fn limit(mut self) -> Self {
        self.is_limit = true;
        self
    }
}

/// Selects the series of a metric that these matchers fit.
pub(crate) fn only(metric: &Metric, matchers: &str) -> String {
    format!("{}{{{matchers}}}", metric.name())
}

/// The rate of growth of a counter, per second.
pub(crate) fn rate(series: &str) -> String {
    format!("rate({series}[$__rate_interval])")
}

/// The sum, for each combination of these labels, or of all.
pub(crate) fn sum(by: &str, expression: &str) -> String {
    aggregate("sum", by, expression)
}

/// The mean, for each combination of these labels, or of all.
pub(crate) fn average(by: &str, expression: &str) -> String {
    aggregate("avg", by, expression)
}

/// The largest, for each combination of these labels, or of all.
pub(crate) fn max(by: &str, expression: &str) -> String {
    aggregate("max", by, expression)
}

/// The rate of a counter in all, for each combination of these labels.
pub(crate) fn total_rate(by: &str, series: &str) -> String {
    sum(by, &rate(series))
}

/// The share of one sum in another that has the same labels: 0 where the part has no series, nothing where the whole is 0.
pub(crate) fn share(part: &str, whole: &str) -> String {
    format!("({part} or {whole} * 0) / ({whole} > 0)")
}

/// The value below which this share of a histogram's values lies, for each combination of these labels.
pub(crate) fn quantile(quantile: &str, by: &str, histogram: &str) -> String {
    let by = if by.is_empty() {
        "le".to_owned()
    } else {
        format!("le, {by}")
    };
    let buckets = total_rate(&by, &format!("{histogram}_bucket"));
    format!("histogram_quantile({quantile}, {buckets})")
}

/// The same of a native histogram, which has no series of buckets.
pub(crate) fn native_quantile(quantile: &str, by: &str, histogram: &str) -> String {
    format!(
        "histogram_quantile({quantile}, {})",
        total_rate(by, histogram)
    )
}

/// How many values fell into each bucket of a histogram, per second.
pub(crate) fn buckets(histogram: &str) -> String {
    total_rate("le", &format!("{histogram}_bucket"))
}

fn aggregate(operator: &str, by: &str, expression: &str) -> String {
    if by.is_empty() {
        format!("{operator}({expression})")
    } else {
        format!("{operator} by ({by}) ({expression})")
    }
}
