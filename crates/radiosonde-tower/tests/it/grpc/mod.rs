//! Calls of gRPC, by tonic at both ends.

mod caller;
mod known_length;
mod orders;
mod served;

use radiosonde_metrics::Registry;

use crate::script::total;

/// Waits until no call is in flight, which a caller knows before its server does.
async fn settled(registry: &Registry) {
    let active = || {
        total(registry, "rpc_active_requests", "")
            + total(registry, "rpc_client_active_requests", "")
    };
    while active() != 0.0 {
        tokio::task::yield_now().await;
    }
}

/// Asserts that the text has a line.
#[track_caller]
fn assert_line(registry: &Registry, line: &str) {
    let text = registry.render();
    assert!(text.lines().any(|other| other == line), "{line}\n{text}");
}
