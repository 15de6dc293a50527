//! The configuration of Alertmanager.

use super::notifications::{NOBODY, Notifications, Receiver, Route, Smtp};
use super::templates::TEMPLATES;
use super::{inhibition, route_tests};
use crate::alerts::WATCHDOG;
use crate::duration::written;
use crate::yaml::Yaml;
use crate::{Stack, Tree};

/// Writes the files below `alertmanager/`.
pub(crate) fn write(stack: &Stack, tree: &mut Tree) {
    let origin = stack.origin();
    let config = config(stack).document();
    tree.add("alertmanager/alertmanager.yml", &origin, &config);
    tree.add("alertmanager/templates/radiosonde.tmpl", &origin, TEMPLATES);
    let tests = route_tests::script(stack);
    tree.add("alertmanager/test-routes.sh", &origin, &tests);
}

fn config(stack: &Stack) -> Yaml {
    let notifications = &stack.options().notifications;
    let receivers = notifications
        .receivers
        .iter()
        .map(|(name, receiver)| receiver.yaml(name));
    let always = [NOBODY, WATCHDOG_RECEIVER].into_iter();
    let always = always.filter(|name| *name == NOBODY || notifications.dead_man.is_none());
    let always = always.map(|name| Yaml::map().with("name", name));
    let has_digest = notifications.routes.iter().any(|route| route.digest);
    let digest = has_digest.then(|| Yaml::list([digest_hour(notifications)]));
    Yaml::map()
        .with_some("global", notifications.smtp.as_ref().map(Smtp::yaml))
        .with("templates", Yaml::list(["templates/*.tmpl"]))
        .with("route", route(stack))
        .with("inhibit_rules", Yaml::List(inhibition::rules(stack)))
        .with_some("time_intervals", digest)
        .with("receivers", Yaml::list(receivers.chain(always)))
}

fn route(stack: &Stack) -> Yaml {
    let notifications = &stack.options().notifications;
    // Two evaluations, so that a slower tier finds the faster one and is not told.
    let wait = written(stack.options().evaluation_interval * 2);
    let routes = notifications.routes.iter().flat_map(Route::yaml);
    Yaml::map()
        .with("receiver", notifications.default_receiver())
        .with(
            "group_by",
            Yaml::row(["alertname", "service", "slo", "team"]),
        )
        .with("group_wait", Yaml::Plain(wait))
        .with("group_interval", Yaml::Plain("5m".into()))
        .with("repeat_interval", Yaml::Plain("4h".into()))
        .with(
            "routes",
            Yaml::list([watchdog(notifications)].into_iter().chain(routes)),
        )
}

/// What always fires is sent all the time, and nowhere else.
fn watchdog(notifications: &Notifications) -> Yaml {
    let matcher = format!("alertname=\"{WATCHDOG}\"");
    Yaml::map()
        .with("receiver", dead_man(notifications))
        .with("matchers", Yaml::list([matcher]))
        .with("group_wait", Yaml::Plain("0s".into()))
        .with("group_interval", Yaml::Plain("1m".into()))
        .with("repeat_interval", Yaml::Plain("1m".into()))
}

pub(super) fn dead_man(notifications: &Notifications) -> &str {
    notifications
        .dead_man
        .as_deref()
        .unwrap_or(WATCHDOG_RECEIVER)
}

/// One hour of every day.
fn digest_hour(notifications: &Notifications) -> Yaml {
    let hour = notifications.digest_hour();
    let end = match hour {
        23 => "24:00".to_owned(),
        hour => format!("{:02}:00", hour + 1),
    };
    let times = Yaml::map()
        .with("start_time", Yaml::Text(format!("{hour:02}:00")))
        .with("end_time", Yaml::Text(end));
    Yaml::map().with("name", DIGEST).with(
        "time_intervals",
        Yaml::list([Yaml::map().with("times", Yaml::list([times]))]),
    )
}

impl Route {
    /// Returns a node of the tree for each receiver: all but the last let the alert go on to the next.
    fn yaml(&self) -> Vec<Yaml> {
        let last = self.receivers.len().saturating_sub(1);
        let each = self.receivers.iter().enumerate();
        each.map(|(index, receiver)| self.node(receiver, index < last))
            .collect()
    }

    fn node(&self, receiver: &str, goes_on: bool) -> Yaml {
        let matchers = self
            .matchers()
            .map(|(label, value)| format!("{label}=\"{value}\""));
        let matchers: Vec<_> = matchers.collect();
        let node = Yaml::map()
            .with("receiver", receiver)
            .with_some(
                "matchers",
                (!matchers.is_empty()).then(|| Yaml::list(matchers)),
            )
            .with_some("continue", goes_on.then_some(true));
        if !self.digest {
            return node;
        }
        // Asked every half hour, it finds the hour of the digest, and has told within it once a day. Asked every day, it
        // would ask at the time of day at which the first alert came, and hardly ever find it.
        node.with("group_by", Yaml::row(["team"]))
            .with("group_wait", Yaml::Plain("1m".into()))
            .with("group_interval", Yaml::Plain("30m".into()))
            .with("repeat_interval", Yaml::Plain("23h".into()))
            .with("active_time_intervals", Yaml::row([DIGEST]))
    }
}

impl Receiver {
    fn yaml(&self, name: &str) -> Yaml {
        let one = |yaml: Yaml| Yaml::list([yaml]);
        Yaml::map()
            .with("name", name)
            .with_some(
                "slack_configs",
                self.slack.as_ref().map(|slack| one(slack.yaml())),
            )
            .with_some(
                "pagerduty_configs",
                self.pagerduty.as_ref().map(|duty| one(duty.yaml())),
            )
            .with_some(
                "email_configs",
                self.email.as_ref().map(|email| one(email.yaml())),
            )
            .with_some(
                "webhook_configs",
                self.webhook.as_ref().map(|webhook| one(webhook.yaml())),
            )
            .with_some(
                "msteamsv2_configs",
                self.teams.as_ref().map(|teams| one(teams.yaml())),
            )
    }
}

impl Smtp {
    fn yaml(&self) -> Yaml {
        Yaml::map()
            .with("smtp_smarthost", self.smarthost.as_str())
            .with("smtp_from", self.from.as_str())
            .with_some("smtp_auth_username", self.username.as_deref())
            .with_some("smtp_auth_password_file", self.password_file.as_deref())
            .with_some("smtp_require_tls", self.require_tls)
    }
}

/// The receiver of what always fires, while there is no dead-man switch.
const WATCHDOG_RECEIVER: &str = "watchdog";

const DIGEST: &str = "digest";
