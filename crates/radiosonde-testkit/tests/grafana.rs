//! The readers of dashboards, against a good one and ones that are not.

use radiosonde_testkit::grafana::{check_types, round_trip};
use serde_json::{Value, json};

fn dashboard() -> Value {
    json!({
        "annotations": { "list": [] },
        "panels": [{
            "datasource": { "type": "prometheus", "uid": "a" },
            "fieldConfig": {
                "defaults": { "custom": { "align": "auto", "cellOptions": { "type": "auto" }, "inspect": false }, "unit": "s" },
                "overrides": [],
            },
            "gridPos": { "h": 1, "w": 1, "x": 0, "y": 0 },
            "id": 1,
            "options": { "frameIndex": 0, "showHeader": true },
            "targets": [{ "datasource": { "type": "prometheus", "uid": "a" }, "expr": "up", "refId": "A" }],
            "title": "Up",
            "type": "table",
        }],
        "schemaVersion": 42,
        "title": "All",
    })
}

fn with(pointer: &str, value: Value) -> String {
    let mut dashboard = dashboard();
    let (parent, member) = pointer.rsplit_once('/').unwrap_or_default();
    dashboard.pointer_mut(parent).expect("a parent")[member] = value;
    dashboard.to_string()
}

#[test]
fn a_good_dashboard_has_the_types_of_the_schema() {
    let good = dashboard().to_string();
    check_types([good.as_str()]).unwrap_or_else(|fault| panic!("{fault}"));
}

#[test]
fn what_the_schema_does_not_know_is_named() {
    let wrong = [
        with("/titel", json!("All")),
        with("/panels/0/titles", json!("Up")),
        with("/panels/0/options/showHeaders", json!(true)),
        with("/panels/0/options/showHeader", json!("yes")),
        with(
            "/panels/0/fieldConfig/defaults/custom/align",
            json!("middle"),
        ),
    ];
    let said = check_types(wrong.iter().map(String::as_str)).expect_err("faults");
    for fault in ["titel", "titles", "showHeaders", "boolean", "middle"] {
        assert!(said.contains(fault), "{fault}: {said}");
    }
    assert_eq!(said.matches("error TS").count(), wrong.len(), "{said}");
}

#[test]
fn what_does_not_come_back_is_named() {
    assert_eq!(round_trip(&dashboard().to_string()), Vec::<String>::new());
    let target = with("/panels/0/targets/0/expresion", json!("up"));
    assert_eq!(
        round_trip(&target),
        [".panels[0].targets[0].expresion is unknown"]
    );
    let unit = with("/panels/0/fieldConfig/defaults/unit", json!("jiffies"));
    assert_eq!(round_trip(&unit), ["jiffies is no unit"]);
}
