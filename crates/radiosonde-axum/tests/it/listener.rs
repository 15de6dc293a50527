//! Connections, counted.

use std::future::IntoFuture as _;

use axum::Router;
use axum::routing::get;
use radiosonde_axum::{ConnectionMetrics, CountedListener};
use radiosonde_metrics::{Registry, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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
