//! Who is told of what.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::channels::{Email, PagerDuty, Slack, Teams, Webhook};
use crate::Target;
use crate::alerts::Severity;
use crate::texts::is_template;

/// Receivers, and which alerts go to them.
///
/// Without any, alerts are grouped and shown by Alertmanager, and nobody is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Notifications {
    /// Who can be told, by name.
    pub receivers: BTreeMap<String, Receiver>,
    /// Which alerts go to whom. The first that fits decides.
    pub routes: Vec<Route>,
    /// Who is told of what no route fits: the name of a receiver. Defaults to nobody.
    pub default_receiver: Option<String>,
    /// What has to hear from Alertmanager all the time, and tells somebody when it does not: the name of a receiver.
    /// Defaults to none.
    pub dead_man: Option<String>,
    /// The hour of the day, in UTC, in which digests are sent. Defaults to 8.
    pub digest_hour: Option<u8>,
    /// How mail is sent.
    pub smtp: Option<Smtp>,
}

/// Somebody who can be told, over every channel that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Receiver {
    /// Over Slack.
    pub slack: Option<Slack>,
    /// Over `PagerDuty`.
    pub pagerduty: Option<PagerDuty>,
    /// By mail.
    pub email: Option<Email>,
    /// By a request over HTTP.
    pub webhook: Option<Webhook>,
    /// Over Microsoft Teams.
    pub teams: Option<Teams>,
}

/// Alerts that go to the same receivers: those that have every label that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Route {
    /// How urgent they are: `critical`, `warning` or `info`.
    pub severity: Option<String>,
    /// What they are about, such as `latency` or `objectives`.
    pub category: Option<String>,
    /// Whose they are.
    pub team: Option<String>,
    /// Of which service they are.
    pub service: Option<String>,
    /// Names of receivers.
    pub receivers: Vec<String>,
    /// Whether they are told once a day, of what fires in that hour and of nothing that was over before.
    pub digest: bool,
}

/// How mail is sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Smtp {
    /// The server, host and port.
    pub smarthost: String,
    /// The sender.
    pub from: String,
    /// The name to log in with.
    pub username: Option<String>,
    /// The file with the password.
    pub password_file: Option<String>,
    /// Whether mail is only sent over TLS. Defaults to true; a relay on the same machine may have none.
    pub require_tls: Option<bool>,
}

/// The labels of an alert, as far as routes look at them.
pub(crate) type Labels = Vec<(&'static str, String)>;

impl Notifications {
    /// Checks that all names are those of receivers, and that the Alertmanager of this target knows every channel.
    ///
    /// # Errors
    ///
    /// Returns the first that is wrong.
    pub fn check(&self, target: Target) -> Result<(), InvalidNotifications> {
        let routed = self.routes.iter().flat_map(|route| &route.receivers);
        let named = routed.chain(&self.default_receiver).chain(&self.dead_man);
        for name in named {
            if !self.receivers.contains_key(name) {
                return Err(InvalidNotifications::NoReceiver { name: name.clone() });
            }
        }
        for (index, route) in self.routes.iter().enumerate() {
            if route.receivers.is_empty() {
                return Err(InvalidNotifications::LeadsNowhere { route: index + 1 });
            }
            let words = Severity::ALL.map(Severity::as_str);
            if let Some(severity) = route
                .severity
                .as_ref()
                .filter(|word| !words.contains(&word.as_str()))
            {
                let severity = severity.clone();
                return Err(InvalidNotifications::Severity { severity });
            }
        }
        if let Some(hour) = self.digest_hour.filter(|hour| *hour > 23) {
            return Err(InvalidNotifications::Hour { hour });
        }
        if let Some(smtp) = &self.smtp {
            let texts = [
                ("smtp.smarthost", Some(&smtp.smarthost)),
                ("smtp.from", Some(&smtp.from)),
                ("smtp.username", smtp.username.as_ref()),
            ];
            check_texts("notifications", texts)?;
        }
        self.receivers
            .iter()
            .try_for_each(|(name, receiver)| self.check_receiver(name, receiver, target))
    }

    fn check_receiver(
        &self,
        name: &str,
        receiver: &Receiver,
        target: Target,
    ) -> Result<(), InvalidNotifications> {
        let name = || name.to_owned();
        if ["nobody", "watchdog"].contains(&name().as_str()) {
            return Err(InvalidNotifications::Reserved { name: name() });
        }
        let (slack, pagerduty) = (receiver.slack.as_ref(), receiver.pagerduty.as_ref());
        let (email, webhook) = (receiver.email.as_ref(), receiver.webhook.as_ref());
        let texts = [
            ("slack.channel", slack.map(|slack| &slack.channel)),
            (
                "pagerduty.url",
                pagerduty.and_then(|pagerduty| pagerduty.url.as_ref()),
            ),
            ("email.to", email.map(|email| &email.to)),
            (
                "webhook.url",
                webhook.and_then(|webhook| webhook.url.as_ref()),
            ),
        ];
        check_texts(&format!("receivers.{}", name()), texts)?;
        if receiver.email.is_some() && self.smtp.is_none() {
            return Err(InvalidNotifications::NoSmtp { name: name() });
        }
        let is_old = target == Target::Prometheus2;
        if is_old && receiver.teams.is_some() {
            return Err(InvalidNotifications::NeedsNewer {
                name: name(),
                what: "`teams`",
            });
        }
        if let Some(Webhook { url, url_file }) = &receiver.webhook {
            if url.is_some() == url_file.is_some() {
                return Err(InvalidNotifications::Webhook { name: name() });
            }
            if is_old && url_file.is_some() {
                return Err(InvalidNotifications::NeedsNewer {
                    name: name(),
                    what: "`webhook.url_file`",
                });
            }
        }
        Ok(())
    }

    /// Returns the route that decides about an alert.
    pub(crate) fn route_of(&self, labels: &Labels) -> Option<&Route> {
        self.routes.iter().find(|route| route.fits(labels))
    }

    /// Returns who is told of an alert.
    pub(crate) fn told(&self, labels: &Labels) -> Vec<&str> {
        match self.route_of(labels) {
            Some(route) => route.receivers.iter().map(String::as_str).collect(),
            None => vec![self.default_receiver()],
        }
    }

    /// Returns the hour in which digests are sent.
    pub(crate) fn digest_hour(&self) -> u8 {
        self.digest_hour.unwrap_or(8)
    }

    pub(crate) fn default_receiver(&self) -> &str {
        self.default_receiver.as_deref().unwrap_or(NOBODY)
    }
}

impl Route {
    /// Returns the labels that it asks for.
    pub(super) fn matchers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let matchers = [
            ("severity", &self.severity),
            ("category", &self.category),
            ("team", &self.team),
            ("service", &self.service),
        ];
        let matchers = matchers.into_iter();
        matchers.filter_map(|(label, value)| Some((label, value.as_deref()?)))
    }

    fn fits(&self, labels: &Labels) -> bool {
        let has = |(label, value): (&str, &str)| {
            let mut labels = labels.iter();
            labels.any(|(key, found)| *key == label && found == value)
        };
        self.matchers().all(has)
    }
}

/// Checks that Alertmanager would fill nothing in.
fn check_texts<const N: usize>(
    of: &str,
    texts: [(&str, Option<&String>); N],
) -> Result<(), InvalidNotifications> {
    let is_template =
        |(_, text): &(&str, Option<&String>)| text.is_some_and(|text| is_template(text));
    match texts.into_iter().find(is_template) {
        Some((what, _)) => Err(InvalidNotifications::Template {
            what: format!("{of}.{what}"),
        }),
        None => Ok(()),
    }
}

/// What is wrong with receivers and routes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidNotifications {
    /// A name that no receiver has.
    #[error(
        "there is no receiver `{name}`: add `[notifications.receivers.{name}]`, or mend the name"
    )]
    #[non_exhaustive]
    NoReceiver {
        /// The name.
        name: String,
    },
    /// A name that stands for something else.
    #[error("no receiver can be called `{name}`, which is one that is always there: rename it")]
    #[non_exhaustive]
    Reserved {
        /// The name.
        name: String,
    },
    /// A route without receivers.
    #[error("route {route} names no receivers: name one, such as `receivers = [\"oncall\"]`")]
    #[non_exhaustive]
    LeadsNowhere {
        /// Which one, counted from 1.
        route: usize,
    },
    /// A severity that no alert has.
    #[error(
        "a route asks for the severity `{severity}`: alerts are `critical`, `warning` or `info`"
    )]
    #[non_exhaustive]
    Severity {
        /// The severity.
        severity: String,
    },
    /// An hour that no day has.
    #[error("digests cannot be sent at hour {hour}: give one from 0 to 23, in UTC")]
    #[non_exhaustive]
    Hour {
        /// The hour.
        hour: u8,
    },
    /// Mail without a server.
    #[error(
        "receiver `{name}` is told by mail, and nothing says how it is sent: add `[notifications.smtp]`"
    )]
    #[non_exhaustive]
    NoSmtp {
        /// The receiver.
        name: String,
    },
    /// A webhook with two addresses, or none.
    #[error(
        "the webhook of receiver `{name}` has to have either a `url` or a `url_file`: set one of them"
    )]
    #[non_exhaustive]
    Webhook {
        /// The receiver.
        name: String,
    },
    /// A text that is a template.
    #[error("`{what}` has `{{{{` in it, which Alertmanager would fill in: take it out")]
    #[non_exhaustive]
    Template {
        /// What it is in the settings.
        what: String,
    },
    /// Something that the Alertmanager of the target does not have.
    #[error(
        "{what} of receiver `{name}` needs Alertmanager 0.28: write for `--target prometheus3`, or use another channel"
    )]
    #[non_exhaustive]
    NeedsNewer {
        /// The receiver.
        name: String,
        /// What it is.
        what: &'static str,
    },
}

/// The receiver that tells nobody.
pub(crate) const NOBODY: &str = "nobody";
