//! Alerts, as data: what is watched, when somebody is told, what to do then, and the story that proves it.
//!
//! Expressions are written in the default spelling and without the matcher of the service; a word behind `$` is a
//! [threshold](crate::settings). An expression keeps the labels that its texts speak of.

mod authentication;
mod availability;
mod caches;
mod certificates;
mod dependencies;
mod errors;
mod health;
mod jobs;
mod latency;
mod load;
mod messages;
mod pools;
mod queues;
mod resources;
mod stack;
mod story;
mod telemetry;

pub mod packs;

pub(crate) use stack::{STACK, WATCHDOG};
pub(crate) use story::{Input, Story};

use crate::settings::Settings;

/// Something that is watched, and what is done about it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Alert {
    /// Its name, the label `alertname`.
    pub name: &'static str,
    /// How urgent it is.
    pub severity: Severity,
    /// The expression: it fires for each series that it returns.
    pub expr: &'static str,
    /// For how long that has to be so; `0s` for at once.
    pub hold: &'static str,
    /// Another alert that says less about the same: it is not sent while this one fires.
    pub supersedes: Option<&'static str>,
    /// One line, as a template of Prometheus.
    pub summary: &'static str,
    /// What it means to users and to the service.
    pub means: &'static str,
    /// Where to look first.
    pub look: &'static [&'static str],
    /// What helps.
    pub act: &'static [&'static str],
    /// What has to happen so that it fires, and how it ends.
    pub(crate) story: fn(&Settings) -> Story,
}

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing: told once a day.
    Info,
    /// Somebody has to look at it within days.
    Warning,
    /// Somebody has to look at it now.
    Critical,
}

impl Severity {
    /// Every severity, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Warning, Self::Info];

    /// Returns the label `severity`: `info`, `warning` or `critical`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Alerts about one side of a service.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Category {
    /// Its name, the label `category` and the name of the file.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// The alerts, the gravest first.
    pub alerts: &'static [Alert],
}

/// What is watched of every service.
pub const CATEGORIES: &[Category] = &[
    availability::AVAILABILITY,
    health::HEALTH,
    errors::ERRORS,
    latency::LATENCY,
    load::LOAD,
    dependencies::DEPENDENCIES,
    resources::RESOURCES,
    pools::POOLS,
    caches::CACHES,
    queues::QUEUES,
    messages::MESSAGES,
    jobs::JOBS,
    authentication::AUTHENTICATION,
    certificates::CERTIFICATES,
    telemetry::TELEMETRY,
];

/// The alert that means that nothing of a service can be reached: all others of the service only follow from it.
pub(crate) const SERVICE_DOWN: &str = "ServiceDown";

/// The alert that means that Prometheus knows of no instance, of which the same is true.
pub(crate) const SERVICE_MISSING: &str = "ServiceMissing";
