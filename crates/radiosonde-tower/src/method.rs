//! Which methods have a name of their own in labels.

use http::Method;

/// The value of the label `method` for what is not known, as the semantic conventions have it.
pub(crate) const OTHER: &str = "_OTHER";

/// The methods of RFC 9110, and `PATCH`: those that the semantic conventions know.
pub(crate) const KNOWN: [&str; 9] = [
    "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE",
];

/// The known methods, by index; one more index stands for all others.
#[derive(Debug)]
pub(crate) struct Methods(Vec<&'static str>);

impl Methods {
    /// Knows these, and no others. The comparison respects case.
    pub(crate) fn new(known: impl IntoIterator<Item = &'static str>) -> Self {
        Self(known.into_iter().chain([OTHER]).collect())
    }

    pub(crate) fn index(&self, method: &Method) -> usize {
        let known = &self.0[..self.0.len() - 1];
        let found = known.iter().position(|name| *name == method.as_str());
        found.unwrap_or(known.len())
    }

    pub(crate) fn label(&self, index: usize) -> &'static str {
        self.0.get(index).copied().unwrap_or(OTHER)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(methods: &Methods, method: &str) -> &'static str {
        methods.label(methods.index(&method.parse().unwrap()))
    }

    #[test]
    fn an_unknown_method_has_no_name() {
        let methods = Methods::new(KNOWN);
        assert_eq!(label(&methods, "PATCH"), "PATCH");
        assert_eq!(label(&methods, "get"), OTHER);
        assert_eq!(label(&methods, "BREW"), OTHER);
    }

    #[test]
    fn a_list_of_ones_own_replaces_the_known_methods() {
        let methods = Methods::new(["BREW"]);
        assert_eq!(label(&methods, "BREW"), "BREW");
        assert_eq!(label(&methods, "GET"), OTHER);
    }
}
