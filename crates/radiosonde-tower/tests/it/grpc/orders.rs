//! A service of four methods, one of each kind, that does as it is told; and a client of it.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::uri::PathAndQuery;
use http::{Request, Response};
use radiosonde_metrics::Registry;
use radiosonde_tower::client::{ClientOptions, ObserveClient, ObserveClientLayer};
use radiosonde_tower::grpc::GrpcOptions;
use radiosonde_tower::{ObserveLayer, ObserveOptions};
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::service_fn;
use tower_layer::Layer as _;
use tower_service::Service;

/// What a call asks for, and what it is answered.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Order {
    /// A number of a code; `hang` or `panic`; and of a stream, how many messages come first, and `:`.
    #[prost(string, tag = "1")]
    pub(super) wish: String,
}

impl Order {
    pub(super) fn new(wish: &str) -> Self {
        Self {
            wish: wish.to_owned(),
        }
    }
}

async fn fulfil(wish: &str) -> Result<Order, Status> {
    match wish {
        "hang" => pending().await,
        "panic" => panic!("in call"),
        code => match code.parse().map_or(Code::Ok, Code::from_i32) {
            Code::Ok => Ok(Order::new("fulfilled")),
            code => Err(Status::new(code, "as you wish")),
        },
    }
}

type Orders = BoxStream<'static, Result<Order, Status>>;

fn stream_of(wish: &str) -> Orders {
    let (messages, end) = wish.split_once(':').unwrap_or(("0", wish));
    let messages = messages.parse().unwrap_or(0);
    let end = end.to_owned();
    let end =
        stream::once(async move { fulfil(&end).await }).filter_map(async |end| end.err().map(Err));
    stream::iter(0..messages)
        .map(|_| Ok(Order::new("one of them")))
        .chain(end)
        .boxed()
}

/// `shop.Orders`: `Get`, `Fill`, `Watch` and `Talk`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shop;

impl NamedService for Shop {
    const NAME: &'static str = "shop.Orders";
}

impl Service<Request<Body>> for Shop {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Order, Order>::default());
            Ok(match request.uri().path() {
                "/shop.Orders/Get" => {
                    let get = async |order: tonic::Request<Order>| {
                        fulfil(&order.get_ref().wish)
                            .await
                            .map(tonic::Response::new)
                    };
                    grpc.unary(service_fn(get), request).await
                }
                "/shop.Orders/Fill" => {
                    let fill = async |orders: tonic::Request<Streaming<Order>>| {
                        let orders: Vec<_> = orders.into_inner().try_collect().await?;
                        let last = orders.last().map_or("", |order| &order.wish);
                        fulfil(last).await.map(tonic::Response::new)
                    };
                    grpc.client_streaming(service_fn(fill), request).await
                }
                "/shop.Orders/Watch" => {
                    let watch = async |order: tonic::Request<Order>| {
                        Ok(tonic::Response::new(stream_of(&order.get_ref().wish)))
                    };
                    grpc.server_streaming(service_fn(watch), request).await
                }
                "/shop.Orders/Talk" => {
                    let talk = async |orders: tonic::Request<Streaming<Order>>| {
                        let answers = orders
                            .into_inner()
                            .and_then(async |order| fulfil(&order.wish).await);
                        Ok::<_, Status>(tonic::Response::new(answers.boxed()))
                    };
                    grpc.streaming(service_fn(talk), request).await
                }
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// Serves the shop until the test ends, with the layer around it.
pub(super) fn serve(registry: &Registry, options: GrpcOptions) -> SocketAddr {
    let layer = ObserveLayer::new(registry, ObserveOptions::new().grpc(options));
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let server = Server::builder().layer(layer).add_service(Shop);
    tokio::spawn(server.serve_with_incoming(incoming.with_nodelay(Some(true))));
    address
}

/// A client of the shop.
pub(super) struct Client<S = Channel>(tonic::client::Grpc<S>);

impl Client {
    pub(super) fn bare(address: SocketAddr) -> Self {
        Self(tonic::client::Grpc::new(channel(address)))
    }
}

impl Client<ObserveClient<Channel>> {
    pub(super) fn observed(address: SocketAddr, registry: &Registry, options: GrpcOptions) -> Self {
        let options = ClientOptions::new()
            .server_of(|_| Some("shop"))
            .grpc(options);
        let layer = ObserveClientLayer::new(registry, options);
        Self(tonic::client::Grpc::new(layer.layer(channel(address))))
    }
}

fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    endpoint.tcp_nodelay(true).connect_lazy()
}

impl<S, B> Client<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: http_body::Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    B: Send + 'static,
{
    /// Makes a call that is answered by one message, and returns the code.
    pub(super) async fn get(&mut self, path: &'static str, wish: &str) -> Code {
        if self.0.ready().await.is_err() {
            return Code::Unknown;
        }
        let path = PathAndQuery::from_static(path);
        let request = tonic::Request::new(Order::new(wish));
        let answer = self
            .0
            .unary(request, path, ProstCodec::<Order, Order>::default());
        answer
            .await
            .map_or_else(|status| status.code(), |_| Code::Ok)
    }

    /// Sends these in turn, and returns the code of the one answer.
    pub(super) async fn fill(&mut self, wishes: &'static [&'static str]) -> Code {
        self.0.ready().await.unwrap_or_else(|_| panic!("not ready"));
        let orders = stream::iter(wishes).map(|wish| Order::new(wish));
        let path = PathAndQuery::from_static("/shop.Orders/Fill");
        let codec = ProstCodec::<Order, Order>::default();
        let answer = self
            .0
            .client_streaming(tonic::Request::new(orders), path, codec);
        answer
            .await
            .map_or_else(|status| status.code(), |_| Code::Ok)
    }

    /// Makes a call that is answered by a stream, which may be read from it.
    pub(super) async fn watch(&mut self, wish: &str) -> Streaming<Order> {
        self.0.ready().await.unwrap_or_else(|_| panic!("not ready"));
        let path = PathAndQuery::from_static("/shop.Orders/Watch");
        let request = tonic::Request::new(Order::new(wish));
        let answer = self
            .0
            .server_streaming(request, path, ProstCodec::<Order, Order>::default());
        answer.await.unwrap().into_inner()
    }

    /// Sends these in turn, reads what comes, and returns how many messages came and the code.
    pub(super) async fn talk(&mut self, wishes: &'static [&'static str]) -> (usize, Code) {
        self.0.ready().await.unwrap_or_else(|_| panic!("not ready"));
        let orders = stream::iter(wishes).map(|wish| Order::new(wish));
        let path = PathAndQuery::from_static("/shop.Orders/Talk");
        let codec = ProstCodec::<Order, Order>::default();
        let answer = self.0.streaming(tonic::Request::new(orders), path, codec);
        read(answer.await.unwrap().into_inner()).await
    }
}

/// Reads a stream to its end, and returns how many messages came and the code.
pub(super) async fn read(mut answers: Streaming<Order>) -> (usize, Code) {
    let mut messages = 0;
    loop {
        match answers.message().await {
            Ok(Some(_)) => messages += 1,
            Ok(None) => return (messages, Code::Ok),
            Err(status) => return (messages, status.code()),
        }
    }
}
