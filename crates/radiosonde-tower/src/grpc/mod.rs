//! Calls of gRPC, for services and clients that are marked as such.
//!
//! A *call* is a request whose content type is `application/grpc`, at a layer that was given [`GrpcOptions`]. HTTP sees
//! nothing of what becomes of it: nearly every response is a `POST` answered with 200. So a call has metrics of its own, by
//! its [method](GrpcObservation::method) and by the [status](GrpcStatus) in the head or in the trailers of its response, in
//! place of those of HTTP; all else that the crate says of requests holds for calls.
//!
//! | metric | kind | labels |
//! |---|---|---|
//! | `rpc_requests_total` | counter | `rpc_system`, `rpc_method`, `rpc_status`, `outcome` |
//! | `rpc_request_duration_seconds` | histogram | `rpc_system`, `rpc_method`, `rpc_status` |
//! | `rpc_errors_total` | counter | `rpc_system`, `rpc_method`, `error_type` |
//! | `rpc_active_requests` | gauge | `rpc_system` |
//! | `rpc_stream_duration_seconds` | histogram | `rpc_system`, `rpc_method` |
//!
//! Those of a client are called `rpc_client_…` and have the label `server` beside these.
//!
//! # Streams
//!
//! A method whose response has more than one message answers with a stream: its calls are timed to the head, and their
//! streams apart. It is known from the first such response on, or from the start where
//! [`GrpcOptions::streams`] names it.
//!
//! # Names of methods
//!
//! A path comes from whoever calls, so it is not a name by itself. See [`GrpcOptions`] for which are.

mod call;
mod messages;
mod methods;
mod options;
mod series;
mod status;

pub use call::GrpcObservation;
pub(crate) use call::{Call, Ending, Verdict, is_call};
pub use options::GrpcOptions;
pub(crate) use series::{GrpcSeries, Side};
pub use status::GrpcStatus;
