//! What somebody writes in the settings and others read as more than a text: Prometheus, Alertmanager and Grafana fill in what
//! stands in braces.

use radiosonde_catalog::objective::is_team;

use crate::{InvalidStack, Options};

/// Checks the name of a team, which is a label, and in labels Prometheus fills in templates.
pub(crate) fn check_team(team: Option<&String>) -> Result<(), InvalidStack> {
    match team.filter(|team| !is_team(team)) {
        Some(team) => Err(InvalidStack::Team { team: team.clone() }),
        None => Ok(()),
    }
}

/// Checks the addresses that are in links and in data sources.
pub(crate) fn check_addresses(options: &Options) -> Result<(), InvalidStack> {
    let sources = &options.data_sources;
    let addresses = [
        ("runbooks", Some(&options.runbooks)),
        ("grafana", options.grafana.as_ref()),
        ("prometheus", Some(&options.prometheus)),
        ("alertmanager", Some(&options.alertmanager)),
        ("data_sources.prometheus", Some(&sources.prometheus)),
        ("data_sources.tempo", Some(&sources.tempo)),
        ("data_sources.jaeger", Some(&sources.jaeger)),
        ("data_sources.loki", Some(&sources.loki)),
    ];
    let wrong = addresses
        .into_iter()
        .find_map(|(what, value)| Some((what, value.filter(|value| !is_address(value))?)));
    match wrong {
        Some((what, value)) => Err(InvalidStack::Address {
            what,
            value: value.clone(),
        }),
        None => Ok(()),
    }
}

/// Tells whether Alertmanager would fill something in.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("{{")
}

/// An address that reads the same to everybody: anything else in one is written with `%`.
fn is_address(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_graphic() && !"{}$<>\"'`\\^|".contains(c);
    !text.is_empty() && text.chars().all(is_plain)
}
