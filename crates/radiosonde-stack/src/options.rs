//! How a stack is written.

use std::collections::BTreeSet;

use crate::Naming;
use crate::settings::Settings;

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
    /// The team that is told of what belongs to no other. Defaults to none.
    pub team: Option<String>,
    /// The address below which the pages of `runbooks/` can be read. Defaults to `runbooks`: in the tree.
    pub runbooks: String,
    /// The address of Grafana, for links in alerts. Defaults to none, and no links.
    pub grafana: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            naming: Naming::default(),
            target: Target::default(),
            thresholds: Settings::new(),
            unwanted: BTreeSet::new(),
            packs: BTreeSet::new(),
            team: None,
            runbooks: "runbooks".to_owned(),
            grafana: None,
        }
    }
}

/// The Prometheus that reads the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Target {
    /// Version 2.42 and later, and 3: what both understand. Alertmanager from 0.25.
    #[default]
    Prometheus2,
    /// Version 3 alone, with Alertmanager from 0.28.
    Prometheus3,
}
