//! The addresses of collectors, looked up by name.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use super::aside::Aside;

/// Asks the system, beside the telemetry thread: how long that takes is nothing that a deadline could change. Clones share
/// their threads.
#[derive(Debug, Clone, Default)]
pub(super) struct Resolver(Arc<Mutex<HashMap<Name, Aside>>>);

impl Resolver {
    /// Returns the threads of a name. One that is not found keeps no other from being found. The names are those of settings.
    fn threads_of(&self, name: &Name) -> Aside {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let threads = names.entry(name.clone());
        threads.or_insert_with(|| Aside::new(THREADS)).clone()
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
        let aside = self.threads_of(&name);
        Box::pin(async move {
            // The port is that of the address that is connected to.
            let look_up = move || (name.as_str(), 0).to_socket_addrs();
            let found = aside.run_in_turn(PATIENCE, look_up).await;
            found.map_err(|undone| io::Error::other(format!("looking up the name {undone}")))?
        })
    }
}

/// How often one name is looked up at once: while an attempt that was given up on hangs, the next one has another go.
const THREADS: usize = 2;

/// How long the system may take, if whoever asks has as much time. It asks another server of names after five seconds.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_has_addresses() {
        let name = "localhost".parse().unwrap();
        let mut found = Resolver::default().call(name).await.unwrap();
        assert!(found.all(|address| address.ip().is_loopback()));
    }

    #[tokio::test]
    async fn a_name_that_hangs_keeps_no_other_from_being_found() {
        let mut resolver = Resolver::default();
        let hangs = resolver.threads_of(&"hangs.invalid".parse().unwrap());
        let (lets_go, waits) = std::sync::mpsc::channel::<()>();
        let waits = Arc::new(Mutex::new(waits));
        for _ in 0..THREADS {
            let waits = waits.clone();
            let hang = move || drop(waits.lock().map(|waits| waits.recv()));
            assert!(hangs.run(Duration::ZERO, hang).await.is_err());
        }
        assert!(resolver.call("localhost".parse().unwrap()).await.is_ok());
        drop(lets_go);
    }
}
