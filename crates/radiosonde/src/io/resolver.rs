//! The addresses of collectors, looked up by name.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::aside::Aside;

/// Asks the system, beside the telemetry thread: how long that takes is nothing that a deadline could change. Clones share
/// their threads.
#[derive(Debug, Clone)]
pub(super) struct Resolver(Aside);

impl Resolver {
    pub(super) fn new() -> Self {
        Self(Aside::new(THREADS))
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let aside = self.0.clone();
        Box::pin(async move {
            // The port is that of the address that is connected to.
            let look_up = move || (name.as_str(), 0).to_socket_addrs();
            let found = aside.run_in_turn(PATIENCE, look_up).await;
            found.map_err(|undone| io::Error::other(format!("looking up the name {undone}")))?
        })
    }
}

/// How many names are looked up at once. One that hangs does not keep the others from being found.
const THREADS: usize = 2;

/// How long the system may take.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_has_addresses() {
        let name = "localhost".parse().unwrap();
        let mut found = Resolver::new().call(name).await.unwrap();
        assert!(found.all(|address| address.ip().is_loopback()));
    }
}
