//! What a stack is made from.

use crate::prometheus::Bearing;
use crate::promql::Spelling;
use crate::settings::Settings;
use crate::{Options, Origin, Tree, prometheus};

/// The services to be monitored, and how.
#[derive(Debug, Clone)]
pub struct Stack {
    services: Vec<Service>,
    options: Options,
}

impl Stack {
    /// Takes these services.
    #[must_use]
    pub fn new(services: impl IntoIterator<Item = Service>, options: Options) -> Self {
        Self {
            services: services.into_iter().collect(),
            options,
        }
    }

    /// Returns the services, in the order given.
    #[must_use]
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Returns the options.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Returns what a file about all services is made from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        let each = self.services.iter();
        Origin::new(each.map(|service| (service.name.clone(), service.hash.clone())))
    }

    /// Returns how expressions about one service are spelled: with `job` of its name.
    #[must_use]
    pub fn spelling(&self, service: &Service) -> Spelling {
        Spelling::new(self.options.naming).matchers(format!("job=\"{}\"", service.name))
    }

    /// Returns the thresholds of a service.
    #[must_use]
    pub fn thresholds(&self, service: &Service) -> Settings {
        let settings = self.options.thresholds.clone();
        settings.overridden_by(&service.thresholds)
    }

    /// Writes the whole tree.
    #[must_use]
    pub fn render(&self) -> Tree {
        let mut tree = Tree::new();
        prometheus::write(self, &mut tree);
        tree
    }

    /// Returns whose alerts those about a service, or about none, are.
    pub(crate) fn bearing(&self, service: Option<&Service>) -> Bearing {
        let board = |grafana: &String| match service {
            Some(service) => format!("{grafana}/d/radiosonde-{0}", service.name),
            None => format!("{grafana}/d/radiosonde-overview"),
        };
        Bearing {
            service: service.map(|service| service.name.clone()),
            team: service.map_or(self.options.team.clone(), |service| {
                service.team.clone().or(self.options.team.clone())
            }),
            runbooks: self.options.runbooks.clone(),
            dashboard: self.options.grafana.as_ref().map(board),
        }
    }
}

/// One service: its name, which is the label `job` of its series, and what its catalogue says.
#[derive(Debug, Clone)]
pub struct Service {
    name: String,
    hash: String,
    team: Option<String>,
    thresholds: Settings,
}

impl Service {
    /// Names a service.
    #[must_use]
    pub fn new(name: impl Into<String>, hash: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            hash: hash.into(),
            team: None,
            thresholds: Settings::new(),
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the hash of its catalogue.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Returns what a file about this service is made from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::new([(self.name.clone(), self.hash.clone())])
    }
}
