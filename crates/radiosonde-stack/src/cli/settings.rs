//! The file of settings, `stack.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Deserializer};

use crate::alertmanager::Notifications;
use crate::alerts::DeclaredAlert;
use crate::settings::{InvalidSetting, Settings};
use crate::{DataSources, Naming, Options, Service, Target};

/// What the file says. Everything in it is optional, and nothing else may be in it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SettingsFile {
    target: Option<Target>,
    naming: Option<Naming>,
    team: Option<String>,
    runbooks: Option<String>,
    grafana: Option<String>,
    data_sources: DataSources,
    prometheus: Option<String>,
    alertmanager: Option<String>,
    scrape_interval: Option<Time>,
    evaluation_interval: Option<Time>,
    packs: BTreeSet<String>,
    exporters: BTreeMap<String, ExporterSettings>,
    unwanted: BTreeSet<String>,
    thresholds: BTreeMap<String, f64>,
    holds: BTreeMap<String, Time>,
    services: BTreeMap<String, ServiceSettings>,
    notifications: Notifications,
}

/// What it says of one exporter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExporterSettings {
    targets: Vec<String>,
}

/// What it says of one service.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ServiceSettings {
    targets: Vec<String>,
    token_file: Option<String>,
    team: Option<String>,
    thresholds: BTreeMap<String, f64>,
    holds: BTreeMap<String, Time>,
    alerts: BTreeMap<String, DeclaredAlert>,
}

impl SettingsFile {
    /// Reads the file. One that is not there says nothing, unless it `has_to_be`.
    pub(super) fn read(path: &Path, has_to_be: bool) -> Result<Self, Box<dyn Error>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !has_to_be => {
                return Ok(Self::default());
            }
            Err(error) => return Err(format!("no access to `{}`: {error}", path.display()).into()),
        };
        let wrong = |error| format!("`{}` is wrong: {error}", path.display());
        Ok(toml::from_str(&text).map_err(wrong)?)
    }

    /// Returns what it says of the stack.
    pub(super) fn options(&self) -> Result<Options, InvalidSetting> {
        let mut options = Options::default();
        set(&mut options.target, self.target);
        set(&mut options.naming, self.naming);
        set(&mut options.runbooks, self.runbooks.clone());
        set(&mut options.prometheus, self.prometheus.clone());
        set(&mut options.alertmanager, self.alertmanager.clone());
        let duration = |time: Option<Time>| time.map(|Time(duration)| duration);
        let [scrapes, evaluations] = [self.scrape_interval, self.evaluation_interval].map(duration);
        set(&mut options.scrape_interval, scrapes);
        set(&mut options.evaluation_interval, evaluations);
        options.team.clone_from(&self.team);
        options.grafana.clone_from(&self.grafana);
        options.data_sources.clone_from(&self.data_sources);
        options.packs.clone_from(&self.packs);
        let exporters = self.exporters.iter();
        options.exporters = exporters
            .map(|(name, exporter)| (name.clone(), exporter.targets.clone()))
            .collect();
        options.unwanted.clone_from(&self.unwanted);
        options.notifications.clone_from(&self.notifications);
        options.thresholds = thresholds(&self.thresholds, &self.holds)?;
        Ok(options)
    }

    /// Adds what it says of a service.
    pub(super) fn service(&self, service: Service) -> Result<Service, InvalidSetting> {
        let Some(settings) = self.services.get(service.name()) else {
            return Ok(service);
        };
        let mut service = service
            .with_targets(settings.targets.clone())
            .with_alerts(settings.alerts.clone())
            .with_thresholds(thresholds(&settings.thresholds, &settings.holds)?);
        if let Some(path) = &settings.token_file {
            service = service.with_token_file(path);
        }
        if let Some(team) = &settings.team {
            service = service.with_team(team);
        }
        Ok(service)
    }

    /// Checks that it speaks only of services that there are: a misspelt name would set nothing.
    pub(super) fn check_services(&self, services: &[Service]) -> Result<(), String> {
        let mut names = self.services.keys();
        let is_known = |name: &&String| services.iter().any(|service| service.name() == *name);
        match names.find(|name| !is_known(name)) {
            Some(name) => Err(format!(
                "the settings speak of a service `{name}`, which is none of those given: mend the name, or give it with `--from`"
            )),
            None => Ok(()),
        }
    }
}

fn set<T>(option: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *option = value;
    }
}

fn thresholds(
    values: &BTreeMap<String, f64>,
    holds: &BTreeMap<String, Time>,
) -> Result<Settings, InvalidSetting> {
    let mut settings = Settings::new();
    for (name, value) in values {
        settings.set(name, *value)?;
    }
    for (alert, Time(hold)) in holds {
        settings.set_hold(alert, *hold)?;
    }
    Ok(settings)
}

/// A duration, such as `15s`.
#[derive(Debug, Clone, Copy)]
struct Time(Duration);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text).map(Self).map_err(|error| {
            serde::de::Error::custom(format!(
                "`{text}` is no duration ({error}): give a number and a unit, such as `15s`"
            ))
        })
    }
}
