//! A request that has departed and not ended.

use std::time::{Duration, Instant};

use bytes::Buf;
use http::{HeaderMap, StatusCode, Version, response};
use http_body::Frame;
use radiosonde_metrics::Operations;

use super::layer::Shared;
use super::observation::{End, Stop};
use super::observer::Sent;
use super::series::ServerSeries;
use super::{ClientObservation, ClientScope, Departure};
use crate::answer::{Answer, is_event_stream};
use crate::grpc::{Call, is_call};
use crate::inside::Inside;
use crate::quiet::quietly;

/// A request in flight. It goes from the future to the body, and is closed exactly once: by [`close`](Self::close), or
/// by being dropped.
#[derive(Debug)]
pub(super) struct OpenCall {
    shared: &'static Shared,
    server: &'static ServerSeries,
    /// An index into the known methods.
    method: usize,
    /// None of a call.
    operations: Option<&'static Operations>,
    scopes: Vec<Box<dyn ClientScope>>,
    departed: Instant,
    answer: Answer,
    head: Option<(StatusCode, Version)>,
    /// When the head of a response came whose body is a stream of events.
    stream_began: Option<Instant>,
    /// What it is as a call, which has metrics of its own.
    grpc: Option<Box<Call>>,
    /// Whether the client's own code is running. In `drop`, a panic of its own is unwinding then.
    inside: Inside,
    closed: bool,
}

/// What is still to come after the head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing: the head was all, or another protocol follows.
    Nothing(Stop),
    /// A body.
    Body,
}

impl OpenCall {
    pub(super) fn depart(shared: &'static Shared, sent: &Sent<'_>) -> Self {
        let departed = Instant::now();
        let (options, series) = (&shared.options, &shared.series);
        let method = options.methods.index(sent.method);
        let method_label = options.methods.label(method);
        let server = series.of(sent.uri);
        let grpc = shared.grpc.as_ref().filter(|_| is_call(sent.headers));
        let grpc = grpc.map(|grpc| Box::new(Call::begin(grpc, Some(server.name), sent.uri.path())));
        let operations = grpc
            .is_none()
            .then(|| series.depart(server, method, method_label));
        let mut call = Self {
            shared,
            server,
            method,
            operations,
            scopes: Vec::new(),
            departed,
            answer: Answer::to(sent.method),
            head: None,
            stream_began: None,
            grpc,
            inside: Inside::default(),
            closed: false,
        };
        let departure = Departure {
            sent,
            method_label,
            server: server.name,
            with_query: options.record_query,
            grpc_method: call.grpc.as_ref().map(|call| call.method()),
        };
        for observer in &options.observers {
            call.scopes
                .extend(quietly(|| observer.depart(&departure)).flatten());
        }
        call
    }

    /// Adds the headers of whoever follows the request.
    pub(super) fn inject(&self, headers: &mut HeaderMap) {
        for scope in &self.scopes {
            quietly(|| scope.inject(headers));
        }
    }

    /// Runs the client's own code as the current request of this thread.
    pub(super) fn run<T>(&mut self, code: impl FnOnce() -> T) -> T {
        let Self { inside, scopes, .. } = self;
        inside.during(|| within(scopes, code))
    }

    /// Asks the client's own code for what is read off, such as the length of a body.
    pub(super) fn ask<T>(&mut self, code: impl FnOnce() -> T) -> T {
        self.inside.during(code)
    }

    /// Takes note of the head of the response, whose body is empty or not, and says what is still to come.
    pub(super) fn head(&mut self, head: &response::Parts, is_empty: bool) -> Rest {
        let status = head.status;
        self.head = Some((status, head.version));
        if let Some(call) = &mut self.grpc {
            call.head(status, &head.headers, self.departed.elapsed());
        }
        if status == StatusCode::SWITCHING_PROTOCOLS
            || (self.answer == Answer::Tunnel && status.is_success())
        {
            return Rest::Nothing(Stop::Upgrade);
        }
        let bodiless = self.answer == Answer::HeadOnly
            || status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED;
        // Who knows that there is nothing does not read it, so nobody would tell us.
        if bodiless || is_empty {
            return Rest::Nothing(Stop::Complete);
        }
        if self.grpc.is_none() && is_event_stream(&head.headers) {
            self.stream_began = Some(Instant::now());
        }
        Rest::Body
    }

    /// Takes note of a frame of the body.
    pub(super) fn frame<D: Buf>(&mut self, frame: &Frame<D>) {
        if let Some(call) = &mut self.grpc {
            call.frame(frame);
        }
    }

    /// Tells whether all bytes are all of the answer.
    pub(super) fn ends_by_length(&self) -> bool {
        self.grpc.is_none()
    }

    /// Closes the request: records it, and tells whoever follows it.
    pub(super) fn close(mut self, stop: Stop) {
        self.end(stop);
    }

    fn end(&mut self, stop: Stop) {
        self.closed = true;
        let status = self.head.map(|(status, _)| status.as_u16());
        let find = || self.scopes.iter().find_map(|scope| scope.sampled_span());
        let span = quietly(find).flatten();
        let mut observation = ClientObservation {
            method: self.shared.options.methods.label(self.method),
            server: self.server.name,
            status,
            version: self.head.map(|(_, version)| version),
            end: End::judge(stop, status),
            duration: Duration::ZERO,
            grpc: None,
        };
        if let Some(call) = self.grpc.take() {
            let verdict = call.judge_called(stop.into());
            let (duration, of_call) = call.end(verdict, self.departed.elapsed(), span);
            observation.end = observation.end.of_call(verdict);
            (observation.grpc, observation.duration) = (Some(of_call), duration);
        } else {
            let ended = self.stream_began.unwrap_or_else(Instant::now);
            observation.duration = ended.duration_since(self.departed);
            if let Some(operations) = self.operations {
                let series = &self.shared.series;
                series.record(operations, &observation, span);
            }
        }
        while let Some(scope) = self.scopes.pop() {
            quietly(|| within(&self.scopes, || scope.close(&observation)));
        }
    }
}

impl Drop for OpenCall {
    // On drop, not in poll: who gives a request up never lets us poll again.
    fn drop(&mut self) {
        if !self.closed {
            self.end(if self.inside.is_set() {
                Stop::Unwound
            } else {
                Stop::Dropped
            });
        }
    }
}

/// Runs `code` with all scopes entered, the first one outermost.
fn within<T>(scopes: &[Box<dyn ClientScope>], code: impl FnOnce() -> T) -> T {
    let Some((outer, inner)) = scopes.split_first() else {
        return code();
    };
    let _entered = outer.enter();
    within(inner, code)
}
