//! Services that answer the gRPC health protocol, `grpc.health.v1.Health`.

mod messages;

use http::uri::PathAndQuery;
use http_body::Body as HttpBody;
use radiosonde_health::{Check, CheckFailed};
use tonic::Request;
use tonic::body::Body;
use tonic::client::{Grpc, GrpcService};

use self::messages::{Messages, NOT_SERVING, SERVING};

/// Makes a check that asks for the health of this service, by a clone of this channel. Empty asks for the server as a
/// whole. `SERVING` passes.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let channel = tonic::transport::Channel::from_static("http://stock.internal:50051").connect_lazy();
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::grpc::check("stock", &channel, "stock.v1.Stock"))?;
/// # Ok(())
/// # }
/// ```
pub fn check<T>(name: impl Into<String>, channel: &T, service: impl Into<String>) -> Check
where
    T: GrpcService<Body> + Clone + Send + Sync + 'static,
    T::Future: Send,
    T::ResponseBody: HttpBody + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (channel, service) = (channel.clone(), service.into());
    Check::new(name, move || ask(channel.clone(), service.clone()))
}

async fn ask<T>(channel: T, service: String) -> Result<(), CheckFailed>
where
    T: GrpcService<Body> + Send,
    T::Future: Send,
    T::ResponseBody: HttpBody + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut client = Grpc::new(channel);
    let no_channel = |error: T::Error| CheckFailed::new(error.into());
    client.ready().await.map_err(no_channel)?;
    let path = PathAndQuery::from_static("/grpc.health.v1.Health/Check");
    let answer = client.unary(Request::new(service), path, Messages).await?;
    match answer.into_inner() {
        SERVING => Ok(()),
        NOT_SERVING => Err(CheckFailed::new("the service does not serve")),
        _ => Err(CheckFailed::new("the state of the service is unknown")),
    }
}
