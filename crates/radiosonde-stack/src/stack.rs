//! What a stack is made from.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::alertmanager::{self, InvalidNotifications};
use crate::alerts::{DeclaredAlert, InvalidAlert};
use crate::gaps::{Gaps, natives};
use crate::prometheus::{self, AlertRule, Bearing};
use crate::promql::Spelling;
use crate::settings::{InvalidSetting, Settings};
use crate::{
    InvalidScrapeConfig, Manifest, Options, Origin, ScrapeConfig, ServiceCatalogue, Tree, grafana,
    readme, runbooks, texts, warnings,
};

/// The services to be monitored, and how.
#[derive(Debug, Clone)]
pub struct Stack {
    services: Vec<Service>,
    options: Options,
}

impl Stack {
    /// Takes these services.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidStack`] when there are none, when two have the same name, when a name or an address of one, or one of
    /// the options, is none, and when a threshold that was set makes no sense.
    pub fn new(
        services: impl IntoIterator<Item = Service>,
        options: Options,
    ) -> Result<Self, InvalidStack> {
        let services: Vec<_> = services.into_iter().collect();
        if services.is_empty() {
            return Err(InvalidStack::NoServices);
        }
        let mut names = BTreeSet::new();
        let mut alerts = BTreeSet::new();
        for service in &services {
            let name = || service.name.clone();
            if !is_name(&service.name) {
                return Err(InvalidStack::Name { name: name() });
            }
            if !names.insert(&service.name) {
                return Err(InvalidStack::SameName { name: name() });
            }
            service.scrape(options.scrape_interval)?;
            texts::check_team(service.team.as_ref())?;
            for (alert, declared) in &service.alerts {
                declared.check(alert, &service.catalogue, options.target)?;
                if !alerts.insert(alert) {
                    let alert = alert.clone();
                    return Err(InvalidAlert::Taken { alert }.into());
                }
            }
        }
        options.check()?;
        if let Some(name) = options.exporters.keys().find(|name| names.contains(name)) {
            return Err(InvalidStack::Exporter { name: name.clone() });
        }
        let stack = Self { services, options };
        stack.check_thresholds()?;
        Ok(stack)
    }

    /// A threshold that somebody has set, and that a histogram cannot decide, would be an alert that says nothing.
    fn check_thresholds(&self) -> Result<(), InvalidStack> {
        self.options.thresholds.check()?;
        for service in &self.services {
            let settings = self.thresholds(service);
            let order = settings.check();
            order.map_err(|source| InvalidStack::ThresholdOf {
                service: service.name.clone(),
                source,
            })?;
            let gaps = self.gaps(service);
            let mut undecided = gaps.undecided.iter();
            let set = undecided.find(|gap| settings.is_set(gap.percentile.threshold));
            if let Some(gap) = set {
                let (least, most) = gap.decides;
                return Err(InvalidStack::Undecided {
                    service: service.name.clone(),
                    alert: gap.alert,
                    threshold: gap.percentile.threshold,
                    value: gap.limit,
                    histogram: gap.percentile.histogram.name(),
                    least,
                    most,
                });
            }
        }
        Ok(())
    }

    /// Returns what the histograms of a service cannot tell.
    pub(crate) fn gaps(&self, service: &Service) -> Gaps {
        Gaps::of(service, &self.thresholds(service), &self.options)
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
        Origin::new(each.map(|service| (service.name.clone(), service.hash().to_owned())))
    }

    /// Returns how expressions about one service are spelled: with `job` of its name, and its histograms as they are kept.
    #[must_use]
    pub fn spelling(&self, service: &Service) -> Spelling {
        let spelling = Spelling::new(self.options.naming);
        spelling
            .matchers(format!("job=\"{}\"", service.name))
            .natives(natives(service).map(|metric| metric.name.clone()))
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
        grafana::write(self, &mut tree);
        alertmanager::write(self, &mut tree);
        runbooks::write(self, &mut tree);
        readme::write(self, &mut tree);
        let manifest = Manifest::of(self, &tree);
        tree.add(Manifest::PATH, &self.origin(), &manifest.json());
        tree
    }

    /// Returns what whoever writes the tree should know: who is told of nothing, tiers of objectives that were changed or left
    /// out to make sense, and how many requests they need to mean anything.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        warnings::of(self)
    }

    /// Returns the stack with other options.
    #[cfg(feature = "cli")]
    pub(crate) fn adapted(
        mut self,
        adapt: impl FnOnce(&mut Options),
    ) -> Result<Self, InvalidStack> {
        adapt(&mut self.options);
        Self::new(self.services, self.options)
    }

    /// Returns every alert.
    pub(crate) fn alerts(&self) -> Vec<AlertRule> {
        prometheus::alerts(self)
    }

    /// Returns whose alerts those about a service, or about none, are.
    pub(crate) fn bearing(&self, service: Option<&Service>) -> Bearing {
        let board = |grafana: &String| format!("{grafana}{}", grafana::board_path(service));
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
    catalogue: ServiceCatalogue,
    targets: Vec<String>,
    token_file: Option<String>,
    team: Option<String>,
    thresholds: Settings,
    alerts: BTreeMap<String, DeclaredAlert>,
}

impl Service {
    /// Names a service and says what it measures and promises.
    #[must_use]
    pub fn new(name: impl Into<String>, catalogue: ServiceCatalogue) -> Self {
        Self {
            name: name.into(),
            catalogue,
            targets: Vec::new(),
            token_file: None,
            team: None,
            thresholds: Settings::new(),
            alerts: BTreeMap::new(),
        }
    }

    /// Sets where its instances are scraped, each a host and a port.
    ///
    /// Defaults to port 8080 of the host that is called as the service is.
    #[must_use]
    pub fn with_targets<T: Into<String>>(mut self, targets: impl IntoIterator<Item = T>) -> Self {
        self.targets = targets.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the file of the token with which it is scraped, as in [`ScrapeConfig::token_file`].
    ///
    /// Defaults to none.
    #[must_use]
    pub fn with_token_file(mut self, path: impl Into<String>) -> Self {
        self.token_file = Some(path.into());
        self
    }

    /// Returns the service, scraped at one address, and with the token of this file or with none, whatever was set.
    #[cfg(feature = "cli")]
    pub(crate) fn scraped_at(mut self, address: String, token_file: Option<&str>) -> Self {
        self.targets = vec![address];
        self.token_file = token_file.map(str::to_owned);
        self
    }

    /// Sets who is told: the label `team` of its alerts.
    ///
    /// Defaults to the team of the [`Options`].
    #[must_use]
    pub fn with_team(mut self, team: impl Into<String>) -> Self {
        self.team = Some(team.into());
        self
    }

    /// Sets thresholds for this service.
    ///
    /// Defaults to those of the [`Options`].
    #[must_use]
    pub fn with_thresholds(mut self, thresholds: Settings) -> Self {
        self.thresholds = thresholds;
        self
    }

    /// Sets alerts about its own metrics, by name. The names are those of pages, so no two services have one of the same.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn with_alerts(mut self, alerts: BTreeMap<String, DeclaredAlert>) -> Self {
        self.alerts = alerts;
        self
    }

    /// Returns the alerts about its own metrics.
    #[must_use]
    pub fn alerts(&self) -> &BTreeMap<String, DeclaredAlert> {
        &self.alerts
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it measures and promises.
    #[must_use]
    pub fn catalogue(&self) -> &ServiceCatalogue {
        &self.catalogue
    }

    /// Returns the hash of its catalogue.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.catalogue.hash
    }

    /// Returns where its instances are scraped.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        if self.targets.is_empty() {
            return vec![format!("{}:8080", self.name)];
        }
        self.targets.clone()
    }

    /// Returns how it is scraped.
    pub(crate) fn scrape(&self, interval: Duration) -> Result<ScrapeConfig, InvalidScrapeConfig> {
        let scrape = ScrapeConfig::new(self.name.clone(), self.targets())?.interval(interval);
        Ok(match &self.token_file {
            Some(path) => scrape.token_file(path),
            None => scrape,
        })
    }

    /// Returns what a file about this service is made from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::new([(self.name.clone(), self.hash().to_owned())])
    }
}

/// Why no stack can be made of something.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidStack {
    /// There is no service.
    #[error(
        "there is no service to monitor: name one, such as with `--from http://127.0.0.1:8080`"
    )]
    NoServices,
    /// A name that cannot be one of a directory and a label.
    #[error("`{}` is no name of a service: take letters, digits, `-`, `_` and `.`, and a letter first", .name.escape_debug())]
    #[non_exhaustive]
    Name {
        /// The name.
        name: String,
    },
    /// Two services of one name.
    #[error(
        "two services are called `{name}`: their series could not be told apart, so rename one"
    )]
    #[non_exhaustive]
    SameName {
        /// The name.
        name: String,
    },
    /// An address of a service is none.
    #[error(transparent)]
    Scrape(#[from] InvalidScrapeConfig),
    /// An interval in which rates or records would have holes.
    #[error(
        "`{what}` cannot be {}: give at most a minute, or what is recorded would have holes",
        crate::duration::written(*.interval)
    )]
    #[non_exhaustive]
    Interval {
        /// Which one.
        what: &'static str,
        /// How long it was to be.
        interval: Duration,
    },
    /// A team that is none.
    #[error("the team `{}` is none: give a name of letters, digits, `-` and `_`, such as `checkout`", .team.escape_debug())]
    #[non_exhaustive]
    Team {
        /// The team.
        team: String,
    },
    /// An address that others would read as something else.
    #[error(
        "`{what}` is `{}`, which is no address: take spaces, quotes, braces and `$` out of it, or write them with `%`",
        .value.escape_debug()
    )]
    #[non_exhaustive]
    Address {
        /// What it is in the settings.
        what: &'static str,
        /// What it is.
        value: String,
    },
    /// An alert that does not exist is not wanted.
    #[error("there is no alert `{name}` to leave out: `radiosonde stack alerts` lists them")]
    #[non_exhaustive]
    NoAlert {
        /// The name.
        name: String,
    },
    /// A pack that does not exist is wanted.
    #[error(
        "there is no pack `{name}`: there are `node`, `redis`, `postgres`, `cassandra` and `kubernetes`"
    )]
    #[non_exhaustive]
    NoPack {
        /// The name.
        name: String,
    },
    /// An exporter that cannot be a job of its own.
    #[error(
        "the exporter `{}` is no job of its own: give it `targets`, and a name of letters, digits, `-`, `_` and `.` that no service, \
         `prometheus` or `alertmanager` has",
        .name.escape_debug()
    )]
    #[non_exhaustive]
    Exporter {
        /// The name.
        name: String,
    },
    /// Thresholds that do not go together.
    #[error(transparent)]
    Threshold(#[from] InvalidSetting),
    /// Thresholds of a service that do not go together.
    #[error("of {service}")]
    #[non_exhaustive]
    ThresholdOf {
        /// The service.
        service: String,
        /// What is wrong with them.
        source: InvalidSetting,
    },
    /// A threshold that was set, and that the bounds of the histogram cannot decide.
    #[error(
        "`{alert}` of {service} would say nothing: the threshold `{threshold}` is {value}, and the bounds of `{histogram}` decide \
         from {least} to below {most}; set one between them, give the histogram other bounds, or name the alert in `unwanted`"
    )]
    #[non_exhaustive]
    Undecided {
        /// The service.
        service: String,
        /// The alert.
        alert: &'static str,
        /// The threshold.
        threshold: &'static str,
        /// What it was set to.
        value: f64,
        /// The histogram.
        histogram: &'static str,
        /// The least that its bounds decide.
        least: f64,
        /// From where on they do not.
        most: f64,
    },
    /// An alert about a metric of a service cannot be.
    #[error(transparent)]
    DeclaredAlert(#[from] InvalidAlert),
    /// Receivers or routes are wrong.
    #[error(transparent)]
    Notifications(#[from] InvalidNotifications),
}

/// Tells whether something can be called so.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 100
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}
