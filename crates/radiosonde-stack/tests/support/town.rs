//! A real Alertmanager over a tree, and all whom it can tell, on this machine.

#![allow(dead_code, reason = "each test target uses some of it")]

use std::fs;
use std::time::Duration;

use radiosonde_stack::{Options, Stack, Target, Tree};
use radiosonde_testkit::alertmanager::Alertmanager;
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode, Received};
use radiosonde_testkit::mail::MailServer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::service;

/// Alertmanager and those whom it tells.
pub(crate) struct Town {
    pub(crate) alertmanager: Alertmanager,
    pub(crate) mail: MailServer,
    web: FaultCollector,
    tree: Tree,
    _directory: TempDir,
}

impl Town {
    /// Writes the tree of the services `checkout` and `billing` with somebody on every channel, and starts Alertmanager over
    /// it. Digests are sent at this hour.
    pub(crate) fn of(target: Target, digest_hour: u8) -> Self {
        // Slack's word for yes.
        let web = FaultCollector::start(Mode::answer("text/plain", "ok"));
        let mail = MailServer::start();
        let directory = tempfile::tempdir().unwrap();
        let secret = |name: &str, value: String| {
            let path = directory.path().join(name);
            fs::write(&path, value).unwrap();
            path.display().to_string()
        };
        let url = |name: &str| format!("{}/{name}", web.endpoint());
        let mut notifications = json!({
            "receivers": {
                "oncall": { "pagerduty": {
                    "routing_key_file": secret("pagerduty.key", "the-key".to_owned()),
                    "url": url("pagerduty"),
                } },
                "chat": { "slack": {
                    "channel": "#alerts", "api_url_file": secret("slack.url", url("slack")),
                } },
                "hook": { "webhook": { "url": url("hook") } },
                "mail": { "email": { "to": "ops@example.com" } },
                "switch": { "webhook": { "url": url("switch") } },
            },
            "routes": [
                { "severity": "critical", "receivers": ["oncall", "chat", "hook"] },
                { "severity": "info", "receivers": ["mail"], "digest": true },
            ],
            "default_receiver": "hook",
            "dead_man": "switch",
            "digest_hour": digest_hour,
            "smtp": {
                "smarthost": mail.addr().to_string(), "from": "alerts@example.com", "require_tls": false,
            },
        });
        if target == Target::Prometheus3 {
            let receivers = &mut notifications["receivers"];
            receivers["chat"] = json!({
                "teams": { "webhook_url_file": secret("teams.url", url("teams")) },
            });
            receivers["hook"] =
                json!({ "webhook": { "url_file": secret("hook.url", url("hook")) } });
        }
        let mut options = Options::default();
        options.target = target;
        options.team = Some("platform".to_owned());
        options.grafana = Some("https://grafana.example".to_owned());
        options.evaluation_interval = Duration::from_millis(250);
        options.notifications = serde_json::from_value(notifications).unwrap();
        let stack = Stack::new([service("checkout"), service("billing")], options);
        let tree = stack.unwrap().render();
        tree.write(directory.path(), false).unwrap();
        let config = directory.path().join("alertmanager/alertmanager.yml");
        shorten_waits(&config);
        let alertmanager = match target {
            Target::Prometheus3 => Alertmanager::newer(&config),
            _ => Alertmanager::start(&config),
        };
        Self {
            alertmanager,
            mail,
            web,
            tree,
            _directory: directory,
        }
    }

    /// Returns an alert as the rules label it, as Prometheus would tell of it: that of the tier among `more`, if one is, and
    /// with `more` as the labels that come from its series.
    pub(crate) fn alert(&self, service: &str, name: &str, more: &[(&str, &str)]) -> Value {
        let rule = self.rule(service, name, more);
        let mut labels = section(&rule, "labels:");
        labels["alertname"] = name.into();
        for (label, value) in more {
            labels[*label] = (*value).into();
        }
        let mut annotations = section(&rule, "annotations:");
        // What Prometheus fills in.
        annotations["summary"] = format!("{name} of {service}").into();
        annotations["description"] = "One <line> & another.".into();
        json!({ "labels": labels, "annotations": annotations })
    }

    /// Returns the lines of a rule.
    fn rule(&self, service: &str, name: &str, more: &[(&str, &str)]) -> String {
        let mine = format!("/{service}/");
        let is_rules = |path: &str| {
            path.starts_with("prometheus/rules/") && path.contains(&mine)
                || path.starts_with("prometheus/packs/") && service.is_empty()
        };
        let files = self.tree.files().filter(|(path, _)| is_rules(path));
        let rules = files.flat_map(|(_, text)| text.split("      - ").skip(1));
        let title = format!("alert: {name}\n");
        let tier = more.iter().find(|(label, _)| *label == "burn_tier");
        let tier = tier.map_or(String::new(), |(_, tier)| format!("burn_tier: {tier}\n"));
        let slo = more.iter().find(|(label, _)| *label == "slo");
        let slo = slo.map_or(String::new(), |(_, slo)| format!("slo: {slo}\n"));
        let mut rules = rules
            .filter(|rule| rule.starts_with(&title) && rule.contains(&tier) && rule.contains(&slo));
        rules
            .next()
            .unwrap_or_else(|| panic!("no {name}"))
            .to_owned()
    }

    /// Waits until these alerts are told of at this path, and returns the first request that does.
    #[track_caller]
    pub(crate) fn told(&self, path: &str, alert: &str) -> Received {
        eventually(&format!("{alert} at {path}"), DEADLINE, || {
            let at_path = self.requests(path).into_iter();
            { at_path }.find(|request| String::from_utf8_lossy(&request.body).contains(alert))
        })
    }

    /// Returns what was sent to a path so far.
    pub(crate) fn requests(&self, path: &str) -> Vec<Received> {
        let requests = self.web.requests().into_iter();
        requests.filter(|request| request.path() == path).collect()
    }

    /// Returns the names of the alerts in what a webhook was told so far, each with its tier and status.
    pub(crate) fn heard(&self, path: &str) -> Vec<String> {
        let told = |request: &Received| -> Vec<String> {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let alerts = body["alerts"].as_array().unwrap().iter();
            alerts.map(line).collect()
        };
        self.requests(path).iter().flat_map(told).collect()
    }

    /// Awaits that these alerts, sorted by name, are held back by others, and no more.
    ///
    /// What holds others back is noticed in the order in which it was told: what is told last
    /// should therefore hold something back.
    pub(crate) fn holds_back(&self, expected: &[&str]) {
        eventually(&format!("{expected:?} to be held back"), DEADLINE, || {
            (self.inhibited() == expected).then_some(())
        });
    }

    /// Returns the alerts that are held back by others at this moment.
    fn inhibited(&self) -> Vec<String> {
        let alerts = self.alertmanager.alerts();
        let alerts = alerts.as_array().unwrap().iter();
        let inhibited = alerts.filter(|alert| {
            let by = alert["status"]["inhibitedBy"].as_array().unwrap();
            assert_eq!(by.is_empty(), alert["status"]["state"] != "suppressed");
            !by.is_empty()
        });
        let mut inhibited: Vec<_> = inhibited.map(name).collect();
        inhibited.sort_unstable();
        inhibited
    }
}

/// An alert that is over.
pub(crate) fn over(alert: &Value) -> Value {
    let mut alert = alert.clone();
    alert["startsAt"] = "2000-01-01T00:00:00Z".into();
    alert["endsAt"] = "2000-01-01T00:00:01Z".into();
    alert
}

fn line(alert: &Value) -> String {
    format!("{} {}", alert["status"].as_str().unwrap(), name(alert))
}

/// The name of an alert, and what tells it from others of that name.
fn name(alert: &Value) -> String {
    let labels = ["alertname", "burn_tier", "service"].map(|label| alert["labels"][label].as_str());
    let labels: Vec<_> = labels.into_iter().flatten().collect();
    labels.join(" ")
}

/// The pairs of a section of a rule.
fn section(rule: &str, title: &str) -> Value {
    let lines = rule.lines().skip_while(|line| line.trim() != title).skip(1);
    let lines = lines.take_while(|line| line.starts_with("          "));
    let pairs = lines.filter_map(|line| {
        let (key, value) = line.trim().split_once(": ")?;
        Some((key.to_owned(), value.trim_matches('\'').into()))
    });
    Value::Object(pairs.collect())
}

/// Groups are asked after a second instead of minutes, so that nobody waits.
fn shorten_waits(config: &std::path::Path) {
    let text = fs::read_to_string(config).unwrap();
    let text = text
        .replace("group_interval: 5m", "group_interval: 1s")
        .replace("group_interval: 30m", "group_interval: 1s")
        .replace("group_wait: 1m", "group_wait: 1s");
    fs::write(config, text).unwrap();
}

pub(crate) const DEADLINE: Duration = Duration::from_mins(1);
