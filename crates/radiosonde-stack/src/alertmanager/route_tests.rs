//! Tests of the routes: for every kind of alert that there is, who is told.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::config::dead_man;
use crate::Stack;
use crate::alerts::WATCHDOG;

/// Returns a script that asks `amtool` about every combination of labels that alerts have, and fails when it disagrees.
pub(super) fn script(stack: &Stack) -> String {
    let notifications = &stack.options().notifications;
    let mut script = String::from(HEAD);
    let told = format!("alertname={WATCHDOG}");
    line(&[dead_man(notifications)], [told], &mut script);
    let kinds: BTreeSet<_> = stack
        .alerts()
        .into_iter()
        .filter(|alert| alert.name != WATCHDOG)
        .map(|alert| alert.routed())
        .collect();
    for labels in kinds {
        let told = notifications.told(&labels);
        let labels = labels
            .iter()
            .map(|(label, value)| format!("{label}={value}"));
        line(&told, labels, &mut script);
    }
    script
}

fn line(told: &[&str], labels: impl IntoIterator<Item = String>, script: &mut String) {
    let labels: Vec<_> = labels.into_iter().collect();
    // Writing to a `String` cannot fail.
    let _ = writeln!(script, "told {} {}", told.join(","), labels.join(" "));
}

const HEAD: &str = r#"# Who is told of which alert: `sh alertmanager/test-routes.sh`. It needs amtool.
set -eu
cd "$(dirname "$0")"

told() {
    receivers=$1
    shift
    amtool config routes test --config.file=alertmanager.yml --verify.receivers="$receivers" "$@" > /dev/null 2>&1 || {
        echo "not told to $receivers: $*" >&2
        exit 1
    }
}

"#;
