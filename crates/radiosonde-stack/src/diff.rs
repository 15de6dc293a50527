//! What a new tree changes for whoever is on call, in words.

use std::collections::BTreeSet;

use crate::manifest::{Entry, Manifest, Promise};
use crate::promql::tokens;

impl Manifest {
    /// Says what is different for whoever is on call once `new` stands in for this one: a sentence for each change, what is
    /// promised first. Without any, nothing changes for them, whatever else does.
    #[must_use]
    pub fn changes(&self, new: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for name in self
            .objectives
            .keys()
            .chain(new.objectives.keys())
            .collect::<BTreeSet<_>>()
        {
            let pair = (self.objectives.get(name), new.objectives.get(name));
            changes.extend(promise(name, pair.0, pair.1));
        }
        for name in self
            .alerts
            .keys()
            .chain(new.alerts.keys())
            .collect::<BTreeSet<_>>()
        {
            match (self.alerts.get(name), new.alerts.get(name)) {
                (None, Some(new)) => changes.push(format!("{name} is new: {}.", told(new))),
                (Some(old), None) => {
                    changes.push(format!(
                        "{name} is gone: {} no longer told of it.",
                        people(&old.receivers)
                    ));
                }
                (Some(old), Some(new)) => changes.extend(alert(name, old, new)),
                (None, None) => {}
            }
        }
        changes
    }
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
    match promise.threshold_seconds {
        Some(threshold) => format!("{percent} % within {threshold} s, over {period}"),
        None => format!("{percent} % answered, over {period}"),
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
        changes.push(format!(
            "{name} fires after {} instead of {}.",
            new.hold, old.hold
        ));
    }
    changes
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
    let people = people(&entry.receivers);
    match (entry.severity.as_str(), entry.digest) {
        ("critical", false) => format!("critical, {people} told at once"),
        (severity, true) => format!("{severity}, {people} told once a day"),
        (severity, false) => format!("{severity}, {people} told"),
    }
}

fn people(receivers: &[String]) -> String {
    match receivers {
        [] => "nobody is".to_owned(),
        [one] => format!("{one} is"),
        several => format!("{} are", several.join(" and ")),
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
            files: [].into(),
        }
    }

    fn entry(severity: &str, expr: &str, receivers: &[&str]) -> Entry {
        Entry {
            severity: severity.to_owned(),
            expr: expr.to_owned(),
            hold: "5m".to_owned(),
            receivers: receivers.iter().map(|name| (*name).to_owned()).collect(),
            digest: severity == "info",
        }
    }

    fn answered(target: f64) -> Promise {
        Promise {
            kind: "availability".to_owned(),
            target,
            threshold_seconds: None,
            period_seconds: 30 * 86_400,
        }
    }

    #[test]
    fn nothing_changes_between_equals() {
        let same = manifest(
            &[("a/X", entry("info", "x > 1", &["mail"]))],
            &[("a/api", answered(0.999))],
        );
        assert_eq!(same.changes(&same), Vec::<String>::new());
    }

    #[test]
    fn each_change_is_one_sentence() {
        let old = manifest(
            &[
                ("a/Gone", entry("warning", "x", &["chat"])),
                (
                    "a/Limit",
                    entry("warning", "x > 0.05\n  and y > 1", &["chat"]),
                ),
                ("a/Other", entry("warning", "x > 1", &["chat"])),
                ("a/Told", entry("warning", "x", &["chat"])),
            ],
            &[("a/api", answered(0.999))],
        );
        let new = manifest(
            &[
                (
                    "a/Limit",
                    entry("warning", "x > 0.02\n  and y > 1", &["chat"]),
                ),
                ("a/New", entry("critical", "x", &["oncall", "chat"])),
                ("a/Other", entry("warning", "x > 1\n  or y", &["chat"])),
                ("a/Told", entry("info", "x", &["mail"])),
            ],
            &[("a/api", answered(0.9995))],
        );
        let expected = [
            "a/api promises something else: 99.95 % answered, over 30 days instead of 99.9 % answered, over 30 days.",
            "a/Gone is gone: chat is no longer told of it.",
            "a/Limit fires at 0.02 instead of 0.05.",
            "a/New is new: critical, oncall and chat are told at once.",
            "a/Other fires on something else: `x > 1 or y` instead of `x > 1`.",
            "a/Told is told otherwise: info, mail is told once a day; until now, warning, chat is told.",
        ];
        assert_eq!(old.changes(&new), expected);
    }
}
