//! What can be known of a service before anything is measured.

use std::collections::BTreeSet;

use crate::objective::Objectives;
use crate::{METRICS, Metric};

/// The metrics and the objectives of a service, from which its monitoring is made.
///
/// # Examples
///
/// ```
/// use radiosonde_catalog::objective::{Objective, Objectives};
/// use radiosonde_catalog::{Catalogue, METRICS};
///
/// let objectives = Objectives::new([Objective::availability("api", 99.9)]).unwrap();
/// let catalogue = Catalogue::new().with_service("checkout").with_objectives(objectives);
///
/// assert_eq!(catalogue.metrics().len(), METRICS.len());
/// assert!(catalogue.json().contains(r#""target":0.999"#));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    pub(crate) service: Option<String>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) in_use: BTreeSet<String>,
    pub(crate) objectives: Objectives,
}

impl Catalogue {
    /// Starts with every metric of Radiosonde.
    #[must_use]
    pub fn new() -> Self {
        Self::of(METRICS.iter().copied())
    }

    /// Starts with these metrics, in this order.
    #[must_use]
    pub fn of<'a>(metrics: impl IntoIterator<Item = &'a Metric>) -> Self {
        Self {
            service: None,
            metrics: metrics.into_iter().copied().collect(),
            in_use: BTreeSet::new(),
            objectives: Objectives::default(),
        }
    }

    /// Sets the name of the service.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn with_service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Sets which metrics have series now, by their names.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn with_in_use<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.in_use = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the objectives.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn with_objectives(mut self, objectives: Objectives) -> Self {
        self.objectives = objectives;
        self
    }

    /// Returns the metrics, as they are declared: the bounds that objectives add are not among theirs.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// Returns the objectives.
    #[must_use]
    pub fn objectives(&self) -> &Objectives {
        &self.objectives
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self::new()
    }
}
