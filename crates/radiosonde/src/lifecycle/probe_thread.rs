//! Probes that are answered on a thread of their own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use axum::Router;
use radiosonde_health::Health;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::connections::Connections;
use crate::config::ConnectionSettings;
use crate::io::OwnRuntime;

/// A thread that answers probes and watches the runtime of the service. Dropping this ends it.
#[derive(Debug)]
#[must_use = "dropping it ends the thread"]
pub struct ProbeThread {
    address: SocketAddr,
    _end: oneshot::Sender<()>,
}

impl ProbeThread {
    /// Returns the address that it listens on, with the port that the system chose if that was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Starts to answer at `address`, and to watch the runtime around this call.
    pub(crate) fn start(
        address: &str,
        settings: ConnectionSettings,
        health: &Health,
        app: Router,
    ) -> io::Result<Self> {
        let service = Handle::try_current().map_err(io::Error::other)?;
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let own = OwnRuntime::new(Builder::new_current_thread().enable_all())?;
        // All that can fail and all that is done once is done here. The thread answers, and its stack stays small.
        let mut connections = {
            let _inside = own.handle().enter();
            let listener = tokio::net::TcpListener::from_std(listener)?;
            Connections::new(listener, settings, None, app)
        };
        own.handle().spawn(health.watch_runtime(&service));
        let (end, ended) = oneshot::channel();
        let answer = async move {
            tokio::select! {
                () = connections.accept() => {}
                _ = ended => {}
            }
        };
        thread::Builder::new()
            .name("radiosonde-probes".into())
            .spawn(move || own.block_on(answer))?;
        Ok(Self { address, _end: end })
    }
}
