//! Connections that another protocol takes over, such as that of web sockets.

use std::sync::OnceLock;
use std::time::Instant;

use axum::response::Response;
use radiosonde_tower::Upgrade;

/// The other protocol of a connection, once there is one. It ends with the connection.
#[derive(Debug, Default)]
pub(super) struct Taken(OnceLock<(Upgrade, Instant)>);

impl Taken {
    /// Takes note of an answer, which may be the last one of HTTP.
    pub(super) fn note(&self, response: &Response) {
        if let Some(upgrade) = response.extensions().get::<Upgrade>() {
            let _ = self.0.set((*upgrade, Instant::now()));
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some((upgrade, since)) = self.0.take() {
            upgrade.lasted(since.elapsed());
        }
    }
}
