//! YAML, as far as the files need it: maps in the order written, lists, and scalars that read back as what they are.
//!
//! A library would decide for itself when to quote and where to break lines, and another version of it would rewrite every
//! committed tree. What is written here changes when we change it.

use std::fmt::Write as _;

/// A value of YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Yaml {
    /// A text. Written so that it reads as a text, whatever it says.
    Text(String),
    /// A number, a truth value or a word that is known to need no quotes.
    Plain(String),
    List(Vec<Yaml>),
    /// A list on one line.
    Row(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    /// Makes a map without entries.
    pub(crate) fn map() -> Self {
        Self::Map(Vec::new())
    }

    /// Adds an entry to a map.
    pub(crate) fn with(mut self, key: impl Into<String>, value: impl Into<Self>) -> Self {
        if let Self::Map(entries) = &mut self {
            entries.push((key.into(), value.into()));
        }
        self
    }

    /// Adds an entry to a map when there is a value.
    pub(crate) fn with_some(self, key: &str, value: Option<impl Into<Self>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Makes a list.
    pub(crate) fn list(items: impl IntoIterator<Item = impl Into<Self>>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    /// Makes a list that is written on one line. Its items are scalars.
    pub(crate) fn row(items: impl IntoIterator<Item = impl Into<Self>>) -> Self {
        Self::Row(items.into_iter().map(Into::into).collect())
    }

    /// Writes the value as a document.
    pub(crate) fn document(&self) -> String {
        let mut out = String::new();
        match self {
            Self::Map(entries) if !entries.is_empty() => map(entries, 0, &mut out),
            Self::List(items) if !items.is_empty() => list(items, 0, &mut out),
            scalar => {
                out.push_str(&inline(scalar, 0));
                out.push('\n');
            }
        }
        out
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Yaml {
    fn from(value: bool) -> Self {
        Self::Plain(value.to_string())
    }
}

impl From<f64> for Yaml {
    /// Without an exponent, so that every reader takes it for a number.
    fn from(value: f64) -> Self {
        Self::Plain(value.to_string())
    }
}

fn map(entries: &[(String, Yaml)], depth: usize, out: &mut String) {
    for (index, (key, value)) in entries.iter().enumerate() {
        // The first entry of a map in a list stands behind the dash.
        if index > 0 || !out.ends_with("- ") {
            indent(depth, out);
        }
        out.push_str(&text(key, depth));
        out.push(':');
        member(value, depth, out);
    }
}

fn list(items: &[Yaml], depth: usize, out: &mut String) {
    for item in items {
        indent(depth, out);
        out.push_str("- ");
        match item {
            Yaml::Map(entries) if !entries.is_empty() => map(entries, depth + 1, out),
            item => {
                out.push_str(&inline(item, depth + 1));
                out.push('\n');
            }
        }
    }
}

/// Writes a value behind its key.
fn member(value: &Yaml, depth: usize, out: &mut String) {
    match value {
        Yaml::Map(entries) if !entries.is_empty() => {
            out.push('\n');
            map(entries, depth + 1, out);
        }
        Yaml::List(items) if !items.is_empty() => {
            out.push('\n');
            list(items, depth + 1, out);
        }
        scalar => {
            out.push(' ');
            out.push_str(&inline(scalar, depth + 1));
            out.push('\n');
        }
    }
}

/// Writes a value on the line where it stands; a text of several lines goes on below it.
fn inline(value: &Yaml, depth: usize) -> String {
    match value {
        Yaml::Text(value) => text(value, depth),
        Yaml::Plain(value) => value.clone(),
        Yaml::List(items) | Yaml::Row(items) => {
            let items: Vec<_> = items.iter().map(|item| in_row(item, depth)).collect();
            format!("[{}]", items.join(", "))
        }
        Yaml::Map(_) => "{}".to_owned(),
    }
}

/// Writes an item of a list on one line, where commas and brackets mean something.
fn in_row(value: &Yaml, depth: usize) -> String {
    match value {
        Yaml::Text(value) if !is_plain(value) || value.contains(',') => quoted(value),
        value => inline(value, depth),
    }
}

fn text(value: &str, depth: usize) -> String {
    let is_printable = |c: char| !c.is_control() && c != '\u{feff}';
    let lines = value.trim_end_matches('\n');
    if is_plain(value) {
        value.to_owned()
    } else if lines.contains('\n')
        && value.len() - lines.len() <= 1
        && value.split('\n').all(|line| line.chars().all(is_printable))
        && !value.starts_with([' ', '\n'])
    {
        block(lines, value.ends_with('\n'), depth)
    } else if value.chars().all(is_printable) {
        format!("'{}'", value.replace('\'', "''"))
    } else {
        quoted(value)
    }
}

fn block(lines: &str, ends: bool, depth: usize) -> String {
    let mut out = String::from(if ends { "|" } else { "|-" });
    for line in lines.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(depth, &mut out);
            out.push_str(line);
        }
    }
    out
}

/// Writes a text in double quotes, in which everything can be said.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c if c.is_control() || c == '\u{feff}' => {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Tells whether a text needs no quotes: it starts with a letter or a slash, and nothing in it, nor the whole, means
/// anything else.
fn is_plain(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let rest = |c: char| c.is_ascii_alphanumeric() || " _./-%+()=<>,".contains(c);
    let word = text.to_ascii_lowercase();
    first && text.chars().all(rest) && !text.ends_with(' ') && !RESERVED.contains(&word.as_str())
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// What some version of YAML takes for a truth value or for nothing.
const RESERVED: [&str; 10] = [
    "true", "false", "yes", "no", "on", "off", "y", "n", "null", "inf",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_keep_their_order_and_lists_stand_below_their_key() {
        let yaml = Yaml::map()
            .with("b", "text")
            .with(
                "a",
                Yaml::list([
                    Yaml::map()
                        .with("x", true)
                        .with("z", Yaml::row(["p", "q r", "s,t"])),
                    Yaml::from("last"),
                ]),
            )
            .with("none", Yaml::map())
            .with("few", 0.000_000_1);
        let expected = "b: text\na:\n  - x: true\n    z: [p, q r, \"s,t\"]\n  - last\nnone: {}\nfew: 0.0000001\n";
        assert_eq!(yaml.document(), expected);
    }

    #[test]
    fn a_text_reads_as_a_text() {
        let written = |text: &str| Yaml::from(text).document();
        for (text, expected) in [
            ("up", "up\n"),
            ("a/b.yml", "a/b.yml\n"),
            ("", "''\n"),
            ("yes", "'yes'\n"),
            ("5m", "'5m'\n"),
            ("it's", "'it''s'\n"),
            ("a: b", "'a: b'\n"),
            ("{{ x }} # y", "'{{ x }} # y'\n"),
            ("tab\tand\u{1b}", "\"tab\\u0009and\\u001b\"\n"),
        ] {
            assert_eq!(written(text), expected);
        }
    }

    #[test]
    fn lines_stand_below_each_other() {
        let yaml = Yaml::list([Yaml::map()
            .with("expr", "a\n  / b")
            .with("text", "a\n\nb\n")]);
        let expected = "- expr: |-\n    a\n      / b\n  text: |\n    a\n\n    b\n";
        assert_eq!(yaml.document(), expected);
    }

    #[test]
    fn what_cannot_stand_as_lines_is_escaped() {
        assert_eq!(Yaml::from(" a\nb").document(), "\" a\\nb\"\n");
        assert_eq!(Yaml::from("a\nb\n\n").document(), "\"a\\nb\\n\\n\"\n");
    }
}
