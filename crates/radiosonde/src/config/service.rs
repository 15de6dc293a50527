//! Who is instrumented.

/// A service: its name, and its version where the code knows it.
///
/// Made from a name, or by [`service!`](crate::service).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
}

impl Service {
    /// Names a service.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: None,
        }
    }

    /// Sets the version.
    ///
    /// Defaults to `service.version` in `OTEL_RESOURCE_ATTRIBUTES`, else to nothing.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }
}

impl From<&str> for Service {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Service {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// Returns the [`Service`](crate::Service) that has the name and the version of the calling crate.
///
/// # Examples
///
/// ```
/// let config = radiosonde::Config::new(radiosonde::service!());
/// ```
#[macro_export]
macro_rules! service {
    () => {
        $crate::Service::new(env!("CARGO_PKG_NAME")).version(env!("CARGO_PKG_VERSION"))
    };
}
