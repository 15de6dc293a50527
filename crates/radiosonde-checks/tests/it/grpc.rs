//! The check of gRPC services against our own server of the protocol, over a real connection.

use radiosonde_axum::{Endpoints, ServiceInfo};
use radiosonde_checks::grpc;
use radiosonde_health::Health;
use radiosonde_metrics::Registry;
use tonic::transport::Channel;

use crate::{error, run};

/// Serves the health of a service, and returns a channel to it.
async fn served(health: &Health) -> Channel {
    let endpoints = Endpoints::new(ServiceInfo::new("stock"), health.clone(), Registry::new());
    channel_to(endpoints.grpc_health(["stock.v1.Stock"])).await
}

/// Serves this, and returns a channel to it.
async fn channel_to(app: axum::Router) -> Channel {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect_lazy()
}

#[tokio::test]
async fn a_service_passes_while_it_serves() {
    let health = Health::new();
    let channel = served(&health).await;
    for name in ["", "stock.v1.Stock"] {
        assert!(run(grpc::check("stock", &channel, name)).await.is_passing());
    }
    health.start_draining();
    let said = error(grpc::check("stock", &channel, "")).await;
    assert_eq!(said, "the service does not serve");
}

#[tokio::test]
async fn a_service_that_is_not_there_fails() {
    let channel = served(&Health::new()).await;
    let long = "x".repeat(300);
    for name in ["other", &long] {
        let said = error(grpc::check("stock", &channel, name)).await;
        assert!(
            said.contains("entity was not found") || said.contains("NotFound"),
            "{said}"
        );
    }
    let nowhere = Channel::from_static("http://127.0.0.1:1").connect_lazy();
    assert!(!error(grpc::check("stock", &nowhere, "")).await.is_empty());
}

/// A server that answers every question with these bytes, as one message.
async fn says(message: &'static [u8]) -> Channel {
    let answer = async move || {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        let body = [&[0][..], &length, message].concat();
        (
            [("content-type", "application/grpc"), ("grpc-status", "0")],
            body,
        )
    };
    channel_to(axum::Router::new().fallback(answer)).await
}

#[tokio::test]
async fn answers_of_other_servers_are_read_or_told_to_be_none() {
    // With a field more, as a later version might have it.
    let later = says(b"\x08\x01\x12\x04fine").await;
    assert!(run(grpc::check("stock", &later, "")).await.is_passing());
    for (message, expected) in [
        (&b""[..], "the state of the service is unknown"),
        (b"\x08\x03", "the state of the service is unknown"),
        (b"\x08", "the answer is no health of a service"),
        (b"OK", "the answer is no health of a service"),
    ] {
        let said = error(grpc::check("stock", &says(message).await, "")).await;
        assert!(said.contains(expected), "{said}");
    }
}
