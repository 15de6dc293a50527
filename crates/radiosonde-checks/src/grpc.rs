//! Services that answer the gRPC health protocol, `grpc.health.v1.Health`.

use bytes::{Buf as _, BufMut as _};
use http::uri::PathAndQuery;
use http_body::Body as HttpBody;
use radiosonde_health::{Check, CheckFailed};
use tonic::body::Body;
use tonic::client::{Grpc, GrpcService};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

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
        Some(SERVING) => Ok(()),
        Some(NOT_SERVING) => Err(CheckFailed::new("the service does not serve")),
        _ => Err(CheckFailed::new("the state of the service is unknown")),
    }
}

/// The two messages of a check, each of one field: the name that is asked for, and the state that it has.
struct Messages;

impl Codec for Messages {
    type Encode = String;
    type Decode = Option<u64>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Messages {
    type Item = String;
    type Error = Status;

    fn encode(&mut self, service: String, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        if service.is_empty() {
            return Ok(());
        }
        out.put_u8(SERVICE);
        let mut length = service.len();
        while length > 0x7f {
            out.put_u8(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
            length >>= 7;
        }
        out.put_u8(u8::try_from(length).unwrap_or_default());
        out.put_slice(service.as_bytes());
        Ok(())
    }
}

impl Decoder for Messages {
    type Item = Option<u64>;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Option<u64>>, Status> {
        let bytes = message.copy_to_bytes(message.remaining());
        // A state that is 0, unknown, is not sent. None has more than one byte.
        match *bytes {
            [] => Ok(Some(None)),
            [STATUS, status] => Ok(Some(Some(u64::from(status)))),
            _ => Err(Status::internal("the answer is no health of a service")),
        }
    }
}

/// The first field of either message, a text and a number.
const SERVICE: u8 = 0x0a;
const STATUS: u8 = 0x08;

const SERVING: u64 = 1;
const NOT_SERVING: u64 = 2;
