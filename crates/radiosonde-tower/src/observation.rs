//! What is known of one request when it has ended.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;

use crate::grpc::{Ending, GrpcObservation, GrpcStatus, Verdict};

/// How a request ended: here, one that came. To one that goes out they mean what [`client`](crate::client) says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The whole response was sent, with a status below 500.
    Ok,
    /// The status was 500 or above, the service failed without a response, or the body failed after the head.
    Error,
    /// The client left: the future, or the body of a response below 500, was dropped before its end.
    Cancelled,
    /// The handler or the body panicked, and the panic unwound through the layer.
    Panicked,
    /// The connection now speaks another protocol: status 101, or a `CONNECT` answered with 2xx.
    Upgraded,
}

impl Outcome {
    /// Returns the value of the label `outcome`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
            Self::Upgraded => "upgraded",
        }
    }
}

/// One request that has ended, as every signal reports it.
#[derive(Debug, Clone)]
pub struct Observation<'a> {
    pub(crate) method: &'a str,
    pub(crate) route: &'a str,
    pub(crate) end: End,
    pub(crate) duration: Duration,
    pub(crate) body_error: Option<&'a (dyn Error + Send + Sync + 'static)>,
    pub(crate) grpc: Option<GrpcObservation>,
    pub(crate) has_extensions: bool,
}

impl Observation<'_> {
    /// Returns the method, `_OTHER` when it is not a known one.
    #[must_use]
    pub fn method(&self) -> &str {
        self.method
    }

    /// Returns the template that matched, empty when none did.
    #[must_use]
    pub fn route(&self) -> &str {
        self.route
    }

    /// Returns the status code: that of the response, else 499 when the client left before there was one, and 500 when
    /// the service failed or panicked without one.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.end.status
    }

    /// Tells whether the head of a response was sent, so that [`status`](Self::status) is one a client saw.
    #[must_use]
    pub fn has_response(&self) -> bool {
        self.end.has_response
    }

    /// Returns how it ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.end.outcome
    }

    /// Returns what kind of failure it was: the status code from `500` upward, `panic`, `inner` when the service failed
    /// without a response, `body` when the response broke off; `None` unless the outcome is an error or a panic.
    #[must_use]
    pub fn error_type(&self) -> Option<ErrorType> {
        self.end.error
    }

    /// Returns the error that the body broke off with; `None` as well where it ended too early without one.
    #[must_use]
    pub fn body_error(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.body_error
    }

    /// Returns the time from arrival to the end of the response; to its head for a stream or an upgrade.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Tells whether something had been left among the [extensions](crate::CurrentRequest::extensions) of the request when it ended, which
    /// takes less than to look. What observers leave while they are told is not in it.
    #[must_use]
    pub fn has_extensions(&self) -> bool {
        self.has_extensions
    }

    /// Returns what is known of it as a call of gRPC, if it is one.
    #[must_use]
    pub fn grpc(&self) -> Option<GrpcObservation> {
        self.grpc
    }
}

/// What kind of failure ended a request: the value of the label `error_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorType {
    /// The service answered with this code, 500 or above.
    Status(u16),
    /// The service answered a call of gRPC with this status, which is an error of the server.
    Grpc(GrpcStatus),
    /// The handler or the body panicked.
    Panic,
    /// The service returned an error instead of a response.
    Inner,
    /// The body failed after the head was sent.
    Body,
}

impl std::fmt::Display for ErrorType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(code) => code.fmt(f),
            Self::Grpc(status) => f.write_str(status.as_str()),
            Self::Panic => f.write_str("panic"),
            Self::Inner => f.write_str("inner"),
            Self::Body => f.write_str("body"),
        }
    }
}

/// The verdict on a request, without its name and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) outcome: Outcome,
    pub(crate) status: u16,
    pub(crate) has_response: bool,
    pub(crate) error: Option<ErrorType>,
}

/// What stopped the request from being open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The response was sent to its end.
    Complete,
    /// The connection was handed over to another protocol.
    Upgrade,
    /// The service returned an error.
    InnerError,
    /// The body returned an error.
    BodyError,
    /// The future or the body was dropped.
    Dropped,
    /// A panic unwound through the layer.
    Unwound,
}

impl From<Stop> for Ending {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Complete | Stop::Upgrade => Self::Whole,
            Stop::InnerError => Self::Failed("inner"),
            Stop::BodyError => Self::Failed("body"),
            Stop::Dropped => Self::Left,
            Stop::Unwound => Self::Panicked,
        }
    }
}

impl End {
    /// Puts the verdict on a call in place of that on its request.
    pub(crate) fn of_call(self, verdict: Verdict) -> Self {
        let status = verdict
            .status
            .filter(|status| verdict.error == Some(status.as_str()));
        Self {
            outcome: verdict.outcome,
            error: verdict
                .error
                .and(status.map(ErrorType::Grpc).or(self.error)),
            ..self
        }
    }

    /// Judges how a request ended. `status` is that of the head, if there was one.
    ///
    /// A status of 500 or above outweighs what came after it: the server had failed before the client left or the body
    /// broke. A panic outweighs everything.
    pub(crate) fn judge(stop: Stop, status: Option<StatusCode>) -> Self {
        use Outcome::{Cancelled, Error, Ok, Panicked, Upgraded};
        let status = status.map(|status| status.as_u16());
        let failed = status
            .filter(|status| *status >= 500)
            .map(ErrorType::Status);
        let (outcome, without_head, error) = match (stop, failed) {
            (Stop::Unwound, _) => (Panicked, 500, Some(ErrorType::Panic)),
            (_, Some(failed)) => (Error, 500, Some(failed)),
            (Stop::InnerError, None) => (Error, 500, Some(ErrorType::Inner)),
            (Stop::BodyError, None) => (Error, 500, Some(ErrorType::Body)),
            (Stop::Dropped, None) => (Cancelled, 499, None),
            (Stop::Upgrade, None) => (Upgraded, 101, None),
            (Stop::Complete, None) => (Ok, 200, None),
        };
        Self {
            outcome,
            // A panic in the body of a response counts under 500 as every panic does, whatever its head said.
            status: if stop == Stop::Unwound {
                500
            } else {
                status.unwrap_or(without_head)
            },
            has_response: status.is_some(),
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn judged(stop: Stop, status: Option<u16>, expected: (&str, u16, Option<&str>)) {
        let head = status.map(|status| StatusCode::from_u16(status).unwrap());
        let end = End::judge(stop, head);
        let error = end.error.map(|error| error.to_string());
        assert_eq!(
            (end.outcome.as_str(), end.status, error.as_deref()),
            expected,
            "{stop:?} {status:?}"
        );
    }

    #[test]
    fn a_whole_response_is_judged_by_its_status() {
        judged(Stop::Complete, Some(200), ("ok", 200, None));
        judged(Stop::Complete, Some(404), ("ok", 404, None));
        judged(Stop::Complete, Some(503), ("error", 503, Some("503")));
    }

    #[test]
    fn a_client_that_leaves_is_no_error_unless_the_server_had_failed() {
        judged(Stop::Dropped, None, ("cancelled", 499, None));
        judged(Stop::Dropped, Some(200), ("cancelled", 200, None));
        judged(Stop::Dropped, Some(500), ("error", 500, Some("500")));
    }

    #[test]
    fn failures_are_told_apart() {
        judged(Stop::InnerError, None, ("error", 500, Some("inner")));
        judged(Stop::BodyError, Some(200), ("error", 200, Some("body")));
        judged(Stop::BodyError, Some(502), ("error", 502, Some("502")));
        judged(Stop::Unwound, None, ("panicked", 500, Some("panic")));
        judged(Stop::Unwound, Some(200), ("panicked", 500, Some("panic")));
    }

    #[test]
    fn an_upgrade_keeps_its_status() {
        judged(Stop::Upgrade, Some(101), ("upgraded", 101, None));
        judged(Stop::Upgrade, Some(200), ("upgraded", 200, None));
    }
}
