//! One line, read from its start.

use super::Format;
use super::family::{Exemplar, Labels, Sample};

/// What is left of a line.
#[derive(Debug)]
pub(super) struct Line<'a>(pub(super) &'a str);

impl<'a> Line<'a> {
    /// Reads a whole line with a value.
    pub(super) fn sample(mut self, format: Format) -> Result<Sample, String> {
        let name = self.name(":")?.to_owned();
        let labels = if self.skip("{") {
            self.labels()?
        } else {
            Labels::new()
        };
        self.expect(" ")?;
        let value = number(self.word(), format)?;
        let exemplar = if format == Format::OpenMetrics && self.skip(" # {") {
            Some(self.exemplar()?)
        } else {
            None
        };
        self.end()?;
        Ok(Sample {
            name,
            labels,
            value,
            exemplar,
        })
    }

    /// Reads up to the next space, or to the end.
    pub(super) fn word(&mut self) -> &'a str {
        let end = self.0.find(' ').unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word
    }

    pub(super) fn skip(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    pub(super) fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.skip(text) {
            Ok(())
        } else {
            Err(format!("no `{text}` before `{}`", self.0))
        }
    }

    pub(super) fn end(&self) -> Result<(), String> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(format!("`{}` after the end", self.0))
        }
    }

    /// Reads a name of letters, digits, `_` and what is `also` allowed.
    pub(super) fn name(&mut self, also: &str) -> Result<&'a str, String> {
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || also.contains(c);
        let end = self.0.find(|c| !in_name(c)).unwrap_or(self.0.len());
        let (name, rest) = self.0.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("no name before `{}`", self.0));
        }
        self.0 = rest;
        Ok(name)
    }

    /// Reads labels, and the brace that closes them.
    fn labels(&mut self) -> Result<Labels, String> {
        let mut labels = Labels::new();
        loop {
            let name = self.name("")?;
            self.expect("=\"")?;
            let value = self.quoted()?;
            if labels.insert(name.to_owned(), value).is_some() {
                return Err(format!("label `{name}` twice"));
            }
            if self.skip("}") {
                return Ok(labels);
            }
            self.expect(",")?;
        }
    }

    /// Reads up to a double quote, which is taken, too.
    fn quoted(&mut self) -> Result<String, String> {
        let mut escaped = false;
        let end = self.0.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let (value, rest) = self.0.split_at(end.ok_or("a value that is not closed")?);
        self.0 = &rest[1..];
        unescaped(value, true)
    }

    fn exemplar(&mut self) -> Result<Exemplar, String> {
        let labels = if self.skip("}") {
            Labels::new()
        } else {
            self.labels()?
        };
        let length = labels
            .iter()
            .map(|(name, value)| name.chars().count() + value.chars().count());
        if length.sum::<usize>() > 128 {
            return Err("an exemplar of more than 128 characters".to_owned());
        }
        self.expect(" ")?;
        let value = number(self.word(), Format::OpenMetrics)?;
        let time = if self.skip(" ") {
            Some(number(self.word(), Format::OpenMetrics)?)
        } else {
            None
        };
        Ok(Exemplar {
            labels,
            value,
            time,
        })
    }
}

/// Takes the escapes out of a value or a description, in which a quote is escaped or not.
pub(super) fn unescaped(text: &str, quotes: bool) -> Result<String, String> {
    let mut chars = text.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('\\') => '\\',
                Some('"') if quotes => '"',
                other => return Err(format!("escape {other:?} in `{text}`")),
            },
            '"' if quotes => return Err(format!("quote in `{text}`")),
            c => c,
        });
    }
    Ok(plain)
}

/// Reads a value. The text format takes what Go takes, `inf` among it, and OpenMetrics one spelling.
fn number(text: &str, format: Format) -> Result<f64, String> {
    let is_word = text
        .trim_start_matches(['+', '-'])
        .starts_with(|c: char| c.is_ascii_alphabetic());
    let is_known = ["+Inf", "-Inf", "NaN"].contains(&text);
    if format == Format::OpenMetrics && is_word && !is_known {
        return Err(format!("number `{text}`"));
    }
    text.parse()
        .map_err(|error| format!("number `{text}`: {error}"))
}
