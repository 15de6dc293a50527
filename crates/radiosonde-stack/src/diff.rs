//! What a new tree changes for whoever is on call, in words.

use std::collections::{BTreeMap, BTreeSet};

use crate::alertmanager::NOBODY;
use crate::manifest::{Entry, Manifest, Promise};
use crate::promql::tokens;
use crate::receivers;

impl Manifest {
    /// Says what is different for whoever is on call once `new` stands in for this one: a sentence for each change, what is
    /// promised first, then what is told of, then over what, then where to read. Without any, nothing changes for them, whatever else does.
    #[must_use]
    pub fn changes(&self, new: &Self) -> Vec<String> {
        let promises = pairs(&self.objectives, &new.objectives);
        let promises = promises.filter_map(|(name, old, new)| promise(name, old, new));
        let mut changes: Vec<_> = promises.collect();
        // An alert of which something was said needs no word about its page, which says the same.
        let mut said = BTreeSet::new();
        for (key, old, new) in pairs(&self.alerts, &new.alerts) {
            let of_alert = match (old, new) {
                (Some(old), Some(new)) => alert(key, old, new),
                (None, Some(new)) => vec![format!("{key} is new: {}.", told(new))],
                (Some(old), None) => vec![gone(key, old)],
                (None, None) => Vec::new(),
            };
            if !of_alert.is_empty() {
                said.insert(name(key));
            }
            changes.extend(of_alert);
        }
        changes.extend(receivers::changes(self, new));
        if self.runbooks != new.runbooks {
            changes.push(format!(
                "The pages of alerts are at `{}` instead of `{}`.",
                new.runbooks, self.runbooks
            ));
        }
        for (name, old, new) in pairs(&self.pages, &new.pages) {
            let is_other = old.is_some() && new.is_some() && old != new;
            if is_other && !said.contains(name) {
                changes.push(format!(
                    "The page of {name} says something else; when it fires is as before."
                ));
            }
        }
        changes
    }
}

/// Everything that there is in either of two maps.
fn pairs<'a, T>(
    old: &'a BTreeMap<String, T>,
    new: &'a BTreeMap<String, T>,
) -> impl Iterator<Item = (&'a str, Option<&'a T>, Option<&'a T>)> {
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .map(move |name| (name.as_str(), old.get(name), new.get(name)))
}

/// The name of an alert, without its service and what else tells it apart.
fn name(key: &str) -> &str {
    let rest = key.split_once('/').map_or(key, |(_, rest)| rest);
    rest.split(' ').next().unwrap_or(rest)
}

fn promise(name: &str, old: Option<&Promise>, new: Option<&Promise>) -> Option<String> {
    match (old, new) {
        (None, Some(new)) => Some(format!("{name} is promised: {}.", promised(new))),
        (Some(old), None) => Some(format!("{name} is no longer promised: {}.", promised(old))),
        (Some(old), Some(new)) if old != new => Some(format!(
            "{name} promises something else: {} instead of {}.",
            promised(new),
            promised(old)
        )),
        _ => None,
    }
}

fn promised(promise: &Promise) -> String {
    let percent = format!("{:.8}", promise.target * 100.0);
    let percent = percent.trim_end_matches('0').trim_end_matches('.');
    let hours = promise.period_seconds / 3_600;
    let period = match (hours / 24, hours % 24) {
        (days, 0) => format!("{days} days"),
        _ => format!("{hours} hours"),
    };
    let routes = promise.routes.join(" and ");
    let requests = match promise.scope.as_str() {
        "group" => format!("of the requests to {routes}"),
        "each" => format!("of the requests to each of {routes}"),
        _ => "of all requests".to_owned(),
    };
    match promise.threshold_seconds {
        Some(threshold) => format!("{percent} % {requests} within {threshold} s, over {period}"),
        None => format!("{percent} % {requests} answered, over {period}"),
    }
}

/// What is different about an alert that there is in both.
fn alert(name: &str, old: &Entry, new: &Entry) -> Vec<String> {
    let mut changes = Vec::new();
    if (&old.severity, &old.receivers, old.digest) != (&new.severity, &new.receivers, new.digest) {
        changes.push(format!(
            "{name} is told otherwise: {}; until now, {}.",
            told(new),
            told(old)
        ));
    }
    if old.team != new.team {
        let team = |entry: &Entry| entry.team.clone().unwrap_or_else(|| "no team".to_owned());
        changes.push(format!(
            "{name} belongs to {} instead of {}.",
            team(new),
            team(old)
        ));
    }
    if old.expr != new.expr {
        changes.push(match numbers(&old.expr, &new.expr) {
            Some(pairs) => format!("{name} fires at {pairs}."),
            None => format!(
                "{name} fires on something else: `{}` instead of `{}`.",
                line(&new.expr),
                line(&old.expr)
            ),
        });
    }
    if old.hold != new.hold {
        let held = |hold: &str| match hold {
            "0s" => "at once".to_owned(),
            hold => format!("after {hold}"),
        };
        let (new, old) = (held(&new.hold), held(&old.hold));
        changes.push(format!("{name} fires {new} instead of {old}."));
    }
    if old.keep != new.keep {
        let kept = |keep: &str| match keep {
            "0s" => "at once".to_owned(),
            keep => format!("{keep} later"),
        };
        let (new, old) = (kept(&new.keep), kept(&old.keep));
        changes.push(format!(
            "{name} is over {new} instead of {old} when it no longer holds."
        ));
    }
    changes
}

fn gone(name: &str, old: &Entry) -> String {
    match people(&old.receivers) {
        None => format!("{name} is gone; nobody was told of it."),
        Some(people) => format!("{name} is gone: {people} no longer told of it."),
    }
}

/// Says which numbers differ, when nothing else does.
fn numbers(old: &str, new: &str) -> Option<String> {
    let (old, new) = (tokens(old), tokens(new));
    if old.len() != new.len() {
        return None;
    }
    let mut pairs = Vec::new();
    for (old, new) in old.into_iter().zip(new) {
        let are_numbers = [old, new]
            .iter()
            .all(|token| token.starts_with(|c: char| c.is_ascii_digit()));
        match old == new {
            true => {}
            false if are_numbers => pairs.push(format!("{new} instead of {old}")),
            false => return None,
        }
    }
    pairs.dedup();
    Some(pairs.join(" and "))
}

fn told(entry: &Entry) -> String {
    let severity = &entry.severity;
    let Some(people) = people(&entry.receivers) else {
        return format!("{severity}, nobody is told");
    };
    match (severity.as_str(), entry.digest) {
        (_, true) => format!("{severity}, {people} told once a day"),
        ("critical", false) => format!("{severity}, {people} told at once"),
        (_, false) => format!("{severity}, {people} told"),
    }
}

/// Says who they are, if anybody: one who tells nobody is none.
fn people(receivers: &[String]) -> Option<String> {
    let receivers: Vec<_> = receivers
        .iter()
        .map(String::as_str)
        .filter(|name| *name != NOBODY)
        .collect();
    match receivers.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is")),
        several => Some(format!("{} are", several.join(" and "))),
    }
}

fn line(expr: &str) -> String {
    let words: Vec<_> = expr.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(alerts: &[(&str, Entry)], objectives: &[(&str, Promise)]) -> Manifest {
        let owned = |name: &str| name.to_owned();
        Manifest {
            version: 1,
            catalogues: [].into(),
            alerts: alerts
                .iter()
                .map(|(name, entry)| (owned(name), entry.clone()))
                .collect(),
            objectives: objectives
                .iter()
                .map(|(name, promise)| (owned(name), promise.clone()))
                .collect(),
            receivers: None,
            digest_hour: None,
            runbooks: owned("runbooks"),
            pages: alerts
                .iter()
                .map(|(key, _)| (owned(name(key)), owned("1")))
                .collect(),
            files: [].into(),
        }
    }

    fn entry(severity: &str, expr: &str, receivers: &[&str]) -> Entry {
        Entry {
            severity: severity.to_owned(),
            team: None,
            expr: expr.to_owned(),
            hold: "5m".to_owned(),
            keep: "0s".to_owned(),
            receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
            digest: severity == "info",
        }
    }

    fn answered() -> Promise {
        Promise {
            kind: "availability".to_owned(),
            target: 0.999,
            threshold_seconds: None,
            period_seconds: 30 * 86_400,
            scope: "all".to_owned(),
            routes: Vec::new(),
        }
    }

    /// What is said when one alert is another one, and its page says so, too.
    fn said(old: Entry, new: Entry) -> Vec<String> {
        let manifest = |entry| manifest(&[("a/X (api, fast)", entry)], &[]);
        let (old, mut new) = (manifest(old), manifest(new));
        new.pages.insert("X".to_owned(), "2".to_owned());
        old.changes(&new)
    }

    /// What is said when one promise is another one.
    fn said_of(new: Promise) -> Vec<String> {
        let of = |promise| manifest(&[], &[("a/api", promise)]);
        of(answered()).changes(&of(new))
    }

    #[test]
    fn nothing_changes_between_equals() {
        let same = manifest(
            &[("a/X", entry("info", "x > 1", &["mail"]))],
            &[("a/api", answered())],
        );
        assert_eq!(same.changes(&same), Vec::<String>::new());
    }

    #[test]
    fn what_comes_and_goes_is_told_with_who_is_told_of_it() {
        let old = manifest(
            &[
                ("a/Alone", entry("warning", "x", &["nobody"])),
                ("a/Gone", entry("warning", "x", &["chat"])),
            ],
            &[("a/old", answered())],
        );
        let new = manifest(
            &[
                ("a/Daily", entry("info", "x", &["mail"])),
                ("a/New", entry("critical", "x", &["oncall", "chat"])),
                ("a/Unheard", entry("warning", "x", &["nobody"])),
            ],
            &[("a/web", answered())],
        );
        let expected = [
            "a/old is no longer promised: 99.9 % of all requests answered, over 30 days.",
            "a/web is promised: 99.9 % of all requests answered, over 30 days.",
            "a/Alone is gone; nobody was told of it.",
            "a/Daily is new: info, mail is told once a day.",
            "a/Gone is gone: chat is no longer told of it.",
            "a/New is new: critical, oncall and chat are told at once.",
            "a/Unheard is new: warning, nobody is told.",
        ];
        assert_eq!(old.changes(&new), expected);
    }

    #[test]
    fn another_severity_route_or_team_is_told() {
        let old = || entry("warning", "x", &["chat"]);
        assert_eq!(
            said(old(), entry("info", "x", &["mail"])),
            [
                "a/X (api, fast) is told otherwise: info, mail is told once a day; until now, warning, chat is told."
            ]
        );
        assert_eq!(
            said(old(), entry("warning", "x", &["nobody"])),
            [
                "a/X (api, fast) is told otherwise: warning, nobody is told; until now, warning, chat is told."
            ]
        );
        let of_team = |team: &str| Entry {
            team: Some(team.to_owned()),
            ..old()
        };
        assert_eq!(
            said(old(), of_team("shop")),
            ["a/X (api, fast) belongs to shop instead of no team."]
        );
        assert_eq!(
            said(of_team("web"), of_team("shop")),
            ["a/X (api, fast) belongs to shop instead of web."]
        );
    }

    #[test]
    fn another_condition_is_told_by_its_numbers_when_only_they_differ() {
        let of = |expr| entry("warning", expr, &["chat"]);
        assert_eq!(
            said(of("x > 0.05\n  and y > 1"), of("x > 0.02\n  and y > 1")),
            ["a/X (api, fast) fires at 0.02 instead of 0.05."]
        );
        assert_eq!(
            said(of("x > 1"), of("x > 1\n  or y")),
            ["a/X (api, fast) fires on something else: `x > 1 or y` instead of `x > 1`."]
        );
    }

    #[test]
    fn another_time_before_and_after_is_told() {
        let lasting = |hold: &str, keep: &str| Entry {
            hold: hold.to_owned(),
            keep: keep.to_owned(),
            ..entry("warning", "x", &["chat"])
        };
        assert_eq!(
            said(lasting("5m", "0s"), lasting("10m", "0s")),
            ["a/X (api, fast) fires after 10m instead of after 5m."]
        );
        assert_eq!(
            said(lasting("5m", "0s"), lasting("0s", "5m")),
            [
                "a/X (api, fast) fires at once instead of after 5m.",
                "a/X (api, fast) is over 5m later instead of at once when it no longer holds."
            ]
        );
    }

    #[test]
    fn another_target_kind_period_or_scope_of_a_promise_is_told() {
        let until_now = "instead of 99.9 % of all requests answered, over 30 days.";
        for (new, expected) in [
            (
                Promise {
                    target: 0.9995,
                    ..answered()
                },
                "99.95 % of all requests answered, over 30 days",
            ),
            (
                Promise {
                    kind: "latency".to_owned(),
                    threshold_seconds: Some(0.3),
                    ..answered()
                },
                "99.9 % of all requests within 0.3 s, over 30 days",
            ),
            (
                Promise {
                    period_seconds: 36 * 3_600,
                    ..answered()
                },
                "99.9 % of all requests answered, over 36 hours",
            ),
            (
                Promise {
                    scope: "group".to_owned(),
                    routes: vec!["/a".to_owned(), "/b".to_owned()],
                    ..answered()
                },
                "99.9 % of the requests to /a and /b answered, over 30 days",
            ),
            (
                Promise {
                    scope: "each".to_owned(),
                    routes: vec!["/a".to_owned(), "/b".to_owned()],
                    ..answered()
                },
                "99.9 % of the requests to each of /a and /b answered, over 30 days",
            ),
        ] {
            let expected = format!("a/api promises something else: {expected} {until_now}");
            assert_eq!(said_of(new), [expected]);
        }
    }

    #[test]
    fn pages_that_move_or_say_something_else_are_told() {
        let alerts = [
            ("a/X", entry("warning", "x", &["chat"])),
            ("b/X", entry("warning", "x", &["chat"])),
        ];
        let old = manifest(&alerts, &[]);
        let mut new = old.clone();
        new.runbooks = "https://wiki.example".to_owned();
        new.pages.insert("X".to_owned(), "2".to_owned());
        let expected = [
            "The pages of alerts are at `https://wiki.example` instead of `runbooks`.",
            "The page of X says something else; when it fires is as before.",
        ];
        assert_eq!(old.changes(&new), expected);
    }
}
