//! Alerts as rules.

use super::rules::{AlertRule, Group, Rule};
use crate::alerts::{Alert, Category, DECLARED, DeclaredAlert, Severity, Spelled, literal};
use crate::duration::written;
use crate::promql::Spelling;
use crate::settings::Settings;
use crate::{Naming, Service};

/// Whose alerts they are, and where their texts lead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bearing {
    /// The service; the alerts of exporters and of the stack have none.
    pub(crate) service: Option<String>,
    pub(crate) team: Option<String>,
    /// The address below which the pages of `runbooks/` are.
    pub(crate) runbooks: String,
    /// The address of the board that shows more.
    pub(crate) dashboard: Option<String>,
}

impl Bearing {
    /// Returns the labels by which an alert is routed.
    pub(crate) fn labels(
        &self,
        severity: Severity,
        category: &str,
    ) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let [service, team] = [self.service.clone(), self.team.clone()];
        let labels = [
            ("severity", Some(severity.as_str().to_owned())),
            ("category", Some(category.to_owned())),
            ("service", service),
            ("team", team),
        ];
        let labels = labels.into_iter();
        labels.filter_map(|(label, value)| Some((label, value?)))
    }

    /// Returns where an alert leads to.
    pub(crate) fn links(
        &self,
        alert: &str,
    ) -> impl Iterator<Item = (&'static str, String)> + use<> {
        let runbook = format!("{}/{alert}.md", self.runbooks.trim_end_matches('/'));
        let links = [
            ("runbook_url", Some(runbook)),
            ("dashboard_url", self.dashboard.clone()),
        ];
        links
            .into_iter()
            .filter_map(|(name, link)| Some((name, link?)))
    }
}

/// Returns the group of a category, without the alerts that are not wanted.
pub(crate) fn group(
    category: &Category,
    spelling: &Spelling,
    bearing: &Bearing,
    settings: &Settings,
    wanted: impl Fn(&Alert) -> bool,
) -> Group {
    let name = match &bearing.service {
        Some(service) => format!("{service}.{}", category.name),
        None => category.name.to_owned(),
    };
    let wanted = category.alerts.iter().filter(|alert| wanted(alert));
    Group {
        name,
        interval: None,
        rules: wanted
            .map(|alert| {
                let hold = held(alert.name, alert.hold, settings);
                let rule = rule(alert, category, spelling, bearing);
                Rule::Alert(AlertRule { hold, ..rule })
            })
            .collect(),
    }
}

/// Returns the group of what a service asks for about its own metrics.
pub(crate) fn declared(
    service: &Service,
    naming: Naming,
    spelling: &Spelling,
    bearing: &Bearing,
) -> Group {
    let rule = |(name, alert, spelled): (&String, &DeclaredAlert, Spelled<'_>)| {
        let mut annotations = vec![
            ("summary", spelled.summary(service.name())),
            ("description", literal(&alert.means)),
        ];
        annotations.extend(bearing.links(name));
        Rule::Alert(AlertRule {
            name: name.clone(),
            expr: spelling.spell(&spelled.expr()),
            hold: written(alert.hold()),
            keep: "0s",
            labels: bearing.labels(alert.severity, DECLARED.name).collect(),
            annotations,
        })
    };
    Group {
        name: format!("{}.{}", service.name(), DECLARED.name),
        interval: None,
        rules: spelled(service, naming).map(rule).collect(),
    }
}

/// Returns what a service asks for, in the names of this spelling.
pub(crate) fn spelled(
    service: &Service,
    naming: Naming,
) -> impl Iterator<Item = (&String, &DeclaredAlert, Spelled<'_>)> {
    service.alerts().iter().filter_map(move |(name, alert)| {
        let metric = service.catalogue().metric(&alert.metric)?;
        Some((name, alert, alert.spelled(metric, naming)))
    })
}

/// Returns for how long an alert holds: what is set, else what is usual.
pub(crate) fn held(alert: &str, usual: &str, settings: &Settings) -> String {
    let set = settings.hold(alert);
    set.map_or_else(|| usual.to_owned(), written)
}

fn rule(alert: &Alert, category: &Category, spelling: &Spelling, bearing: &Bearing) -> AlertRule {
    let text = |text| spelling.spell_text(alert.expr, text);
    let mut annotations = vec![
        ("summary", text(alert.summary)),
        ("description", text(alert.means)),
    ];
    annotations.extend(bearing.links(alert.name));
    AlertRule {
        name: alert.name.to_owned(),
        expr: spelling.spell(alert.expr),
        hold: alert.hold.to_owned(),
        keep: "0s",
        labels: bearing.labels(alert.severity, category.name).collect(),
        annotations,
    }
}
