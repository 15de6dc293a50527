//! What a stack is made from.

use crate::promql::Spelling;
use crate::{Naming, Origin, Tree};

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

    /// Writes the whole tree.
    #[must_use]
    pub fn render(&self) -> Tree {
        Tree::new()
    }
}

/// One service: its name, which is the label `job` of its series, and what its catalogue says.
#[derive(Debug, Clone)]
pub struct Service {
    name: String,
    hash: String,
}

impl Service {
    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what a file about this service is made from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::new([(self.name.clone(), self.hash.clone())])
    }
}

/// What the stack is written for.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// How names are spelled.
    pub naming: Naming,
    /// Which Prometheus reads the files.
    pub target: Target,
}

/// The Prometheus that reads the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Target {
    /// Version 2.42 and later, and 3: what both understand.
    #[default]
    Prometheus2,
    /// Version 3 alone.
    Prometheus3,
}
