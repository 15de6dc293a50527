//! Connections, counted.

use std::collections::VecDeque;
use std::future::IntoFuture as _;
use std::io::{self, ErrorKind};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use axum::serve::Listener;
use radiosonde_axum::{Accept, ConnectionMetrics, CountedListener, Retrying};
use radiosonde_metrics::{Registry, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

fn balance(registry: &Registry) -> Value {
    registry.series("http_open_connections")[0].value.clone()
}

#[tokio::test]
async fn a_connection_is_open_until_its_client_or_its_server_ends_it() {
    let registry = Registry::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let listener = CountedListener::new(listener, ConnectionMetrics::new(&registry));
    let app: Router = Router::new().route("/", get(async || "here"));
    let served = tokio::spawn(axum::serve(listener, app).into_future());

    let mut silent = TcpStream::connect(address).await.expect("it listens");
    let mut asking = TcpStream::connect(address).await.expect("it listens");
    let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    asking.write_all(request).await.expect("it reads");
    let mut answer = String::new();
    asking
        .read_to_string(&mut answer)
        .await
        .expect("it answers");
    assert!(answer.ends_with("here"), "{answer}");
    while balance(&registry) != Value::Balance(1) {
        tokio::task::yield_now().await;
    }
    silent.shutdown().await.expect("it is open");
    while balance(&registry) != Value::Balance(0) {
        tokio::task::yield_now().await;
    }
    served.abort();

    let accepted = &registry.series("http_connections_accepted_total")[0];
    assert_eq!(accepted.value, Value::Count(2));
    let Value::Distribution { count, .. } =
        registry.series("http_connection_duration_seconds")[0].value
    else {
        panic!("no histogram");
    };
    assert_eq!(count, 2);
}

/// Fails in these ways, and then has a connection.
struct Failing(VecDeque<ErrorKind>);

impl Failing {
    fn new(ways: impl IntoIterator<Item = ErrorKind>) -> Self {
        Self(ways.into_iter().collect())
    }
}

impl Accept for Failing {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> io::Result<(DuplexStream, ())> {
        let failed = self.0.pop_front();
        failed.map_or_else(|| Ok((duplex(1).0, ())), |kind| Err(kind.into()))
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

fn count(registry: &Registry, name: &str) -> Value {
    registry.series(name)[0].value.clone()
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_accepted_is_counted_and_tried_again_a_second_later() {
    let registry = Registry::new();
    let failing = Failing::new([
        ErrorKind::QuotaExceeded,
        // The client's affair.
        ErrorKind::ConnectionAborted,
        ErrorKind::ConnectionReset,
        ErrorKind::QuotaExceeded,
    ]);
    let mut listener = CountedListener::new(failing, ConnectionMetrics::new(&registry));
    let began = tokio::time::Instant::now();
    let (_connection, ()) = listener.accept().await;

    assert_eq!(
        count(&registry, "http_connections_failed_total"),
        Value::Count(2)
    );
    assert_eq!(
        count(&registry, "http_connections_accepted_total"),
        Value::Count(1)
    );
    assert_eq!(balance(&registry), Value::Balance(1));
    let waited = began.elapsed();
    assert!(
        (Duration::from_secs(2)..Duration::from_secs(3)).contains(&waited),
        "{waited:?}"
    );
}

#[tokio::test]
async fn a_listener_of_axum_is_counted_by_what_it_accepts() {
    let registry = Registry::new();
    let inner = CountedListener::new(Failing::new([]), ConnectionMetrics::new(&Registry::new()));
    let metrics = ConnectionMetrics::new(&registry);
    let mut listener = CountedListener::new(Retrying::new(inner), metrics);
    let (connection, ()) = listener.accept().await;
    assert_eq!(balance(&registry), Value::Balance(1));
    drop(connection);
    assert_eq!(balance(&registry), Value::Balance(0));
}
