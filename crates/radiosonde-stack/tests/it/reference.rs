//! The reference page of the alerts, made from their tables and compared with what is written.

use std::fmt::Write as _;

use radiosonde_stack::alerts::packs::PACKS;
use radiosonde_stack::alerts::{CATEGORIES, Category};
use radiosonde_stack::prometheus::RECORDS;
use radiosonde_stack::settings::{HOLDS, SETTINGS};

#[test]
fn the_reference_page_lists_every_alert_and_every_threshold() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/reference/alerts.md"
    );
    if std::env::var_os("RADIOSONDE_WRITE_DOCS").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        written,
        page(),
        "run the test with RADIOSONDE_WRITE_DOCS=1 and commit {path}"
    );
}

fn page() -> String {
    let mut page = String::from(
        "# Alerts\n\nWhat `radiosonde stack` writes for every service, beside the tiers of its objectives. Expressions stand here \
         without\nthe matcher of the service; a word behind `$` is a threshold, and `stack.toml` sets it.\n",
    );
    for category in CATEGORIES {
        group(category, 2, &mut page);
    }
    page.push_str("\n## Packs\n\nThey are written when `packs` in the settings names them.\n");
    for pack in PACKS {
        group(pack, 3, &mut page);
    }
    page.push_str("\n## Thresholds\n\n| name | default | why |\n|---|---|---|\n");
    for setting in SETTINGS {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} |",
            setting.name, setting.default, setting.reason
        );
    }
    page.push_str(
        "\n## Holds\n\nThe last column of the tables above: for how long it has to be so. `holds` in the settings changes that of an \
         alert, for all\nservices or for one.\n\n| for | why |\n|---|---|\n",
    );
    for hold in HOLDS {
        let _ = writeln!(page, "| {} | {} |", hold.hold, hold.reason);
    }
    page.push_str("\n## Recorded series\n\n| name | expression |\n|---|---|\n");
    for record in RECORDS.iter().flat_map(|(_, records)| *records) {
        let _ = writeln!(page, "| `{}` | `{}` |", record.name, line(record.expr));
    }
    page
}

fn group(category: &Category, depth: usize, page: &mut String) {
    let name = &category.name;
    let (first, rest) = name.split_at(1);
    let _ = write!(
        page,
        "\n{} {}{rest}\n\n{}\n\n| alert | severity | fires on | for |\n|---|---|---|---|\n",
        "#".repeat(depth),
        first.to_uppercase(),
        category.about
    );
    for alert in category.alerts {
        let (name, severity, hold) = (alert.name, alert.severity.as_str(), alert.hold);
        let _ = writeln!(
            page,
            "| `{name}` | {severity} | `{}` | {hold} |",
            line(alert.expr)
        );
    }
}

/// An expression in a cell: on one line, and with no bar that would end it.
fn line(expr: &str) -> String {
    let words: Vec<_> = expr.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}
