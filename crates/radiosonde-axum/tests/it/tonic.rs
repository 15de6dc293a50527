//! The gRPC health protocol in a server of tonic, beside another service, asked by the clients of others: that of
//! `tonic-health`, and messages that `prost` reads.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_prost::ProstCodec;

use crate::client::Service;

/// A service of gRPC that has nothing.
#[derive(Debug, Clone)]
struct Stock;

impl NamedService for Stock {
    const NAME: &'static str = "stock.v1.Stock";
}

impl tower::Service<Request<Body>> for Stock {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(Status::out_of_range("sold out").into_http()))
    }
}

/// Has tonic serve a service and its health, and returns a channel to them.
async fn served(service: &Service) -> Channel {
    let health = service.endpoints.grpc_health([Stock::NAME]);
    let routes = Routes::new(Stock).into_axum_router().merge(health);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::builder().add_routes(Routes::from(routes));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect_lazy()
}

fn about(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

#[tokio::test]
async fn it_is_served_beside_another_service() {
    let service = Service::new();
    let channel = served(&service).await;
    let mut health = HealthClient::new(channel.clone());
    for name in ["", Stock::NAME] {
        let answer = health.check(about(name)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving);
    }
    let unknown = health.check(about("other")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);

    let mut stock = Grpc::new(channel);
    stock.ready().await.unwrap();
    let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let path = "/stock.v1.Stock/Order".parse().unwrap();
    let answer = stock
        .unary(tonic::Request::new(about("")), path, codec)
        .await;
    assert_eq!(answer.unwrap_err().code(), Code::OutOfRange);
}

#[tokio::test]
async fn who_watches_is_told_of_each_change() {
    let service = Service::new();
    let gate = service.health.gate("migrations");
    let mut health = HealthClient::new(served(&service).await);
    let mut states = health.watch(about("")).await.unwrap().into_inner();
    let mut next = async || {
        states
            .message()
            .await
            .map(|message| message.unwrap().status())
    };
    assert_eq!(next().await.unwrap(), ServingStatus::NotServing);
    gate.open();
    assert_eq!(next().await.unwrap(), ServingStatus::Serving);
    service.health.start_draining();
    assert_eq!(next().await.unwrap(), ServingStatus::NotServing);
    assert_eq!(next().await.unwrap_err().code(), Code::Unavailable);
}

/// The answer to `List`, which `tonic-health` does not know yet.
#[derive(prost::Message)]
struct HealthListResponse {
    #[prost(map = "string, message", tag = "1")]
    statuses: HashMap<String, HealthCheckResponse>,
}

#[tokio::test]
async fn all_services_are_listed() {
    let service = Service::new();
    let mut client = Grpc::new(served(&service).await);
    client.ready().await.unwrap();
    let codec = ProstCodec::<(), HealthListResponse>::default();
    let path = "/grpc.health.v1.Health/List".parse().unwrap();
    let list = client.unary(tonic::Request::new(()), path, codec).await;
    let statuses = list.unwrap().into_inner().statuses;
    assert_eq!(statuses.len(), 2);
    for name in ["", Stock::NAME] {
        assert_eq!(statuses[name].status(), ServingStatus::Serving);
    }
}
