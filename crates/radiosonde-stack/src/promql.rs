//! Expressions of the query language of Prometheus, as they are written here and as they are shipped.
//!
//! They are written in the default spelling and without the labels that say which service is meant, because so they can be
//! read: `rate(http_requests_total{outcome="error"}[5m])`. [`Spelling`] puts the names into the chosen [`Naming`], adds the
//! matchers that select the service, and fills in settings.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use radiosonde_catalog::{HTTP_CLIENT_REQUESTS, HTTP_REQUESTS, Metric, RPC_REQUESTS};

use crate::alerts::histograms;
use crate::naming::{Naming, metric_of};

/// How expressions become those of one service.
#[derive(Debug, Clone, Default)]
pub struct Spelling {
    naming: Naming,
    matchers: String,
    values: BTreeMap<String, String>,
    natives: BTreeSet<String>,
}

impl Spelling {
    /// Spells names this way.
    #[must_use]
    pub fn new(naming: Naming) -> Self {
        Self {
            naming,
            ..Self::default()
        }
    }

    /// Puts these matchers, such as `job="checkout"`, in front of those of every selector.
    #[must_use]
    pub fn matchers(mut self, matchers: impl Into<String>) -> Self {
        self.matchers = matchers.into();
        self
    }

    /// Writes `value` wherever an expression says `$name`. Other words that start with `$` stay, such as those of Grafana.
    #[must_use]
    pub fn value(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// Asks for these histograms of Radiosonde, by their names, as for native ones: they have no series `_bucket`, and no
    /// label `le`.
    #[must_use]
    pub fn natives<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.natives = names.into_iter().map(Into::into).collect();
        self
    }

    /// Spells an expression.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde_stack::{Naming, promql::Spelling};
    ///
    /// let spelling = Spelling::new(Naming::OpenTelemetry).matchers(r#"job="checkout""#).value("most", "0.5");
    /// assert_eq!(
    ///     spelling.spell(r#"sum by (route) (rate(http_requests_total{outcome="error"}[5m])) > $most"#),
    ///     "sum by (http_route) (rate(http_server_requests_total{job=\"checkout\",radiosonde_outcome=\"error\"}[5m])) > 0.5",
    /// );
    /// ```
    #[must_use]
    pub fn spell(&self, expression: &str) -> String {
        let expression = self.without_buckets(expression);
        let tokens = tokens(&expression);
        let metrics = metrics_of(&tokens);
        let mut places = Places::default();
        let mut out = String::with_capacity(expression.len() * 2);
        for (index, token) in tokens.iter().enumerate() {
            match places.of(token, next(&tokens[index + 1..])) {
                Place::Series { braced } => self.series(token, braced, &mut out),
                Place::Brace { empty } if !self.matchers.is_empty() => {
                    out.push('{');
                    out.push_str(&self.matchers);
                    out.push_str(if empty { "" } else { "," });
                }
                Place::Label => out.push_str(&self.label(&metrics, token)),
                Place::Value => out.push_str(self.filled(token)),
                Place::Text => out.push_str(&self.filled_text(token)),
                Place::Other | Place::Brace { .. } => out.push_str(token),
            }
        }
        out
    }

    /// Tells whether an expression names a histogram that is asked for as a native one.
    pub(crate) fn is_native(&self, expression: &str) -> bool {
        let is_native = |histogram: &Metric| self.natives.contains(histogram.name());
        !self.natives.is_empty() && histograms(expression).any(is_native)
    }

    /// Takes the label of buckets out of an expression about a native histogram.
    fn without_buckets<'a>(&self, expression: &'a str) -> Cow<'a, str> {
        if !self.is_native(expression) {
            return Cow::Borrowed(expression);
        }
        // As it is written here: behind other labels, before them, or alone.
        let expression = expression.replace(", le)", ")").replace("(le, ", "(");
        Cow::Owned(expression.replace(" by (le)", ""))
    }

    /// Spells the labels in a template of Prometheus, such as `{{ $labels.route }}`, as those of an expression.
    pub(crate) fn spell_text(&self, expression: &str, text: &str) -> String {
        let metrics = metrics_of(&tokens(expression));
        let mut parts = text.split("$labels.");
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (label, rest) =
                part.split_at(run_length(part, |c| is_word_start(c) || c.is_ascii_digit()));
            out.push_str("$labels.");
            out.push_str(&self.label(&metrics, label));
            out.push_str(rest);
        }
        out
    }

    /// Spells a label of the result of an expression, such as `route`.
    pub(crate) fn label_in(&self, expression: &str, label: &str) -> String {
        self.label(&metrics_of(&tokens(expression)), label)
    }

    /// Spells a label of these metrics: that of the first that has it.
    fn label(&self, metrics: &[&Metric], label: &str) -> String {
        let owner = metrics
            .iter()
            .find(|metric| metric.labels().contains(&label));
        match owner {
            Some(metric) => self.naming.label(metric, label),
            None => label.to_owned(),
        }
    }

    fn series(&self, series: &str, braced: bool, out: &mut String) {
        match metric_of(series) {
            Some((metric, suffix)) => {
                out.push_str(&self.naming.metric(metric));
                if suffix != "_bucket" || !self.natives.contains(metric.name()) {
                    out.push_str(suffix);
                }
            }
            None => out.push_str(series),
        }
        if !braced && !self.matchers.is_empty() {
            out.push('{');
            out.push_str(&self.matchers);
            out.push('}');
        }
    }

    /// Fills in the values that a string names.
    fn filled_text(&self, text: &str) -> String {
        let mut parts = text.split('$');
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) =
                part.split_at(run_length(part, |c| c.is_ascii_lowercase() || c == '_'));
            if let Some(value) = self.values.get(name) {
                out.push_str(value);
            } else {
                out.push('$');
                out.push_str(name);
            }
            out.push_str(rest);
        }
        out
    }

    fn filled<'a>(&'a self, token: &'a str) -> &'a str {
        let name = token.strip_prefix('$').unwrap_or(token);
        self.values.get(name).map_or(token, String::as_str)
    }
}

/// What a token is, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The name in a selector, which has matchers of its own or not.
    Series {
        braced: bool,
    },
    /// The brace before the matchers of a selector.
    Brace {
        empty: bool,
    },
    Label,
    /// A word behind `$`.
    Value,
    /// A string.
    Text,
    Other,
}

/// What came before.
#[derive(Debug, Default)]
struct Places {
    in_matchers: bool,
    /// A word that a list of labels follows has been read, or the parenthesis after it.
    labels: Labels,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Labels {
    #[default]
    None,
    Announced,
    Inside,
}

impl Places {
    fn of(&mut self, token: &str, next: Option<&str>) -> Place {
        match token {
            "{" => {
                self.in_matchers = true;
                return Place::Brace {
                    empty: next == Some("}"),
                };
            }
            "}" => self.in_matchers = false,
            "(" if self.labels == Labels::Announced => self.labels = Labels::Inside,
            ")" if self.labels == Labels::Inside => self.labels = Labels::None,
            _ if token.starts_with('$') => return Place::Value,
            _ if token.starts_with(['"', '\'', '`']) => return Place::Text,
            _ if !is_word(token) => {}
            _ if self.in_matchers || self.labels == Labels::Inside => return Place::Label,
            _ if BEFORE_LABELS.contains(&token) => {
                // A grouping without a list, such as `group_left * on ()`, is not written here.
                self.labels = Labels::Announced;
            }
            _ if next.is_some_and(|next| AFTER_FUNCTION.contains(&next)) => {}
            _ if KEYWORDS.contains(&token) => {}
            _ => {
                return Place::Series {
                    braced: next == Some("{"),
                };
            }
        }
        Place::Other
    }
}

/// Returns the metrics of Radiosonde that an expression names, and those that recorded series are made from.
fn metrics_of(tokens: &[&str]) -> Vec<&'static Metric> {
    let named = tokens.iter().filter_map(|token| Some(metric_of(token)?.0));
    let is_recorded = |token: &&str| is_word(token) && token.contains(':');
    let recorded = tokens.iter().any(is_recorded).then_some(RECORDED);
    named.chain(recorded.into_iter().flatten()).collect()
}

/// Returns the words of an expression, those behind `$` included.
#[cfg(test)]
pub(crate) fn words(expression: &str) -> impl Iterator<Item = &str> {
    let tokens = tokens(expression).into_iter();
    tokens.filter(|token| is_word(token) || token.starts_with('$'))
}

/// Splits an expression into words, strings, numbers with their unit, blanks and single characters; nothing is lost.
pub(crate) fn tokens(expression: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' | '`' => string_length(rest, first),
            c if is_word_start(c) || c == '$' => {
                run_length(rest, |c| is_word_start(c) || c.is_ascii_digit() || c == '$')
            }
            c if c.is_ascii_digit() => run_length(rest, |c| c.is_ascii_alphanumeric() || c == '.'),
            c if c.is_whitespace() => run_length(rest, char::is_whitespace),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// The first token that is not blank.
fn next<'a>(tokens: &[&'a str]) -> Option<&'a str> {
    tokens
        .iter()
        .find(|token| !token.trim().is_empty())
        .copied()
}

fn string_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

fn run_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn is_word(token: &str) -> bool {
    token.starts_with(is_word_start)
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':'
}

/// Recorded series keep labels of these, under the names that they have there.
const RECORDED: [&Metric; 3] = [&HTTP_REQUESTS, &HTTP_CLIENT_REQUESTS, &RPC_REQUESTS];

const AFTER_FUNCTION: [&str; 3] = ["(", "by", "without"];

const BEFORE_LABELS: [&str; 6] = [
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];

const KEYWORDS: [&str; 8] = [
    "and", "or", "unless", "atan2", "bool", "offset", "Inf", "NaN",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(expression: &str) -> String {
        Spelling::new(Naming::OpenTelemetry)
            .matchers(r#"job="a""#)
            .spell(expression)
    }

    #[test]
    fn every_selector_says_which_service_is_meant() {
        assert_eq!(spelled("up == 0"), r#"up{job="a"} == 0"#);
        assert_eq!(spelled("up{} offset 5m"), r#"up{job="a"} offset 5m"#);
        assert_eq!(
            spelled("job:http_requests:rate5m and on (job) up unless up{x='}'}"),
            r#"job:http_requests:rate5m{job="a"} and on (job) up{job="a"} unless up{job="a",x='}'}"#
        );
    }

    #[test]
    fn a_native_histogram_has_no_buckets() {
        let spelling = Spelling::new(Naming::OpenTelemetry);
        let spelling = spelling.natives(["http_request_duration_seconds"]);
        let native = [
            "histogram_quantile(0.9, sum by (job, route, le) (rate(http_request_duration_seconds_bucket[5m])))",
            "sum by (le, route) (rate(http_request_duration_seconds_bucket[5m]))",
            "sum by (le) (rate(http_request_duration_seconds_bucket[5m]))",
            "sum by (job, le) (job_route_le:http_request_duration_seconds_bucket:rate5m)",
        ];
        let native = native.map(|expression| spelling.spell(expression));
        assert_eq!(
            native,
            [
                "histogram_quantile(0.9, sum by (job, http_route) (rate(http_server_request_duration_seconds[5m])))",
                "sum by (http_route) (rate(http_server_request_duration_seconds[5m]))",
                "sum (rate(http_server_request_duration_seconds[5m]))",
                "sum by (job) (job_route_le:http_request_duration_seconds_bucket:rate5m)",
            ]
        );
        let other = "sum by (le) (rate(rpc_request_duration_seconds_bucket[5m]))";
        assert!(spelling.spell(other).contains("by (le)"));
    }

    #[test]
    fn functions_and_aggregations_are_no_selectors() {
        assert_eq!(
            spelled("sum by(le)(rate(x_bucket[5m])) / avg without (a) (x) > bool 1e3"),
            r#"sum by(le)(rate(x_bucket{job="a"}[5m])) / avg without (a) (x{job="a"}) > bool 1e3"#
        );
    }

    #[test]
    fn labels_are_spelled_as_those_of_the_metric_beside_them() {
        assert_eq!(
            spelled(r#"sum by (method) (authentication_attempts_total{outcome="refused"})"#),
            r#"sum by (authentication_method) (authentication_attempts_total{job="a",radiosonde_outcome="refused"})"#
        );
    }

    #[test]
    fn values_are_filled_in_and_variables_of_grafana_stay() {
        let spelling = Spelling::new(Naming::Prometheus).value("most", "0.1");
        assert_eq!(
            spelling.spell("rate(x[$__rate_interval]) > $most"),
            "rate(x[$__rate_interval]) > 0.1"
        );
    }

    #[test]
    fn in_the_default_spelling_without_matchers_nothing_changes() {
        let text =
            "sum by (route) (rate(http_requests_total{route=~\"a\\\"{}\"}[5m])) or vector(0)";
        assert_eq!(Spelling::default().spell(text), text);
    }
}
