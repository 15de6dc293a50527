//! What the service says about itself.

/// The name of the service and, if known, its version and environment, as `/health` shows them.
///
/// # Examples
///
/// ```
/// use radiosonde_axum::ServiceInfo;
///
/// let service = ServiceInfo::new("checkout").version("1.4.2").environment("production");
/// # assert!(format!("{service:?}").contains("1.4.2"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceInfo {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) environment: Option<String>,
}

impl ServiceInfo {
    /// Names the service.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: None,
            environment: None,
        }
    }

    /// Sets the version.
    ///
    /// Defaults to none, which `/health` leaves out.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets the environment that the service is deployed to, such as `production`.
    ///
    /// Defaults to none, which `/health` leaves out.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }
}
