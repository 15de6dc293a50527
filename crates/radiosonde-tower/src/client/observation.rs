//! What is known of one outgoing request when it has ended.

use std::time::Duration;

use http::Version;

use crate::Outcome;
use crate::grpc::{Ending, GrpcObservation, GrpcStatus, Verdict};

/// One outgoing request that has ended, as every signal reports it.
#[derive(Debug, Clone)]
pub struct ClientObservation<'a> {
    pub(super) method: &'a str,
    pub(super) server: &'a str,
    pub(super) status: Option<u16>,
    pub(super) version: Option<Version>,
    pub(super) end: End,
    pub(super) duration: Duration,
    pub(super) grpc: Option<GrpcObservation>,
}

impl ClientObservation<'_> {
    /// Returns the method, `_OTHER` when it is not a known one.
    #[must_use]
    pub fn method(&self) -> &str {
        self.method
    }

    /// Returns the server as labels have it: `_OTHER` when it is not in the closed set, empty when the address had none.
    #[must_use]
    pub fn server(&self) -> &str {
        self.server
    }

    /// Returns the status code that the server answered with, if it did.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// Returns the version of HTTP that the server answered with, if it did.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// Returns how it ended; see the [module's docs](super).
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.end.outcome
    }

    /// Returns what kind of failure it was; `None` unless the outcome is an error or a panic.
    #[must_use]
    pub fn error_type(&self) -> Option<ClientErrorType> {
        self.end.error
    }

    /// Returns the time from departure to the end of the response; to its head for an event stream or an upgrade.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Returns what is known of it as a call of gRPC, if it is one.
    #[must_use]
    pub fn grpc(&self) -> Option<GrpcObservation> {
        self.grpc
    }
}

/// What kind of failure ended an outgoing request: the value of the label `error_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientErrorType {
    /// The server answered with this code, 400 or above.
    Status(u16),
    /// The server answered a call of gRPC with this status, which is not `OK`.
    Grpc(GrpcStatus),
    /// There was no connection. Only the client knows, so only integrations with one tell.
    Connect,
    /// The client gave up in time. Only the client knows, so only integrations with one tell.
    Timeout,
    /// The client returned another error instead of a response, or one of a type that is not known here.
    Inner,
    /// The body failed after the head had come.
    Body,
    /// The client or the body panicked.
    Panic,
}

impl std::fmt::Display for ClientErrorType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(code) => code.fmt(f),
            Self::Grpc(status) => f.write_str(status.as_str()),
            Self::Connect => f.write_str("connect"),
            Self::Timeout => f.write_str("timeout"),
            Self::Inner => f.write_str("inner"),
            Self::Body => f.write_str("body"),
            Self::Panic => f.write_str("panic"),
        }
    }
}

/// The verdict on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) error: Option<ClientErrorType>,
}

/// What stopped the request from being open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The response was read to its end.
    Complete,
    /// The connection was handed over to another protocol.
    Upgrade,
    /// The client or the body returned an error.
    Failed(ClientErrorType),
    /// The future or the body was dropped.
    Dropped,
    /// A panic unwound through the layer.
    Unwound,
}

impl From<Stop> for Ending {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Complete | Stop::Upgrade => Self::Whole,
            Stop::Failed(ClientErrorType::Connect) => Self::Failed("connect"),
            Stop::Failed(ClientErrorType::Timeout) => Self::Failed("timeout"),
            Stop::Failed(ClientErrorType::Body) => Self::Failed("body"),
            Stop::Failed(_) => Self::Failed("inner"),
            Stop::Dropped => Self::Left,
            Stop::Unwound => Self::Panicked,
        }
    }
}

impl End {
    /// Puts the verdict on a call in place of that on its request.
    pub(super) fn of_call(self, verdict: Verdict) -> Self {
        let status = verdict
            .status
            .filter(|status| verdict.error == Some(status.as_str()));
        Self {
            outcome: verdict.outcome,
            error: verdict
                .error
                .and(status.map(ClientErrorType::Grpc).or(self.error)),
        }
    }

    /// Judges how a request ended. `status` is that of the response, if there was one.
    ///
    /// A status of 400 or above outweighs what came after it: the request had failed before its body was dropped or broke.
    /// A panic outweighs everything.
    pub(super) fn judge(stop: Stop, status: Option<u16>) -> Self {
        use Outcome::{Cancelled, Error, Ok, Panicked, Upgraded};
        let refused = status
            .filter(|status| *status >= 400)
            .map(ClientErrorType::Status);
        let (outcome, error) = match (stop, refused) {
            (Stop::Unwound, _) => (Panicked, Some(ClientErrorType::Panic)),
            (_, Some(refused)) => (Error, Some(refused)),
            (Stop::Failed(kind), None) => (Error, Some(kind)),
            (Stop::Dropped, None) => (Cancelled, None),
            (Stop::Upgrade, None) => (Upgraded, None),
            (Stop::Complete, None) => (Ok, None),
        };
        Self { outcome, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn judged(stop: Stop, status: Option<u16>, expected: (&str, Option<&str>)) {
        let end = End::judge(stop, status);
        let error = end.error.map(|error| error.to_string());
        assert_eq!(
            (end.outcome.as_str(), error.as_deref()),
            expected,
            "{stop:?} {status:?}"
        );
    }

    #[test]
    fn a_whole_response_is_judged_by_its_status() {
        judged(Stop::Complete, Some(200), ("ok", None));
        judged(Stop::Complete, Some(304), ("ok", None));
        judged(Stop::Complete, Some(404), ("error", Some("404")));
        judged(Stop::Complete, Some(503), ("error", Some("503")));
    }

    #[test]
    fn a_request_that_is_given_up_is_no_error_unless_it_had_failed() {
        judged(Stop::Dropped, None, ("cancelled", None));
        judged(Stop::Dropped, Some(200), ("cancelled", None));
        judged(Stop::Dropped, Some(404), ("error", Some("404")));
    }

    #[test]
    fn failures_are_told_apart() {
        use ClientErrorType::{Body, Connect, Inner, Timeout};
        judged(Stop::Failed(Inner), None, ("error", Some("inner")));
        judged(Stop::Failed(Connect), None, ("error", Some("connect")));
        judged(Stop::Failed(Timeout), None, ("error", Some("timeout")));
        judged(Stop::Failed(Body), Some(200), ("error", Some("body")));
        judged(Stop::Failed(Body), Some(502), ("error", Some("502")));
        judged(Stop::Unwound, Some(200), ("panicked", Some("panic")));
    }

    #[test]
    fn an_upgrade_is_no_error() {
        judged(Stop::Upgrade, Some(101), ("upgraded", None));
    }
}
