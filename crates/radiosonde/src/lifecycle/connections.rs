//! The connections of a server: accepted, drained, cut.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::{Request, Version, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use radiosonde_axum::{AcceptFailures, ConnectionMetrics};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower_service::Service as _;

use super::socket::{Held, Scissors, Socket};
use super::taken::Taken;
use super::talk::{Awaited, Part, Patience, Talk};
use crate::config::ConnectionSettings;

/// The open connections of a listener.
pub(crate) struct Connections {
    listener: TcpListener,
    failures: AcceptFailures,
    places: Arc<Semaphore>,
    settings: ConnectionSettings,
    /// None for connections that are not those of the service.
    metrics: Option<ConnectionMetrics>,
    app: Router,
    http: Builder<Counted>,
    alive: mpsc::Sender<Infallible>,
    open: Open,
}

/// What is served: a task for each connection, others for the streams of HTTP/2, and sockets that were upgraded.
pub(crate) struct Open {
    connections: JoinSet<()>,
    /// Tells connections that the one that is answered is their last request.
    ending: watch::Sender<bool>,
    sockets: Vec<Scissors>,
    /// Ends when the last task and the last socket have.
    alive: mpsc::Receiver<Infallible>,
}

impl Connections {
    pub(crate) fn new(
        listener: TcpListener,
        settings: ConnectionSettings,
        metrics: Option<ConnectionMetrics>,
        app: Router,
    ) -> Self {
        let (counted, alive) = Counted::new();
        let kept = counted.0.clone();
        let mut http = Builder::new(counted);
        // A client that is gone would otherwise hold its connection for ever.
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(settings.idle_timeout);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(Some(SILENCE))
            .enable_connect_protocol();
        Self {
            listener,
            failures: AcceptFailures::new(metrics.clone()),
            places: Arc::new(Semaphore::new(settings.most)),
            settings,
            metrics,
            // Applies the layers once; otherwise each connection would.
            app: app.with_state(()),
            http,
            alive: kept,
            open: Open {
                connections: JoinSet::new(),
                ending: watch::Sender::new(false),
                sockets: Vec::new(),
                alive,
            },
        }
    }

    /// Accepts and serves connections until this future is dropped. It may be called again.
    pub(crate) async fn accept(&mut self) {
        loop {
            tokio::select! {
                (place, accepted) = next(&self.listener, &self.places) => self.take(place, accepted).await,
                // A connection that ended, well or in a panic, is nobody's concern any more.
                Some(_) = self.open.connections.join_next() => {}
            }
        }
    }

    /// Returns how many connections are open, those that were upgraded too.
    pub(crate) fn open(&mut self) -> usize {
        self.open.count()
    }

    /// Accepts no more, and returns what is open.
    pub(crate) fn finish(self) -> Open {
        self.open
    }

    async fn take(
        &mut self,
        place: OwnedSemaphorePermit,
        accepted: io::Result<(TcpStream, SocketAddr)>,
    ) {
        if let Some((stream, peer)) = self.failures.settle(accepted).await {
            // Small responses should not wait for the acknowledgement of what went before.
            let _ = stream.set_nodelay(true);
            self.serve(stream, peer, place);
        }
    }

    fn serve<S>(&mut self, stream: S, peer: SocketAddr, place: OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (app, talk) = (self.app.clone(), Arc::<Talk>::default());
        let (taken, heard) = (Arc::<Taken>::default(), Arc::clone(&talk));
        let notes = Arc::clone(&taken);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let in_flight = heard.asked(request.version());
            request.extensions_mut().insert(ConnectInfo(peer));
            // Of HTTP/2, one stream is taken over, whose end is not seen here.
            let notes = (request.version() < Version::HTTP_2).then(|| Arc::clone(&notes));
            let asked = in_flight.clone();
            let request = request.map(|body| Body::new(Part::new(body, asked)));
            let answer = app.clone().call(request);
            async move {
                let Ok(response) = answer.await;
                if let Some(notes) = notes {
                    notes.note(&response);
                }
                Ok::<_, Infallible>(response.map(|body| Part::new(body, in_flight)))
            }
        });
        let held = Held {
            _place: place,
            _open: self.metrics.as_ref().map(ConnectionMetrics::opened),
            _alive: self.alive.clone(),
            _taken: taken,
        };
        let (socket, scissors) = Socket::new(stream, Arc::clone(&talk), held);
        let connection = self
            .http
            .serve_connection_with_upgrades(TokioIo::new(socket), service);
        let connection = connection.into_owned();
        let mut patience = Patience::new(talk, self.settings);
        let mut ending = self.open.ending.subscribe();
        self.open.connections.spawn(async move {
            let mut connection = std::pin::pin!(connection);
            let mut ends = false;
            loop {
                tokio::select! {
                    biased;
                    // A connection that breaks is the client's affair; what it did to its request is counted by the layer.
                    _ = connection.as_mut() => return,
                    _ = ending.wait_for(|ending| *ending), if !ends => {}
                    awaited = patience.end(), if !ends => {
                        if awaited != Awaited::Request {
                            return;
                        }
                    }
                }
                connection.as_mut().graceful_shutdown();
                ends = true;
            }
        });
        self.open.remember(scissors);
    }
}

/// Waits for a place among the connections, and then for who takes it.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, io::Result<(TcpStream, SocketAddr)>) {
    let Ok(place) = Arc::clone(places).acquire_owned().await else {
        // Nobody closes it.
        return pending().await;
    };
    (place, listener.accept().await)
}

impl Open {
    /// Returns how many connections are open, those that were upgraded too.
    pub(crate) fn count(&mut self) -> usize {
        self.sockets.retain(Scissors::is_open);
        self.sockets.len()
    }

    /// Asks every connection to end, and waits until all have: with their last request, and the upgraded ones when whoever
    /// took them lets go.
    pub(crate) async fn end(&mut self) {
        self.ending.send_replace(true);
        // Nobody sends anything: this is the end of the last sender.
        self.alive.recv().await;
    }

    /// Cuts what is open, and waits until every request in it has been dropped; not for one that blocks its thread.
    pub(crate) async fn cut(mut self) {
        for socket in &self.sockets {
            socket.cut();
        }
        let all = async {
            self.connections.shutdown().await;
            self.alive.recv().await;
        };
        let _ = timeout(CUT, all).await;
    }

    /// Keeps what cuts a socket, and lets go of those that have closed, now and then.
    fn remember(&mut self, socket: Scissors) {
        if self.sockets.len() == self.sockets.capacity() {
            self.sockets.retain(Scissors::is_open);
            // Not before as many have come again: else those that stay would be looked at with each that comes.
            self.sockets.reserve(self.sockets.len().max(1));
        }
        self.sockets.push(socket);
    }
}

/// Spawns the tasks that connections ask for, and knows when all have ended.
#[derive(Clone)]
struct Counted(mpsc::Sender<Infallible>);

impl Counted {
    fn new() -> (Self, mpsc::Receiver<Infallible>) {
        let (alive, ended) = mpsc::channel(1);
        (Self(alive), ended)
    }
}

impl<F> hyper::rt::Executor<F> for Counted
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, task: F) {
        let alive = self.0.clone();
        tokio::spawn(async move {
            let _alive = alive;
            task.await
        });
    }
}

/// How long a connection of HTTP/2 may say nothing before it is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(30);

/// How long cutting may take.
const CUT: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
