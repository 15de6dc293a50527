//! What the quickstart promises, and whether it keeps it.

use std::time::Duration;

use radiosonde_testkit::{eventually, service::Service};
use serde_json::Value;

use crate::quickstart;

#[test]
fn failures_spend_its_error_budget() {
    let service = Service::start(&quickstart());
    let budget = || {
        let told: Value = serde_json::from_str(&service.get("/slo").unwrap().text()).unwrap();
        told["budgets"][0].clone()
    };
    let before = budget();
    assert_eq!(
        (&before["slo"], &before["state"]),
        (&"answered".into(), &"kept".into())
    );
    assert_eq!(before["windows"][0]["events"], 0);

    for _ in 0..12 {
        service.get("/fail").unwrap();
    }
    // The last request has ended when its connection says so, which may be after its answer was read.
    eventually("an exhausted budget", Duration::from_mins(1), || {
        let after = budget();
        let period = &after["windows"][7];
        (after["state"] == "exhausted" && period["bad"] == 12).then_some(())
    });
    let text = service.get("/metrics").unwrap().text();
    assert!(
        text.contains("slo_bad_events_total{slo=\"answered\"} 12\n"),
        "{text}"
    );
}
