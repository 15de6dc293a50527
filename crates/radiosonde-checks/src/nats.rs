//! NATS.

use async_nats::Client;
use async_nats::connection::State;
use futures_util::StreamExt as _;
use radiosonde_health::{Check, CheckFailed};

/// Makes a check that sends a message to ourselves through the server, by a clone of this client.
///
/// The client needs the right to publish to its inbox, as requests do.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = async_nats::connect("nats://localhost:4222").await?;
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::nats::check("events", &client))?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, client: &Client) -> Check {
    let client = client.clone();
    Check::new(name, move || {
        let client = client.clone();
        async move {
            if client.connection_state() != State::Connected {
                // It would wait until there is one.
                return Err(CheckFailed::new("there is no connection"));
            }
            let inbox = client.new_inbox();
            let mut messages = client.subscribe(inbox.clone()).await?;
            client.publish(inbox, Vec::new().into()).await?;
            let message = messages.next().await;
            message.map_or_else(|| Err(CheckFailed::new("the connection ended")), |_| Ok(()))
        }
    })
}
