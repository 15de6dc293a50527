//! Where the endpoints are.

use std::collections::BTreeSet;

use crate::endpoints::own_templates;

/// The paths of the endpoints, for those whose orchestrator or scraper asks elsewhere.
///
/// # Examples
///
/// ```
/// use radiosonde_axum::Paths;
///
/// let paths = Paths::new().live("/livez").ready("/readyz").health("/healthz");
/// assert!(paths.check().is_ok());
/// assert!(Paths::new().live("livez").check().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    pub(crate) live: String,
    pub(crate) ready: String,
    pub(crate) health: String,
    pub(crate) metrics: String,
    pub(crate) admin: String,
}

impl Paths {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets where liveness is asked for.
    ///
    /// Defaults to `/live`.
    #[must_use]
    pub fn live(mut self, path: impl Into<String>) -> Self {
        self.live = path.into();
        self
    }

    /// Sets where readiness is asked for.
    ///
    /// Defaults to `/ready`.
    #[must_use]
    pub fn ready(mut self, path: impl Into<String>) -> Self {
        self.ready = path.into();
        self
    }

    /// Sets where health is asked for. Below it are the startup probe, single checks, and twins of the others.
    ///
    /// Defaults to `/health`.
    #[must_use]
    pub fn health(mut self, path: impl Into<String>) -> Self {
        self.health = path.into();
        self
    }

    /// Sets where metrics are scraped.
    ///
    /// Defaults to `/metrics`.
    #[must_use]
    pub fn metrics(mut self, path: impl Into<String>) -> Self {
        self.metrics = path.into();
        self
    }

    /// Sets where administrators are; everything of theirs is below it.
    ///
    /// Defaults to `/admin`.
    #[must_use]
    pub fn admin(mut self, path: impl Into<String>) -> Self {
        self.admin = path.into();
        self
    }

    pub(crate) fn below_admin(&self, name: &str) -> String {
        format!("{}/{name}", self.admin)
    }

    /// Looks whether these paths can stand beside each other.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPath`] for the first one that cannot: a path consists of `/` and names of letters, digits, `-`,
    /// `_`, `.` and `~`, and is neither another one nor a twin.
    pub fn check(&self) -> Result<(), InvalidPath> {
        let all = [
            &self.live,
            &self.ready,
            &self.health,
            &self.metrics,
            &self.admin,
        ];
        for (index, path) in all.into_iter().enumerate() {
            let is_taken = all[..index].contains(&path);
            let below = |parent: &str| {
                let rest = path.strip_prefix(parent);
                rest.is_some_and(|rest| rest.starts_with('/') && !rest[1..].contains('/'))
            };
            // Its twin, or the name of a check.
            if !is_path(path) || is_taken || below(&self.health) {
                return Err(InvalidPath { path: path.clone() });
            }
        }
        // What stands below one of them may be another one.
        let mut taken = BTreeSet::new();
        for path in own_templates(self) {
            if !taken.insert(shape(&path)) {
                return Err(InvalidPath { path });
            }
        }
        Ok(())
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            live: "/live".into(),
            ready: "/ready".into(),
            health: "/health".into(),
            metrics: "/metrics".into(),
            admin: "/admin".into(),
        }
    }
}

/// A path of an endpoint cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{path}` cannot be the path of an endpoint: give each one of its own that is not directly below that of health, such as `/livez`"
)]
#[non_exhaustive]
pub struct InvalidPath {
    /// The path as it was given.
    pub path: String,
}

/// Tells whether a path can stand in a router and in a URL as it is.
fn is_path(path: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_.~".contains(&c);
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(plain);
    let mut parts = path.split('/');
    parts.next() == Some("") && parts.all(is_name) && path.len() > 1
}

/// Tells the same where a name in braces stands for any.
pub(crate) fn is_template(path: &str) -> bool {
    let name = |part: &str| {
        let inner = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        inner.unwrap_or(part).to_owned()
    };
    is_path(&path.split('/').map(name).collect::<Vec<_>>().join("/"))
}

/// Returns a template without the names in its braces: a router takes two of one shape for the same.
pub(crate) fn shape(template: &str) -> String {
    let part = |part: &'_ str| if part.starts_with('{') { "{}" } else { part }.to_owned();
    template.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_a_router_would_panic_about_are_refused() {
        for path in [
            "",
            "/",
            "live",
            "/live/",
            "//live",
            "/{live}",
            "/*live",
            "/live?",
            "/li ve",
            "/lévé",
            "/ready",
            "/health",
            "/health/live",
            "/health/database",
        ] {
            let error = Paths::new().live(path).check().unwrap_err();
            // The one that comes later is named, where two are alike.
            assert!(error.path == path, "{path}: {error}");
        }
        for twice in [
            Paths::new().live("/admin/catalog"),
            Paths::new().health("/admin/catalog"),
            Paths::new().metrics("/admin/out-of-service"),
        ] {
            assert!(twice.check().is_err(), "{twice:?}");
        }
        for path in [
            "/livez",
            "/-/healthy",
            "/a/b/c",
            "/v1.0/~live_",
            "/health/a/b",
        ] {
            assert_eq!(Paths::new().live(path).check(), Ok(()), "{path}");
        }
    }
}
