//! Names and labels as the exposition takes them.
//!
//! Characters that a name may not have become `_`, as the stock exporter does it; label values keep every character,
//! escaped. Two spellings that become the same name are the same metric. The rules are those of the Prometheus text
//! format 0.0.4.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Why an instrument was refused: the value of the label `reason` of `radiosonde_metrics_refused_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The metric or a label has an empty name.
    EmptyName,
    /// A label has a name that the exposition keeps for itself.
    ReservedLabel,
    /// Two labels have the same name once they are spelled as the exposition takes them.
    DuplicateLabel,
    /// The name belongs to another kind of instrument, or to a part of a histogram.
    NameTaken,
    /// There are too many metrics.
    TooManyMetrics,
    /// A metric of the catalogue was asked for with another number of labels than it has.
    WrongLabels,
    /// A value was not a number, or not finite where it must be.
    NotANumber,
}

impl Refusal {
    pub(crate) const ALL: [Self; 7] = [
        Self::EmptyName,
        Self::ReservedLabel,
        Self::DuplicateLabel,
        Self::NameTaken,
        Self::TooManyMetrics,
        Self::WrongLabels,
        Self::NotANumber,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::EmptyName => "empty_name",
            Self::ReservedLabel => "reserved_label",
            Self::DuplicateLabel => "duplicate_label",
            Self::NameTaken => "name_taken",
            Self::TooManyMetrics => "too_many_metrics",
            Self::WrongLabels => "wrong_labels",
            Self::NotANumber => "not_a_number",
        }
    }
}

/// Spells the name of a metric: letters, digits, `_` and `:`, not starting with a digit.
pub(crate) fn metric_name(raw: &str) -> Result<String, Refusal> {
    spell(raw, |c| c == ':')
}

/// Spells a label set: `method="GET",route="/"`, in the order of the names, without braces.
///
/// A label without a value is left out: to Prometheus the two are the same series.
pub(crate) fn label_text<'a>(
    labels: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<String, Refusal> {
    let mut spelled = labels
        .map(|(name, value)| Ok((label_name(name)?, value)))
        .collect::<Result<Vec<_>, _>>()?;
    spelled.sort_unstable();
    if spelled.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(Refusal::DuplicateLabel);
    }
    let mut text = String::new();
    for (name, value) in spelled.iter().filter(|(_, value)| !value.is_empty()) {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{comma}{name}=\"");
        escape(value, true, &mut text);
        text.push('"');
    }
    Ok(text)
}

/// Appends `raw` with backslashes and line feeds escaped, and double quotes where the text stands between them.
pub(crate) fn escape(raw: &str, quoted: bool, text: &mut String) {
    for c in raw.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if quoted => text.push_str("\\\""),
            c => text.push(c),
        }
    }
}

/// Returns the word for a unit of OpenTelemetry, if the name of a metric ends in it: OpenMetrics asks for that.
pub(crate) fn unit_in(name: &str, unit: &str) -> Option<&'static str> {
    let word = match unit {
        "s" => "seconds",
        "By" => "bytes",
        "1" => "ratio",
        _ => return None,
    };
    let before = name.strip_suffix(word)?;
    before.ends_with('_').then_some(word)
}

/// Reads the text of a label set back: `method="GET",route="/"`, as [`label_text`] writes it.
pub(crate) fn labels_of(text: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once("=\"")?;
        let end = closing_quote(after);
        let (value, after) = (&after[..end], after.get(end + 1..).unwrap_or_default());
        rest = after.strip_prefix(',').unwrap_or(after);
        Some((name, unescaped(value)))
    })
}

/// Returns where the first quote is that no backslash stands before.
fn closing_quote(text: &str) -> usize {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return at,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    text.len()
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut raw = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        raw.push(match escaped {
            Some('n') => '\n',
            Some(escaped) => escaped,
            None => c,
        });
    }
    raw.into()
}

fn label_name(raw: &str) -> Result<String, Refusal> {
    let name = spell(raw, |_| false)?;
    // `le` and `quantile` tell the parts of a histogram and a summary apart; `__` is for Prometheus itself.
    let reserved = ["le", "quantile", OVERFLOW_LABEL];
    if reserved.contains(&name.as_str()) || name.starts_with("__") {
        return Err(Refusal::ReservedLabel);
    }
    Ok(name)
}

fn spell(raw: &str, also: impl Fn(char) -> bool) -> Result<String, Refusal> {
    if raw.is_empty() {
        return Err(Refusal::EmptyName);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || also(c);
    let prefix = if raw.starts_with(|c: char| c.is_ascii_digit()) {
        "_"
    } else {
        ""
    };
    let rest = raw.chars().map(|c| if allowed(c) { c } else { '_' });
    Ok(prefix.chars().chain(rest).collect())
}

/// The label of the series that takes what is past the budget, as the OpenTelemetry specification names it.
pub(crate) const OVERFLOW_LABEL: &str = "otel_metric_overflow";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_with_what_the_format_allows() {
        assert_eq!(
            metric_name("http.server-time:p99"),
            Ok("http_server_time:p99".into())
        );
        assert_eq!(metric_name("2xx"), Ok("_2xx".into()));
        assert_eq!(metric_name("größe"), Ok("gr__e".into()));
        assert_eq!(metric_name(""), Err(Refusal::EmptyName));
    }

    #[test]
    fn labels_are_sorted_and_their_values_escaped() {
        let labels = [("route", "/"), ("method", "a\"b\\c\nd")];
        assert_eq!(
            label_text(labels.into_iter()),
            Ok(r#"method="a\"b\\c\nd",route="/""#.into())
        );
    }

    #[test]
    fn a_label_without_a_value_is_no_label() {
        let labels = [("route", ""), ("method", "GET")];
        assert_eq!(label_text(labels.into_iter()), Ok(r#"method="GET""#.into()));
    }

    #[test]
    fn labels_that_would_break_a_scrape_are_refused() {
        let refused = |labels: &[(&'static str, &'static str)]| label_text(labels.iter().copied());
        assert_eq!(refused(&[("", "x")]), Err(Refusal::EmptyName));
        assert_eq!(refused(&[("le", "1")]), Err(Refusal::ReservedLabel));
        assert_eq!(refused(&[("__name__", "x")]), Err(Refusal::ReservedLabel));
        assert_eq!(
            refused(&[("a.b", "1"), ("a_b", "2")]),
            Err(Refusal::DuplicateLabel)
        );
    }
}
