//! What is in the envelopes that a collector has received.

use std::collections::BTreeMap;

use radiosonde_testkit::fault::FaultCollector;
use serde_json::Value;

/// The payloads of all items of this type, oldest first.
pub(crate) fn items(collector: &FaultCollector, kind: &str) -> Vec<Value> {
    let bodies = collector.requests().into_iter().map(|request| request.body);
    bodies.flat_map(|body| items_in(&body, kind)).collect()
}

/// The events, oldest first.
pub(crate) fn events(collector: &FaultCollector) -> Vec<Value> {
    items(collector, "event")
}

/// How many events were told to be lost, by reason: in how many parts that is told depends on when what is sent.
pub(crate) fn discarded(collector: &FaultCollector) -> BTreeMap<String, u64> {
    let mut discarded = BTreeMap::new();
    for report in items(collector, "client_report") {
        for lost in report["discarded_events"].as_array().unwrap() {
            assert_eq!(lost["category"], "error");
            let reason = lost["reason"].as_str().unwrap().to_owned();
            *discarded.entry(reason).or_default() += lost["quantity"].as_u64().unwrap();
        }
    }
    discarded
}

fn items_in(body: &[u8], kind: &str) -> Vec<Value> {
    let mut lines = body.split(|byte| *byte == b'\n');
    let header = lines.next().unwrap();
    assert!(serde_json::from_slice::<Value>(header).is_ok());
    let mut items = Vec::new();
    while let (Some(header), Some(payload)) = (lines.next(), lines.next()) {
        let header: Value = serde_json::from_slice(header).unwrap();
        assert_eq!(header["length"], payload.len());
        if header["type"] == kind {
            items.push(serde_json::from_slice(payload).unwrap());
        }
    }
    items
}
