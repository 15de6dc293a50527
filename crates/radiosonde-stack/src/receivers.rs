//! Over what receivers are told, as far as it is no secret, and what changes of that, in words.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Manifest;
use crate::alertmanager::{Notifications, Receiver, Smtp};
use crate::manifest::checksum;

/// A channel of a receiver. What is a secret is named by its file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Channel {
    /// Who is told over it: a channel of Slack, an address of mail, the address of a webhook without what may be a secret
    /// in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What carries it, when that can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The file with its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The checksum of an address as the configuration has it, so that another secret in it is told as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}

/// The channels of a receiver, by the names that they have in the settings.
pub(crate) type Channels = BTreeMap<String, Channel>;

/// Returns the channels of each receiver.
pub(crate) fn channels(notifications: &Notifications) -> BTreeMap<String, Channels> {
    let smtp = notifications.smtp.as_ref();
    let receivers = notifications.receivers.iter();
    receivers
        .map(|(name, receiver)| (name.clone(), channels_of(receiver, smtp)))
        .collect()
}

fn channels_of(receiver: &Receiver, smtp: Option<&Smtp>) -> Channels {
    let slack = receiver.slack.as_ref().map(|slack| Channel {
        to: Some(slack.channel.clone()),
        file: Some(slack.api_url_file.clone()),
        ..Channel::default()
    });
    let pagerduty = receiver.pagerduty.as_ref().map(|pagerduty| Channel {
        via: pagerduty.url.as_deref().map(public),
        file: Some(pagerduty.routing_key_file.clone()),
        checksum: pagerduty.url.as_deref().map(checksum),
        ..Channel::default()
    });
    let email = receiver.email.as_ref().map(|email| Channel {
        to: Some(email.to.clone()),
        via: smtp.map(relay),
        file: smtp.and_then(|smtp| smtp.password_file.clone()),
        ..Channel::default()
    });
    let webhook = receiver.webhook.as_ref().map(|webhook| Channel {
        to: webhook.url.as_deref().map(public),
        file: webhook.url_file.clone(),
        checksum: webhook.url.as_deref().map(checksum),
        ..Channel::default()
    });
    let teams = receiver.teams.as_ref().map(|teams| Channel {
        file: Some(teams.webhook_url_file.clone()),
        ..Channel::default()
    });
    let channels = [
        ("slack", slack),
        ("pagerduty", pagerduty),
        ("email", email),
        ("webhook", webhook),
        ("teams", teams),
    ];
    let channels = channels.into_iter();
    channels
        .filter_map(|(kind, channel)| Some((kind.to_owned(), channel?)))
        .collect()
}

/// Returns what carries mail, from whom, and whether it may do so in clear.
fn relay(smtp: &Smtp) -> String {
    let Smtp {
        smarthost, from, ..
    } = smtp;
    let user = smtp.username.iter().map(|user| format!(" as {user}"));
    let clear = (smtp.require_tls == Some(false)).then(|| " without TLS".to_owned());
    let more: String = user.chain(clear).collect();
    format!("{smarthost} from {from}{more}")
}

/// Returns an address without the parts that hold credentials: a name and a password before the host, and the query.
fn public(url: &str) -> String {
    let (url, _) = url.split_once(['?', '#']).unwrap_or((url, ""));
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (authority, path) = match rest.find('/') {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Says what is different about how those are told who hear of anything, and when.
pub(crate) fn changes(old: &Manifest, new: &Manifest) -> Vec<String> {
    let mut changes = Vec::new();
    // A tree that was written before has neither.
    if let (Some(before), Some(now)) = (&old.receivers, &new.receivers) {
        for (name, channels) in now {
            let Some(what) = heard_by(name, new) else {
                continue;
            };
            match before.get(name) {
                None => changes.push(format!(
                    "{name} is new: it hears of {what} {}.",
                    all(channels)
                )),
                Some(before) => changes.extend(
                    of_receiver(before, channels)
                        .into_iter()
                        .map(|change| format!("{name} hears of {what} {change}.")),
                ),
            }
        }
    }
    let has_digests = new.alerts.values().any(|alert| alert.digest);
    if let (Some(before), Some(now)) = (old.digest_hour, new.digest_hour)
        && before != now
        && has_digests
    {
        changes.push(format!(
            "What is told once a day is told at {now}:00 UTC instead of {before}:00 UTC."
        ));
    }
    changes
}

/// Says which alerts a receiver hears of, if any.
fn heard_by(receiver: &str, manifest: &Manifest) -> Option<String> {
    let alerts = manifest.alerts.values();
    let alerts: Vec<_> = alerts
        .filter(|alert| alert.receivers.iter().any(|name| name == receiver))
        .collect();
    let severities: BTreeSet<_> = alerts.iter().map(|alert| alert.severity.as_str()).collect();
    let teams: BTreeSet<_> = alerts.iter().map(|alert| alert.team.as_deref()).collect();
    let what = format!("{} alerts", listed(severities));
    let teams: Option<Vec<_>> = teams.into_iter().collect();
    match teams.as_deref() {
        Some([]) => None,
        Some([team]) => Some(format!("{what} of team {team}")),
        Some(teams) => Some(format!("{what} of teams {}", listed(teams.iter().copied()))),
        None => Some(what),
    }
}

/// Says which channels came, went, or lead elsewhere.
fn of_receiver(old: &Channels, new: &Channels) -> Vec<String> {
    let kinds: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let change = |kind: &String| match (old.get(kind), new.get(kind)) {
        (Some(old), Some(new)) => elsewhere(kind, old, new),
        (None, Some(new)) => Some(format!("{}, too", short(kind, new))),
        (Some(old), None) => Some(format!("no longer {}", short(kind, old))),
        _ => None,
    };
    kinds.into_iter().filter_map(change).collect()
}

/// Says where a channel leads now, if anywhere else: as short as it can, and of secrets only that they are others.
fn elsewhere(kind: &str, old: &Channel, new: &Channel) -> Option<String> {
    let told = [short, long]
        .into_iter()
        .map(|told| [new, old].map(|channel| told(kind, channel)));
    match { told }.find(|[new, old]| new != old) {
        Some([new, old]) => Some(format!("{new} instead of {old}")),
        // A tree that was written before has none.
        None if old.checksum.is_none() || old.checksum == new.checksum => None,
        None => Some(format!(
            "{} with another secret in its address",
            long(kind, new)
        )),
    }
}

fn all(channels: &Channels) -> String {
    if channels.is_empty() {
        return "over no channel".to_owned();
    }
    listed(channels.iter().map(|(kind, channel)| short(kind, channel)))
}

/// Says what a channel is, as short as it can be.
fn short(kind: &str, channel: &Channel) -> String {
    let to = channel.to.as_deref();
    match (kind, to) {
        ("slack", Some(to)) => format!("over Slack {to}"),
        ("pagerduty", _) => "over PagerDuty".to_owned(),
        ("email", Some(to)) => format!("by mail to {to}"),
        ("teams", _) => "over Microsoft Teams".to_owned(),
        (_, Some(to)) => format!("over the {kind} {to}"),
        (_, None) => format!("over a {kind}"),
    }
}

/// Says all that is known of a channel.
fn long(kind: &str, channel: &Channel) -> String {
    let mut text = short(kind, channel);
    if let Some(via) = &channel.via {
        text = format!("{text} via {via}");
    }
    if let Some(file) = &channel.file {
        text = format!("{text} with the secret in `{file}`");
    }
    text
}

fn listed<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(" and ")
}

#[cfg(test)]
mod tests {
    use radiosonde_catalog::Catalogue;

    use super::*;
    use crate::{Options, Service, ServiceCatalogue, Stack, Target};

    /// The manifest of a stack with these notifications.
    fn manifest(notifications: &str) -> Manifest {
        let catalogue = Catalogue::new().json();
        let catalogue = ServiceCatalogue::from_json(&catalogue).unwrap();
        let options = Options {
            notifications: serde_json::from_str(notifications).unwrap(),
            target: Target::Prometheus3,
            ..Options::default()
        };
        let service = Service::new("checkout", catalogue).with_team("shop");
        let stack = Stack::new([service], options).unwrap();
        Manifest::of(&stack, &stack.render())
    }

    /// What is told when a receiver of pages has another channel.
    fn told(old: &str, new: &str) -> Vec<String> {
        let [old, new] = [old, new].map(|channels| {
            manifest(&format!(
                r#"{{ "receivers": {{ "oncall": {channels} }},
                    "routes": [{{ "severity": "critical", "team": "shop", "receivers": ["oncall"] }}],
                    "smtp": {{ "smarthost": "relay:25", "from": "a@example.com" }} }}"#
            ))
        });
        old.changes(&new)
    }

    const SLACK: &str = r##"{ "slack": { "channel": "#a", "api_url_file": "/s/slack" } }"##;

    #[test]
    fn pages_that_go_elsewhere_are_told_with_whose_they_are() {
        let start = "oncall hears of critical alerts of team shop";
        for (new, expected) in [
            (
                r##"{ "slack": { "channel": "#b", "api_url_file": "/s/slack" } }"##,
                vec!["over Slack #b instead of over Slack #a"],
            ),
            (
                r##"{ "slack": { "channel": "#a", "api_url_file": "/s/other" } }"##,
                vec![
                    "over Slack #a with the secret in `/s/other` instead of over Slack #a with the secret in `/s/slack`",
                ],
            ),
            (
                r#"{ "email": { "to": "ops@example.com" } }"#,
                vec!["by mail to ops@example.com, too", "no longer over Slack #a"],
            ),
            (
                r#"{ "webhook": { "url": "https://u:pw@hook.example/x?key=1" }, "pagerduty": { "routing_key_file": "/k" } }"#,
                vec![
                    "over PagerDuty, too",
                    "no longer over Slack #a",
                    "over the webhook https://hook.example/x, too",
                ],
            ),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|change| format!("{start} {change}."))
                .collect();
            assert_eq!(told(SLACK, new), expected);
        }
    }

    #[test]
    fn another_secret_in_an_address_is_told_and_not_shown() {
        let hook = |url: &str| format!(r#"{{ "webhook": {{ "url": "{url}" }} }}"#);
        let old = hook("https://u:old@hook.example/x?key=1");
        let changed = "oncall hears of critical alerts of team shop over the webhook https://hook.example/x with another secret in its address.";
        for url in [
            "https://u:old@hook.example/x?key=2",
            "https://u:new@hook.example/x?key=1",
            "https://hook.example/x",
        ] {
            assert_eq!(told(&old, &hook(url)), [changed], "{url}");
        }
        assert_eq!(told(&old, &old), Vec::<String>::new());
        let pager = |key: u8| {
            format!(
                r#"{{ "pagerduty": {{ "routing_key_file": "/k", "url": "https://relay/?key={key}" }} }}"#
            )
        };
        let said = told(&pager(1), &pager(2)).concat();
        let expected = "over PagerDuty via https://relay/ with the secret in `/k` with another secret in its address.";
        assert!(said.ends_with(expected), "{said}");
    }

    #[test]
    fn another_way_of_mail_is_told() {
        let mail = |smtp: &str| {
            manifest(&format!(
                r#"{{ "receivers": {{ "ops": {{ "email": {{ "to": "ops@example.com" }} }} }}, "default_receiver": "ops",
                    "smtp": {{ "smarthost": "relay:25", "from": "a@example.com"{smtp} }} }}"#
            ))
        };
        let told = |old: &str, new: &str| mail(old).changes(&mail(new)).concat();
        let before = "by mail to ops@example.com via relay:25 from a@example.com";
        for (new, more) in [
            (r#", "require_tls": false"#, " without TLS"),
            (
                r#", "username": "alerts", "password_file": "/p""#,
                " as alerts with the secret in `/p`",
            ),
        ] {
            let said = told("", new);
            let expected = format!("{before}{more} instead of {before}.");
            assert!(said.ends_with(&expected), "{said}");
        }
        assert_eq!(told("", r#", "require_tls": true"#), "");
    }

    #[test]
    fn other_hours_and_new_people_are_told() {
        let digest = |hour: u8, name: &str| {
            manifest(&format!(
                r#"{{ "receivers": {{ "{name}": {{ "teams": {{ "webhook_url_file": "/t" }} }} }},
                    "routes": [{{ "severity": "info", "receivers": ["{name}"], "digest": true }}],
                    "digest_hour": {hour} }}"#
            ))
        };
        let hours = "What is told once a day is told at 9:00 UTC instead of 7:00 UTC.";
        assert_eq!(digest(7, "all").changes(&digest(9, "all")), [hours]);

        let changes = digest(7, "all").changes(&digest(7, "some"));
        let new = "some is new: it hears of info alerts of team shop over Microsoft Teams.";
        assert!(changes.iter().any(|change| change == new), "{changes:#?}");
    }

    #[test]
    fn nothing_secret_is_in_a_manifest() {
        let manifest = manifest(
            r#"{ "receivers": { "hook": {
                "webhook": { "url": "https://user:password@hook.example/x?token=secret" } } } }"#,
        );
        let json = manifest.json();
        assert!(json.contains(r#""to": "https://hook.example/x""#), "{json}");
        for secret in ["password", "token=", "user:"] {
            assert!(!json.contains(secret), "{json}");
        }
    }

    #[test]
    fn a_manifest_of_before_says_nothing_of_receivers() {
        let new = manifest(&format!(
            r#"{{ "receivers": {{ "oncall": {SLACK} }}, "default_receiver": "oncall" }}"#
        ));
        let mut old = new.clone();
        old.receivers = None;
        old.digest_hour = None;
        assert_eq!(old.changes(&new), Vec::<String>::new());
        assert_eq!(Manifest::read(&old.json()).unwrap(), old);
    }
}
