//! Serving a router, from the first request to the last.

use std::fmt;
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::connections::Connections;
use super::probe_thread::ProbeThread;
use super::signal::Signals;
use crate::Sonde;

impl Sonde {
    /// Serves `app` on `address`, such as `0.0.0.0:8080`, until a signal ends the process: SIGTERM, or Ctrl-C.
    ///
    /// Then readiness turns red at once; requests are accepted for the drain delay; those in flight, streams and upgraded
    /// connections may end until the drain timeout, and are cut after it; telemetry is flushed. A second signal skips the
    /// drain delay, one more the drain timeout.
    ///
    /// Where [`Config::admin_addr`](crate::Config::admin_addr) or [`Config::probe_addr`](crate::Config::probe_addr) is set,
    /// it listens there, too, until the very end.
    ///
    /// # Errors
    ///
    /// Returns [`ServeError`] when an address cannot be listened on. Nothing that happens later is an error.
    pub async fn serve(&self, address: impl AsRef<str>, app: Router) -> Result<(), ServeError> {
        self.bind(address).await?.serve(app).await;
        Ok(())
    }

    /// Listens on `address`, and returns the server that will accept. For services that want to know the port first.
    ///
    /// With `RADIOSONDE_PRINT_CATALOGUE` in the environment it prints the catalogue and ends the process: what the service
    /// declares is known by now, and nothing has begun. Metrics that it declares later, when something is first asked of it,
    /// change the catalogue and not its hash.
    ///
    /// # Errors
    ///
    /// Returns [`ServeError`] when an address cannot be listened on.
    pub async fn bind(&self, address: impl AsRef<str>) -> Result<Server, ServeError> {
        self.settle_catalogue();
        self.watch_runtime();
        let (listener, local) = listen(address.as_ref()).await?;
        let admin = match self.admin_addr() {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        Ok(Server {
            sonde: self.clone(),
            listener,
            local,
            admin,
            probes: self.start_probe_thread()?,
        })
    }

    /// Serves what is for administrators on the address that [`Config::admin_addr`](crate::Config::admin_addr) set, for
    /// services that serve themselves. It never ends: spawn it. [`serve`](Self::serve) does it by itself.
    ///
    /// Without such an address it waits for ever.
    ///
    /// # Errors
    ///
    /// Returns [`ServeError`] when the address cannot be listened on.
    pub async fn serve_admin(&self) -> Result<(), ServeError> {
        let Some(address) = self.admin_addr() else {
            return std::future::pending().await;
        };
        let admin = listen(address).await?;
        serve_admin(self.clone(), admin).await;
        Ok(())
    }

    /// Starts the thread that answers probes on the address that [`Config::probe_addr`](crate::Config::probe_addr) set, for
    /// services that serve themselves; none without such an address. [`serve`](Self::serve) does it by itself.
    ///
    /// # Errors
    ///
    /// Returns [`ServeError`] when the address cannot be listened on, when no thread can be started, and outside a Tokio
    /// runtime: it is the one that is watched.
    pub fn start_probe_thread(&self) -> Result<Option<ProbeThread>, ServeError> {
        let Some(address) = self.probe_addr() else {
            return Ok(None);
        };
        let app = self.endpoints().probe_router();
        let thread = ProbeThread::start(address, self.connections(), self.health(), app);
        let thread = thread.map_err(|source| ServeError::new(address, source))?;
        Ok(Some(thread))
    }
}

/// A listening server. Made by [`Sonde::bind`].
#[derive(Debug)]
#[must_use = "it accepts nothing until `serve` is called"]
pub struct Server {
    sonde: Sonde,
    listener: TcpListener,
    local: SocketAddr,
    admin: Option<(TcpListener, SocketAddr)>,
    probes: Option<ProbeThread>,
}

impl Server {
    /// Returns the address that it listens on, with the port that the system chose if that was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Returns the address where it listens for administrators, if it does.
    #[must_use]
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(|(_, address)| *address)
    }

    /// Returns the address where a thread of its own answers probes, if one does.
    #[must_use]
    pub fn probe_addr(&self) -> Option<SocketAddr> {
        self.probes.as_ref().map(ProbeThread::local_addr)
    }

    /// Serves `app` as [`Sonde::serve`] does.
    pub async fn serve(self, app: Router) {
        let Self {
            sonde,
            listener,
            local,
            admin,
            probes: _probes,
        } = self;
        let (ending, mut signals) = (sonde.ending(), Signals::listen());
        let metrics = Some(sonde.connection_metrics());
        let mut connections = Connections::new(listener, sonde.connections(), metrics, app);
        // Ended by being dropped, last of all.
        let mut administrators = JoinSet::new();
        if let Some(admin) = admin {
            administrators.spawn(serve_admin(sonde.clone(), admin));
        }
        tracing::info!(target: "radiosonde", "listening on http://{local}");

        tokio::select! {
            () = connections.accept() => {}
            () = ending.stop_accepting(&mut signals) => {}
        }
        tracing::info!(target: "radiosonde", connections = connections.open(), "accepting no more requests");

        let mut open = connections.finish();
        tokio::select! {
            () = open.end() => {}
            waited = ending.cut(&mut signals) => {
                let connections = open.count();
                tracing::warn!(target: "radiosonde", connections, ?waited, "cutting what is still open");
            }
        }
        // Cut before the flush, so that what is cut is counted and sent, too.
        open.cut().await;
        let report = sonde.shutdown(sonde.lifecycle().flush_timeout).await;
        tracing::debug!(target: "radiosonde", "{report}");
    }
}

async fn listen(address: &str) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listening = super::listen::listen(address).await;
    listening.map_err(|source| ServeError::new(address, source))
}

async fn serve_admin(sonde: Sonde, (listener, local): (TcpListener, SocketAddr)) {
    tracing::info!(target: "radiosonde", "administrators are listened for on http://{local}");
    let app = sonde.admin_router();
    let mut connections = Connections::new(listener, sonde.connections(), None, app);
    connections.accept().await;
}

/// The address cannot be listened on.
///
/// `Debug` writes the same sentence as `Display`, because that is what a `main` that returns the error prints.
#[derive(thiserror::Error)]
#[error("cannot listen on {address}: {source}{}", advice(source))]
#[non_exhaustive]
pub struct ServeError {
    address: String,
    source: std::io::Error,
}

impl ServeError {
    fn new(address: &str, source: std::io::Error) -> Self {
        Self {
            address: address.to_owned(),
            source,
        }
    }
}

impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "; end the other program that listens there, or choose another port"
        }
        std::io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need a privilege: choose one above"
        }
        _ => "",
    }
}
