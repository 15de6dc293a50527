//! What a tree says of itself, in `stack.json`: what it was made from, who is told of what, and the checksum of each file.
//!
//! It tells a file that somebody has edited from one that is only old, and says what a new tree changes for whoever is on
//! call.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use radiosonde_catalog::fnv_1a;
use serde::{Deserialize, Serialize};

use crate::alertmanager::NOBODY;
use crate::alerts::WATCHDOG;
use crate::receivers::{self, Channel};
use crate::{Stack, Tree};

/// The manifest of a tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The version of its format: it grows when a member changes its meaning or goes away, and not with what is new.
    pub version: u32,
    /// The hash of the catalogue of each service.
    pub catalogues: BTreeMap<String, String>,
    /// Every alert, by the service, its name and what else tells it apart.
    pub alerts: BTreeMap<String, Entry>,
    /// What is promised, by service and objective.
    pub objectives: BTreeMap<String, Promise>,
    /// Over what each receiver is told. A tree that was written before this was said has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub receivers: Option<BTreeMap<String, BTreeMap<String, Channel>>>,
    /// The hour, in UTC, in which they are told what is told once a day. A tree that was written before this was said has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest_hour: Option<u8>,
    /// Where the pages of alerts can be read.
    pub runbooks: String,
    /// The checksum of the page of each alert, without what it was made from.
    pub pages: BTreeMap<String, String>,
    /// The checksum of every file, by its path.
    pub files: BTreeMap<String, String>,
}

/// An alert, as far as those who are told care.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entry {
    /// How urgent it is.
    pub severity: String,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub team: Option<String>,
    /// When it fires.
    pub expr: String,
    /// For how long that has to be so.
    pub hold: String,
    /// For how long it goes on when that is over.
    pub keep: String,
    /// Who is told.
    pub receivers: Vec<String>,
    /// Whether they are told once a day.
    pub digest: bool,
}

/// An objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Promise {
    /// What makes a request a bad one.
    pub kind: String,
    /// The share of requests that has to be good.
    pub target: f64,
    /// The longest time that is good, in seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threshold_seconds: Option<f64>,
    /// The period, in seconds.
    pub period_seconds: u64,
    /// Of which requests: `all`, those of a `group` of routes together, or of `each` of them.
    pub scope: String,
    /// The routes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub routes: Vec<String>,
}

impl Manifest {
    /// The path of the file.
    pub const PATH: &str = "stack.json";

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it.
    pub fn read(json: &str) -> Result<Self, InvalidManifest> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let broken = |error: serde_json::Error| InvalidManifest::Broken {
            reason: error.to_string(),
        };
        let Version { version } = serde_json::from_str(json).map_err(broken)?;
        if version != VERSION {
            return Err(InvalidManifest::OtherVersion { version });
        }
        let manifest: Self = serde_json::from_str(json).map_err(broken)?;
        // They are read and removed: a path that leads out of the tree is none of its files.
        match manifest.files.keys().find(|path| !is_inside(path)) {
            None => Ok(manifest),
            Some(path) => Err(InvalidManifest::Broken {
                reason: format!("`{path}` is not in the tree"),
            }),
        }
    }

    /// Describes a tree that was made from a stack.
    pub(crate) fn of(stack: &Stack, tree: &Tree) -> Self {
        let services = stack.services().iter();
        let objectives = services.clone().flat_map(|service| {
            let objectives = service.catalogue().objectives.iter();
            objectives.map(|objective| {
                let promise = Promise {
                    kind: objective.kind().as_str().to_owned(),
                    target: objective.target().as_f64(),
                    threshold_seconds: objective.threshold_seconds(),
                    period_seconds: objective.period().as_secs(),
                    scope: objective.scope().as_str().to_owned(),
                    routes: objective.scope().routes().to_vec(),
                };
                (format!("{}/{}", service.name(), objective.name()), promise)
            })
        });
        Self {
            version: VERSION,
            catalogues: services
                .clone()
                .map(|service| (service.name().to_owned(), service.hash().to_owned()))
                .collect(),
            alerts: alerts(stack),
            objectives: objectives.collect(),
            receivers: Some(receivers::channels(&stack.options().notifications)),
            digest_hour: Some(stack.options().notifications.digest_hour()),
            runbooks: stack.options().runbooks.clone(),
            pages: pages(tree),
            files: tree
                .files()
                .map(|(path, text)| (path.to_owned(), checksum(text)))
                .collect(),
        }
    }

    /// Writes the file.
    pub(crate) fn json(&self) -> String {
        // Texts, numbers and maps by texts: there is nothing that could not be written.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }
}

fn alerts(stack: &Stack) -> BTreeMap<String, Entry> {
    let notifications = &stack.options().notifications;
    let entry = |rule: &crate::prometheus::AlertRule| {
        let labels = rule.routed();
        // What always fires has a route of its own, before all others.
        let (told, digest) = if rule.name == WATCHDOG {
            (
                vec![notifications.dead_man.as_deref().unwrap_or(NOBODY)],
                false,
            )
        } else {
            let route = notifications.route_of(&labels);
            (
                notifications.told(&labels),
                route.is_some_and(|route| route.digest),
            )
        };
        Entry {
            severity: rule.label("severity").unwrap_or_default().to_owned(),
            team: rule.label("team").map(str::to_owned),
            expr: rule.expr.clone(),
            hold: rule.hold.clone(),
            keep: rule.keep.to_owned(),
            receivers: told.into_iter().map(str::to_owned).collect(),
            digest,
        }
    };
    let alerts = stack.alerts();
    alerts.iter().map(|rule| (key(rule), entry(rule))).collect()
}

/// The page of each alert, by its name. Its header, up to the first blank line, changes with every catalogue.
fn pages(tree: &Tree) -> BTreeMap<String, String> {
    let pages = tree.files().filter_map(|(path, text)| {
        let name = path.strip_prefix("runbooks/")?.strip_suffix(".md")?;
        let (_, text) = text.split_once("\n\n")?;
        (name != "README").then(|| (name.to_owned(), checksum(text)))
    });
    pages.collect()
}

/// What tells an alert from all others.
fn key(rule: &crate::prometheus::AlertRule) -> String {
    let name = match rule.label("service") {
        Some(service) => format!("{service}/{}", rule.name),
        None => rule.name.clone(),
    };
    let more = ["slo", "burn_tier"].map(|label| rule.label(label));
    let more: Vec<_> = more.into_iter().flatten().collect();
    match more.as_slice() {
        [] => name,
        more => format!("{name} ({})", more.join(", ")),
    }
}

/// Tells whether a path leads to a file below the folder that it starts from.
fn is_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

/// Returns the checksum of a text, which is enough to notice, and not to prove.
pub(crate) fn checksum(text: &str) -> String {
    format!("{:016x}", fnv_1a(text.as_bytes()))
}

/// What is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidManifest {
    /// It cannot be read.
    #[error(
        "`stack.json` of the committed tree is broken ({reason}): take it from the history, or remove it and write the tree anew"
    )]
    #[non_exhaustive]
    Broken {
        /// What its parser says.
        reason: String,
    },
    /// Another version of this program has written it.
    #[error(
        "the committed tree was written in format {version}, and this program writes format {VERSION}: use the \
         `radiosonde-stack` that wrote it, or remove `stack.json` and write the tree anew with this one"
    )]
    #[non_exhaustive]
    OtherVersion {
        /// The version.
        version: u32,
    },
}

const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_of_another_version_is_told_with_both() {
        // Whatever else it may hold.
        let error = Manifest::read(r#"{"version":2,"watchers":[]}"#).unwrap_err();
        assert_eq!(error, InvalidManifest::OtherVersion { version: 2 });
        let told = "the committed tree was written in format 2, and this program writes format 1";
        assert!(error.to_string().starts_with(told), "{error}");
        let error = Manifest::read(r#"{"version":"one"}"#).unwrap_err();
        assert!(matches!(error, InvalidManifest::Broken { .. }));
    }

    #[test]
    fn a_manifest_that_names_files_outside_of_its_tree_is_broken() {
        let read = |path: &str| {
            let files = BTreeMap::from([(path.to_owned(), checksum(""))]);
            let manifest = Manifest {
                version: VERSION,
                catalogues: BTreeMap::new(),
                alerts: BTreeMap::new(),
                objectives: BTreeMap::new(),
                receivers: None,
                digest_hour: None,
                runbooks: String::new(),
                pages: BTreeMap::new(),
                files,
            };
            Manifest::read(&manifest.json())
        };
        for outside in ["../services.yml", "/etc/passwd", "rules/../../x", "", "./x"] {
            let error = read(outside).unwrap_err().to_string();
            assert!(error.contains(&format!("`{outside}`")), "{error}");
        }
        assert!(read("prometheus/rules/checkout/load.yml").is_ok());
    }
}
