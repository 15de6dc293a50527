//! How a stack is written.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use crate::alertmanager::Notifications;
use crate::alerts::packs::PACKS;
use crate::alerts::{CATEGORIES, STACK};
use crate::prometheus::OWN_JOBS;
use crate::settings::Settings;
use crate::stack::is_name;
use crate::{DataSources, InvalidStack, Naming, ScrapeConfig, texts};

/// What the stack is written for, and how.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How names are spelled. Defaults to that of the scrape.
    pub naming: Naming,
    /// Which Prometheus reads the files. Defaults to what versions 2 and 3 understand.
    pub target: Target,
    /// The thresholds of alerts, for all services. Defaults to those of [`SETTINGS`](crate::settings::SETTINGS).
    pub thresholds: Settings,
    /// Names of alerts that are not wanted. Defaults to none.
    pub unwanted: BTreeSet<String>,
    /// Names of packs that are wanted. Defaults to none.
    pub packs: BTreeSet<String>,
    /// Where exporters are scraped, by the name of their job: each a host and a port. Packs about machines and Cassandra ask for jobs
    /// called `node` and `cassandra`, with or without `_exporter`; others ask for any. Defaults to none.
    pub exporters: BTreeMap<String, Vec<String>>,
    /// The team that is told of what belongs to no other. Defaults to none.
    pub team: Option<String>,
    /// The address below which the pages of `runbooks/` can be read. Defaults to `runbooks`: in the tree.
    pub runbooks: String,
    /// How often services are scraped, at least once a minute. Defaults to 15 seconds.
    pub scrape_interval: Duration,
    /// How often rules are evaluated, at least once a minute; of objectives, what may wait is evaluated four times less often.
    /// Defaults to 30 seconds.
    pub evaluation_interval: Duration,
    /// Where Prometheus itself is, for its own scrape: a host and a port. Defaults to `localhost:9090`.
    pub prometheus: String,
    /// Where Alertmanager is, for Prometheus: a host and a port. Defaults to `alertmanager:9093`.
    pub alertmanager: String,
    /// Who is told of what. Defaults to nobody.
    pub notifications: Notifications,
    /// The address of Grafana, for links in alerts. Defaults to none, and no links.
    pub grafana: Option<String>,
    /// Where Grafana finds what the boards show. Defaults to hosts of the names of the programs.
    pub data_sources: DataSources,
}

impl Options {
    /// Checks that everything that is named exists, and that no text is read as more than that.
    pub(crate) fn check(&self) -> Result<(), InvalidStack> {
        let categories = || CATEGORIES.iter().chain(PACKS).chain([&STACK]);
        let is_alert = |name: &&String| {
            let mut alerts = categories().flat_map(|category| category.alerts);
            alerts.any(|alert| alert.name == *name)
        };
        if let Some(name) = self.unwanted.iter().find(|name| !is_alert(name)) {
            return Err(InvalidStack::NoAlert { name: name.clone() });
        }
        let is_pack = |name: &&String| PACKS.iter().any(|pack| pack.name == *name);
        if let Some(name) = self.packs.iter().find(|name| !is_pack(name)) {
            return Err(InvalidStack::NoPack { name: name.clone() });
        }
        for (name, targets) in &self.exporters {
            if !is_name(name) || targets.is_empty() || OWN_JOBS.contains(&name.as_str()) {
                return Err(InvalidStack::Exporter { name: name.clone() });
            }
            ScrapeConfig::new(name, targets.clone())?;
        }
        self.check_intervals()?;
        texts::check_team(self.team.as_ref())?;
        texts::check_addresses(self)?;
        Ok(self.notifications.check(self.target)?)
    }

    /// Rates over five minutes need several values, and what is recorded every fourth evaluation has to be found within the five
    /// minutes for which Prometheus looks back.
    fn check_intervals(&self) -> Result<(), InvalidStack> {
        const LONGEST: Duration = Duration::from_mins(1);
        let intervals = [
            ("scrape_interval", self.scrape_interval),
            ("evaluation_interval", self.evaluation_interval),
        ];
        let is_wrong = |(_, interval): &(_, Duration)| interval.is_zero() || *interval > LONGEST;
        match intervals.into_iter().find(is_wrong) {
            Some((what, interval)) => Err(InvalidStack::Interval { what, interval }),
            None => Ok(()),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            naming: Naming::default(),
            target: Target::default(),
            thresholds: Settings::new(),
            unwanted: BTreeSet::new(),
            packs: BTreeSet::new(),
            exporters: BTreeMap::new(),
            team: None,
            runbooks: "runbooks".to_owned(),
            scrape_interval: Duration::from_secs(15),
            evaluation_interval: Duration::from_secs(30),
            prometheus: "localhost:9090".to_owned(),
            alertmanager: "alertmanager:9093".to_owned(),
            notifications: Notifications::default(),
            grafana: None,
            data_sources: DataSources::default(),
        }
    }
}

/// The Prometheus that reads the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Target {
    /// Version 2.42 and later, and 3: what both understand. Alertmanager from 0.25.
    #[default]
    Prometheus2,
    /// Version 3 alone, with Alertmanager from 0.28.
    Prometheus3,
}
