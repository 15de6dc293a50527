//! hyper's server around a service, with and without the layer.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use radiosonde_metrics::Registry;
use radiosonde_tower::{ObserveLayer, ObserveOptions};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tower_layer::Layer as _;
use tower_service::Service;

/// A server that accepts connections until it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    accepting: AbortHandle,
    /// Ends when it accepts no more, and the last connection and the last request have ended.
    alive: mpsc::Receiver<Infallible>,
}

impl Server {
    /// Serves what a function answers.
    pub(super) async fn bare<F, A, B>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        Self::start(service(answer)).await
    }

    /// Serves the same with the layer around it.
    pub(super) async fn observed<F, A, B>(answer: F, registry: &Registry) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<B>> + Send + 'static,
        B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        let layer = ObserveLayer::new(registry, ObserveOptions::new().body_sizes(true));
        Self::start(layer.layer(service(answer))).await
    }

    async fn start<S, B>(service: S) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
        B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (executor, alive) = Counted::new();
        let accepting = tokio::spawn(async move {
            let mut http = Builder::new(executor.clone());
            // It changes each second, and the answers are compared.
            http.http1().auto_date_header(false);
            http.http2().auto_date_header(false);
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // What a body sends after a pause would wait for the acknowledgement of what it sent before.
                stream.set_nodelay(true).unwrap();
                let service = TowerToHyperService::new(service.clone());
                let connection = http
                    .serve_connection_with_upgrades(TokioIo::new(stream), service)
                    .into_owned();
                executor.execute(connection);
            }
        });
        Self {
            address,
            accepting: accepting.abort_handle(),
            alive,
        }
    }

    /// Accepts no more, and waits until everybody who was there has left: afterwards no request can arrive or end.
    pub(super) async fn end(mut self) {
        self.accepting.abort();
        let ended = tokio::time::timeout(Duration::from_mins(1), self.alive.recv()).await;
        assert!(ended.is_ok(), "a connection has not ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Runs the tasks of a server, each of which holds what tells that it has ended.
#[derive(Debug, Clone)]
struct Counted(mpsc::Sender<Infallible>);

impl Counted {
    fn new() -> (Self, mpsc::Receiver<Infallible>) {
        let (alive, ended) = mpsc::channel(1);
        (Self(alive), ended)
    }
}

impl<F> Executor<F> for Counted
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        let alive = self.0.clone();
        tokio::spawn(async move {
            let _alive = alive;
            task.await
        });
    }
}

fn service<F, A, B>(
    answer: F,
) -> impl Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send + 'static>
+ Clone
+ Send
+ Sync
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: Send + 'static,
{
    tower::service_fn(move |request| {
        let answer = answer(request);
        async move { Ok(answer.await) }
    })
}
