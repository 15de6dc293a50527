//! What is known of one call beside what is known of its request.

use std::time::Duration;

use bytes::Buf;
use http::{HeaderMap, StatusCode, header};
use http_body::Frame;
use radiosonde_metrics::SampledSpan;

use super::GrpcStatus;
use super::messages::Messages;
use super::methods::{Method, name_in};
use super::series::{Ended, GrpcSeries};
use crate::Outcome;

/// A call in flight.
#[derive(Debug)]
pub(crate) struct Call {
    series: &'static GrpcSeries,
    server: Option<&'static str>,
    method: &'static Method,
    /// What it calls itself, while that is not known to be a name.
    claimed: Option<Box<str>>,
    /// The status of the response as HTTP has it, and how long after the request its head was sent.
    head: Option<(StatusCode, Duration)>,
    status: Option<GrpcStatus>,
    /// Whether what answered speaks gRPC.
    is_answered: bool,
    messages: Messages,
}

/// A call that has ended, as every signal reports it.
#[derive(Debug, Clone, Copy)]
pub struct GrpcObservation {
    method: &'static str,
    status: Option<GrpcStatus>,
}

impl GrpcObservation {
    /// Returns the method, such as `shop.Orders/Get`; `_OTHER` when it has no name.
    #[must_use]
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Returns the status: that of the response, else `CANCELLED` when the caller left before it and `INTERNAL` when the
    /// service failed or panicked. A client that was not answered has none.
    #[must_use]
    pub fn status(&self) -> Option<GrpcStatus> {
        self.status
    }
}

/// What the request says of how it ended: its part of the verdict on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The response came to its end.
    Whole,
    /// There was none, or it broke off.
    Failed(&'static str),
    /// Nobody waits for it any more.
    Left,
    Panicked,
}

impl Call {
    /// Takes note of a call that begins. `server` is that which is called by a client.
    pub(crate) fn begin(
        series: &'static GrpcSeries,
        server: Option<&'static str>,
        path: &str,
    ) -> Self {
        let claimed = name_in(path);
        let (known, has_room) = claimed.map_or((None, false), |name| series.methods.find(name));
        let claimed = claimed.filter(|_| known.is_none() && has_room);
        series.add_active(server, 1);
        Self {
            series,
            server,
            method: known.unwrap_or_else(|| series.methods.other()),
            claimed: claimed.map(Into::into),
            head: None,
            status: None,
            is_answered: false,
            messages: Messages::default(),
        }
    }

    /// Returns the name of its method, as far as it is known.
    pub(crate) fn method(&self) -> &'static str {
        self.method.name
    }

    /// Takes note of the head of the response, sent so long after the request.
    pub(crate) fn head(&mut self, status: StatusCode, headers: &HeaderMap, after: Duration) {
        self.head = Some((status, after));
        self.status = GrpcStatus::from_headers(headers);
        self.is_answered = self.status.is_some() || is_call(headers);
    }

    /// Takes note of a frame of the body.
    pub(crate) fn frame<D: Buf>(&mut self, frame: &Frame<D>) {
        if let Some(data) = frame.data_ref() {
            // What is known need not be read.
            if !self.method.streams() {
                self.messages.read(data);
            }
        } else if let Some(trailers) = frame.trailers_ref() {
            let status = GrpcStatus::from_headers(trailers);
            self.is_answered |= status.is_some();
            self.status = status.or(self.status);
        }
    }

    /// Records the call that took so long in all, and returns how long it took by itself: of a stream, to its head.
    pub(crate) fn end(
        mut self,
        verdict: Verdict,
        took: Duration,
        span: Option<SampledSpan>,
    ) -> (Duration, GrpcObservation) {
        self.learn(verdict);
        let head = self.head.map(|(_, after)| after);
        let head = head.filter(|_| self.method.streams());
        let ended = Ended {
            server: self.server,
            status: verdict.status,
            outcome: verdict.outcome,
            error: verdict.error,
            duration: head.unwrap_or(took),
            stream: head.map(|head| took.saturating_sub(head)),
        };
        self.series.record(self.method, &ended, span);
        self.series.add_active(self.server, -1);
        let observation = GrpcObservation {
            method: self.method.name,
            status: verdict.status,
        };
        (ended.duration, observation)
    }

    /// Learns of its method what its answer shows: that there is one, and that it answers with a stream.
    fn learn(&mut self, verdict: Verdict) {
        let exists = |status: GrpcStatus| !status.is_of_the_gate();
        // A status that was made of that of HTTP says nothing of a method: whoever asks chooses the path.
        let shows = self.is_answered && verdict.status.is_some_and(exists);
        if let Some(claimed) = self.claimed.take().filter(|_| shows) {
            self.method = self.series.methods.learn(&claimed);
        }
        if self.messages.are_several() {
            self.method.is_a_stream();
        }
    }

    /// The status of a response that came to its end: its own, or what the other end makes of one without.
    fn whole(&self) -> GrpcStatus {
        let http = self.head.map_or(StatusCode::OK, |(status, _)| status);
        self.status.unwrap_or_else(|| GrpcStatus::from_http(http))
    }

    /// Judges a call to a service.
    pub(crate) fn judge_served(&self, ending: Ending) -> Verdict {
        use Outcome::{Cancelled, Error, Ok, Panicked};
        let (outcome, status, error) = match ending {
            Ending::Whole => {
                let status = self.whole();
                let failed = status.is_server_error();
                (
                    if failed { Error } else { Ok },
                    status,
                    failed.then(|| status.as_str()),
                )
            }
            Ending::Failed(error) => (Error, GrpcStatus::INTERNAL, Some(error)),
            Ending::Left => (Cancelled, GrpcStatus::CANCELLED, None),
            Ending::Panicked => (Panicked, GrpcStatus::INTERNAL, Some("panic")),
        };
        Verdict {
            outcome,
            status: Some(status),
            error,
        }
    }

    /// Judges a call by a client, to which every status but `OK` is an error.
    pub(crate) fn judge_called(&self, ending: Ending) -> Verdict {
        use Outcome::{Cancelled, Error, Ok, Panicked};
        let (outcome, status, error) = match ending {
            Ending::Whole => {
                let status = self.whole();
                let failed = status != GrpcStatus::OK;
                (
                    if failed { Error } else { Ok },
                    Some(status),
                    failed.then(|| status.as_str()),
                )
            }
            Ending::Failed(error) => (Error, None, Some(error)),
            Ending::Left => (Cancelled, None, None),
            Ending::Panicked => (Panicked, None, Some("panic")),
        };
        Verdict {
            outcome,
            status,
            error,
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) status: Option<GrpcStatus>,
    pub(crate) error: Option<&'static str>,
}

/// Tells whether a message belongs to a call, by its content type. That of gRPC in browsers is another protocol, whose trailers are in its body.
pub(crate) fn is_call(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map_or(&[][..], |value| value.as_bytes());
    let rest = kind.strip_prefix(b"application/grpc");
    rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'+' || rest[0] == b';')
}
