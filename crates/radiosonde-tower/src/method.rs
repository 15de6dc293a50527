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
pub(crate) struct Methods {
    labels: Vec<&'static str>,
    /// The indices of `GET` and `POST`, which nearly all requests are.
    usual: [usize; 2],
}

impl Methods {
    /// Knows these, and no others. The comparison respects case.
    pub(crate) fn new(known: impl IntoIterator<Item = &'static str>) -> Self {
        let mut methods = Self {
            labels: known.into_iter().chain([OTHER]).collect(),
            usual: [0; 2],
        };
        methods.usual = [Method::GET, Method::POST].map(|method| methods.find(&method));
        methods
    }

    pub(crate) fn index(&self, method: &Method) -> usize {
        match *method {
            Method::GET => self.usual[0],
            Method::POST => self.usual[1],
            _ => self.find(method),
        }
    }

    fn find(&self, method: &Method) -> usize {
        let known = &self.labels[..self.labels.len() - 1];
        let found = known.iter().position(|name| *name == method.as_str());
        found.unwrap_or(known.len())
    }

    pub(crate) fn label(&self, index: usize) -> &'static str {
        self.labels.get(index).copied().unwrap_or(OTHER)
    }

    pub(crate) fn len(&self) -> usize {
        self.labels.len()
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
