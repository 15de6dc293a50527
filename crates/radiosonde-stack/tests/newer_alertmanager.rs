//! What only later versions of Alertmanager have, in front of one: 0.28, as `--target prometheus3` promises.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

mod support;
#[path = "support/town.rs"]
mod town;

use radiosonde_stack::Target;
use serde_json::{Value, json};
use town::Town;

/// It does not start with a key that it does not know, and what arrives shows that the addresses were read.
#[test]
fn teams_and_addresses_from_files_are_understood_and_used() {
    let town = Town::of(Target::Prometheus3, 0);
    let alert = town.alert("checkout", "CriticalErrorRatio", &[("job", "checkout")]);
    town.alertmanager.tell(&json!([alert]));
    let card: Value =
        serde_json::from_slice(&town.told("/teams", "CriticalErrorRatio").body).unwrap();
    let said = card["attachments"][0]["content"]["body"].to_string();
    assert!(
        said.contains("[FIRING:1] CriticalErrorRatio of checkout"),
        "{card}"
    );
    assert!(
        said.contains("What to do: runbooks/CriticalErrorRatio.md"),
        "{card}"
    );
    town.told("/hook", "CriticalErrorRatio");
}
