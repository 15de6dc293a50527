//! The channels over which somebody is told.

use serde::Deserialize;

use crate::yaml::Yaml;

/// A channel of Slack.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Slack {
    /// The channel, such as `#alerts`.
    pub channel: String,
    /// The file with the address of the incoming webhook, which is a secret.
    pub api_url_file: String,
}

/// A service of `PagerDuty`, over version 2 of its events.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PagerDuty {
    /// The file with the integration key.
    pub routing_key_file: String,
    /// Where events go, when not to `PagerDuty` itself.
    pub url: Option<String>,
}

/// An address of mail. It needs [`Smtp`](super::Smtp).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Email {
    /// The address, or several, separated by commas.
    pub to: String,
}

/// Anything that takes the JSON of Alertmanager.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Webhook {
    /// Where it goes.
    pub url: Option<String>,
    /// The file with the address, when it is a secret. Only Alertmanager 0.26 and later reads it.
    pub url_file: Option<String>,
}

/// A workflow of Microsoft Teams. Only Alertmanager 0.28 and later has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Teams {
    /// The file with the address of the workflow, which is a secret.
    pub webhook_url_file: String,
}

impl Slack {
    pub(super) fn yaml(&self) -> Yaml {
        Yaml::map()
            .with("api_url_file", self.api_url_file.as_str())
            .with("channel", self.channel.as_str())
            .with("send_resolved", true)
            .with("color", r#"{{ template "radiosonde.color" . }}"#)
            .with("title", TITLE)
            .with("text", TEXT)
            .with("fallback", TITLE)
    }
}

impl PagerDuty {
    pub(super) fn yaml(&self) -> Yaml {
        let details = Yaml::map()
            .with("firing", TEXT)
            .with("runbook", "{{ .CommonAnnotations.runbook_url }}");
        Yaml::map()
            .with("routing_key_file", self.routing_key_file.as_str())
            .with_some("url", self.url.as_deref())
            .with("send_resolved", true)
            .with("description", TITLE)
            .with("severity", r#"{{ template "radiosonde.severity" . }}"#)
            .with("class", "{{ .CommonLabels.category }}")
            .with("component", "{{ .CommonLabels.service }}")
            .with("group", "{{ .CommonLabels.team }}")
            .with("details", details)
    }
}

impl Email {
    pub(super) fn yaml(&self) -> Yaml {
        Yaml::map()
            .with("to", self.to.as_str())
            .with("send_resolved", true)
            .with("headers", Yaml::map().with("Subject", TITLE))
            // Without it, Alertmanager sends a page of its own.
            .with("html", "")
            .with("text", TEXT)
    }
}

impl Webhook {
    /// Goes to this address.
    #[must_use]
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            url_file: None,
        }
    }

    pub(super) fn yaml(&self) -> Yaml {
        Yaml::map()
            .with_some("url", self.url.as_deref())
            .with_some("url_file", self.url_file.as_deref())
            .with("send_resolved", true)
    }
}

impl Teams {
    pub(super) fn yaml(&self) -> Yaml {
        Yaml::map()
            .with("webhook_url_file", self.webhook_url_file.as_str())
            .with("send_resolved", true)
            .with("title", TITLE)
            .with("text", TEXT)
    }
}

const TITLE: &str = r#"{{ template "radiosonde.title" . }}"#;

const TEXT: &str = r#"{{ template "radiosonde.text" . }}"#;
