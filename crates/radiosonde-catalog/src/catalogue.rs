//! What can be known of a service before anything is measured.

use std::collections::{BTreeMap, BTreeSet};

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
    pub(crate) late: BTreeSet<String>,
    buckets: BTreeMap<String, Buckets>,
    pub(crate) objectives: Objectives,
}

/// What the buckets of a histogram are instead of those that it was declared with.
#[derive(Debug, Clone, PartialEq)]
enum Buckets {
    Bounds(Vec<f64>),
    Exponential,
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
            late: BTreeSet::new(),
            buckets: BTreeMap::new(),
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

    /// Sets which metrics were declared after the service had begun to serve, by their names: the
    /// [`hash`](Self::hash) goes on without them, because when they come depends on what is asked of the service.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn with_late<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.late = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the bounds that the histogram of this name has instead of those that it was declared with. What objectives add
    /// comes on top.
    #[must_use]
    pub fn with_bounds(mut self, name: impl Into<String>, bounds: impl Into<Vec<f64>>) -> Self {
        let buckets = Buckets::Bounds(bounds.into());
        self.buckets.insert(name.into(), buckets);
        self
    }

    /// Says that the buckets of the histogram of this name follow its values instead of having bounds: the exponential
    /// histogram of OpenTelemetry, the native histogram of Prometheus.
    #[must_use]
    pub fn with_exponential(mut self, name: impl Into<String>) -> Self {
        self.buckets.insert(name.into(), Buckets::Exponential);
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

    /// Returns the metrics, as they are declared: the bounds that a histogram really has are [`bounds`](Self::bounds).
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// Returns the bounds that a metric really has, with those that objectives add: none when it is no histogram, or its
    /// buckets follow the values.
    #[must_use]
    pub fn bounds(&self, metric: &Metric) -> Vec<f64> {
        let declared = match self.buckets.get(metric.name()) {
            None => metric.bounds(),
            Some(Buckets::Bounds(bounds)) => bounds,
            Some(Buckets::Exponential) => return Vec::new(),
        };
        self.objectives.joined_to(metric.name(), declared)
    }

    /// Tells whether the buckets of a metric follow its values.
    #[must_use]
    pub fn is_exponential(&self, metric: &Metric) -> bool {
        self.buckets.get(metric.name()) == Some(&Buckets::Exponential)
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
