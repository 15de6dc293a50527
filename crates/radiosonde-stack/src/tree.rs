//! The files of a stack.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Manifest;

/// A set of text files, by their paths below one directory.
///
/// The same stack always makes the same tree, byte for byte, so that a difference is a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Makes a tree without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file under its path, with `/` between directories, and with a header that says what it was made from.
    ///
    /// The header is a comment of the kind that goes with the extension of the path: `yml`, `sh`, `md` or `tmpl`. JSON has
    /// none: who writes it puts [`Origin::mark`] where its reader keeps a text.
    pub fn add(&mut self, path: impl Into<String>, origin: &Origin, text: &str) {
        let path = path.into();
        let text = match Comment::of(&path) {
            Some(comment) => format!("{}{text}", origin.header(comment)),
            None => text.to_owned(),
        };
        self.files.insert(path, text);
    }

    /// Returns the text of a file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Returns what the tree says of itself, once it is complete.
    #[must_use]
    pub fn manifest(&self) -> Option<Manifest> {
        Manifest::read(self.get(Manifest::PATH)?).ok()
    }

    /// Returns the files, path and text, in the order of their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter();
        files.map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

/// What a file was made from: the hash of the catalogue of each service that it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    catalogues: Vec<(String, String)>,
}

impl Origin {
    /// Names services, each with the hash of its catalogue.
    pub(crate) fn new(catalogues: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            catalogues: catalogues.into_iter().collect(),
        }
    }

    /// Returns the origin on one line, for files that have no comments: `catalogue checkout 0123456789abcdef`.
    #[must_use]
    pub fn mark(&self) -> String {
        let each = self.catalogues.iter();
        let each: Vec<_> = each
            .map(|(service, hash)| format!("catalogue {service} {hash}"))
            .collect();
        each.join(", ")
    }

    fn header(&self, comment: Comment) -> String {
        let (before, after) = comment.marks();
        let mut header = format!(
            "{before}Written by `radiosonde stack`; a change here is overwritten.{after}\n"
        );
        for (service, hash) in &self.catalogues {
            // Writing to a `String` cannot fail.
            let _ = writeln!(header, "{before}Catalogue of {service}: {hash}{after}");
        }
        header.push('\n');
        header
    }
}

/// How a format writes what its reader skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comment {
    Hash,
    Html,
    GoTemplate,
}

impl Comment {
    fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "yml" | "sh" => Some(Self::Hash),
            "md" => Some(Self::Html),
            "tmpl" => Some(Self::GoTemplate),
            _ => None,
        }
    }

    fn marks(self) -> (&'static str, &'static str) {
        match self {
            Self::Hash => ("# ", ""),
            Self::Html => ("<!-- ", " -->"),
            Self::GoTemplate => ("{{/* ", " */}}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin::new([("checkout".to_owned(), "0123456789abcdef".to_owned())])
    }

    #[test]
    fn every_format_with_comments_says_where_it_comes_from() {
        let mut tree = Tree::new();
        for path in ["a.yml", "a.sh", "a.md", "a.tmpl"] {
            tree.add(path, &origin(), "text\n");
            let text = tree.get(path).unwrap();
            assert!(
                text.contains("Catalogue of checkout: 0123456789abcdef"),
                "{text}"
            );
            assert!(text.ends_with("\n\ntext\n"), "{text}");
        }
    }

    #[test]
    fn json_stays_as_it_is_written() {
        let mut tree = Tree::new();
        tree.add("a.json", &origin(), "{}\n");
        assert_eq!(tree.get("a.json"), Some("{}\n"));
    }
}
