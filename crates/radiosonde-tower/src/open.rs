//! A request that has arrived and not ended.

use std::error::Error;

use bytes::Buf;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use radiosonde_metrics::SampledSpan;

use crate::answer::{Answer, content_length};
use crate::clock::Moment;
use crate::current::{CurrentRequest, Followed, within};
use crate::grpc::{Call, is_call};
use crate::inside::Inside;
use crate::layer::Shared;
use crate::observation::{End, Observation, Stop};
use crate::observer::Arrival;
use crate::quiet::quietly;
use crate::series::RouteSeries;
use crate::upgrade::Upgrade;

/// A request in flight. It goes from the future to the body, and is closed exactly once: by [`close`](Self::close), or
/// by being dropped.
///
/// It is moved more often than it is read, so it is small: what only those need who follow it is behind a pointer.
#[derive(Debug)]
pub(crate) struct OpenRequest {
    shared: &'static Shared,
    series: &'static RouteSeries,
    /// `None` where nobody follows requests. While the thread works for it, this is the one that it worked for before.
    current: Followed,
    /// What it is as a call, which has metrics of its own in place of those of the series.
    call: Option<Box<Call>>,
    arrived: Moment,
    /// When the head of a response was sent whose body is a stream.
    stream_began: Option<Moment>,
    status: Option<StatusCode>,
    answer: Answer,
    /// Whether the request's own code is running. In `drop`, a panic of its own is unwinding then.
    inside: Inside,
    closed: bool,
}

/// What is still to come after the head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Nothing: the head was all, or another protocol follows.
    Nothing(Stop),
    /// A body of this many bytes, or of unknown length.
    Body { bytes: Option<u64> },
}

impl OpenRequest {
    /// Opens a request, unless it is left out.
    #[inline]
    pub(crate) fn arrive<B>(shared: &'static Shared, request: &Request<B>) -> Option<Self> {
        let arrived = shared.clock.now();
        let options = &shared.options;
        let route = quietly(|| (options.route)(request.extensions())).flatten();
        if route.is_none() && options.excludes(request.uri().path()) {
            return None;
        }
        let route = route.unwrap_or_default();
        let grpc = shared.grpc.as_ref();
        let grpc = grpc.filter(|_| is_call(request.headers()));
        let index = options.index(request, route);
        let series = shared.series.arrive(options, index, route, grpc.is_none());
        if series.excluded {
            return None;
        }
        let call = grpc.map(|grpc| Box::new(Call::begin(grpc, None, request.uri().path())));
        let mut open = Self {
            shared,
            series,
            current: None,
            call,
            arrived,
            stream_began: None,
            status: None,
            answer: Answer::to(request.method()),
            inside: Inside::default(),
            closed: false,
        };
        if options.body_sizes
            && open.call.is_none()
            && let Some(bytes) = content_length(request.headers())
        {
            shared.series.record_request_body(series, bytes);
        }
        if !options.observers.is_empty() {
            open.follow(request);
        }
        Some(open)
    }

    /// Shows the request to those who follow it.
    fn follow<B>(&mut self, request: &Request<B>) {
        let (method, route) = (self.series.method, &*self.series.route);
        let arrival = Arrival {
            grpc_method: self.call.as_ref().map(|call| call.method()),
            ..Arrival::of(request, method, route)
        };
        let current = self.current.insert(CurrentRequest::of(method, route));
        for (place, observer) in self.shared.options.observers.iter().enumerate() {
            if let Some(scope) = quietly(|| observer.arrive(&arrival, current)).flatten() {
                current.add_scope(place, scope);
            }
        }
    }

    /// Tells whether anybody follows it.
    #[inline]
    pub(crate) fn is_followed(&self) -> bool {
        self.current.is_some()
    }

    /// Runs the request's own code, as the current request of this thread.
    #[inline]
    pub(crate) fn run<T>(&mut self, code: impl FnOnce() -> T) -> T {
        let Self {
            inside, current, ..
        } = self;
        inside.during(|| within(current, code))
    }

    /// Asks the request's own code for what is read off, such as the length of a body, as nobody's current request.
    #[inline]
    pub(crate) fn ask<T>(&mut self, code: impl FnOnce() -> T) -> T {
        self.inside.during(code)
    }

    /// Makes it the current request of this thread while `code` runs: what is said meanwhile belongs to it.
    #[inline]
    fn within<T>(&mut self, code: impl FnOnce() -> T) -> T {
        within(&mut self.current, code)
    }

    /// Tells whether it has not been closed.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        !self.closed
    }

    /// Takes note of the head of the response. Returns the length of the body that is to come, if it is known; where nothing is to
    /// come, the request is closed.
    #[inline]
    pub(crate) fn head<B: Body>(&mut self, response: &mut Response<B>) -> Option<u64> {
        match self.rest(response) {
            Rest::Body { bytes } => bytes,
            Rest::Nothing(stop) => {
                self.sent(0);
                self.close(stop);
                None
            }
        }
    }

    #[inline]
    fn rest<B: Body>(&mut self, response: &mut Response<B>) -> Rest {
        if let Some(current) = &mut self.current {
            if current.marks_response() {
                current.mark(response.headers_mut());
            }
            if current.has_scopes() {
                current.show_head(response.headers());
            }
        }
        let status = response.status();
        self.status = Some(status);
        if let Some(call) = &mut self.call {
            let after = self.shared.clock.since(self.arrived).duration();
            call.head(status, response.headers(), after);
        }
        if status == StatusCode::SWITCHING_PROTOCOLS
            || (self.answer == Answer::Tunnel && status.is_success())
        {
            let upgrade = Upgrade::new(self.shared, self.series);
            response.extensions_mut().insert(upgrade);
            return Rest::Nothing(Stop::Upgrade);
        }
        // It is no answer: over HTTP/1, servers send a 500 in its place, and close the connection.
        if status.is_informational() {
            self.status = None;
            return Rest::Nothing(Stop::InnerError);
        }
        let bodiless = self.answer == Answer::HeadOnly
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED;
        // The status of a call comes behind its last byte.
        let ends_by_length = self.call.is_none();
        let body = response.body();
        let (known, is_end) = self.ask(|| (body.size_hint().exact(), body.is_end_stream()));
        let announced = || content_length(response.headers());
        let bytes = known.or_else(announced).filter(|_| ends_by_length);
        // What ends here is dropped unread by the server, so nobody would tell us. Over HTTP/2, one that is announced as empty and
        // does not know it is read, and has nothing to say.
        if bodiless || bytes == Some(0) || is_end {
            return Rest::Nothing(Stop::Complete);
        }
        // A body that knows its length is not a stream.
        if known.is_none() && ends_by_length && self.is_stream(status, response.headers()) {
            self.stream_began = Some(self.shared.clock.now());
        }
        Rest::Body { bytes }
    }

    fn is_stream(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        quietly(|| (self.shared.options.stream)(status, headers)).unwrap_or(false)
    }

    /// Takes note of a frame of the body.
    #[inline]
    pub(crate) fn frame<D: Buf>(&mut self, frame: &Frame<D>) {
        if let Some(call) = &mut self.call {
            call.frame(frame);
        }
    }

    /// Takes note of how many bytes of the body were sent, when it ends in whatever way.
    pub(crate) fn sent(&self, bytes: u64) {
        if self.shared.options.body_sizes && self.call.is_none() {
            self.shared.series.record_response_body(self.series, bytes);
        }
    }

    /// Closes the request, which is open: records it, and tells whoever follows it.
    #[inline]
    pub(crate) fn close(&mut self, stop: Stop) {
        self.end(stop, None);
    }

    /// Closes the request, whose body failed.
    #[cold]
    pub(crate) fn break_off(&mut self, error: &BodyError) {
        self.end(Stop::BodyError, Some(error));
    }

    fn end(&mut self, stop: Stop, body_error: Option<&BodyError>) {
        self.closed = true;
        if let Some(call) = self.call.take() {
            self.end_call(*call, stop, body_error);
            return;
        }
        let clock = &self.shared.clock;
        let lapse = match self.stream_began {
            None => clock.since(self.arrived),
            Some(began) => clock.between(self.arrived, began),
        };
        let span = self.sampled_span();
        self.shared
            .series
            .record(self.series, stop, self.status, lapse, span);
        if let Some(began) = self.stream_began {
            self.shared
                .series
                .record_stream(self.series, clock.since(began).duration());
        }
        if let Some(current) = &self.current {
            self.tell(&Observation {
                method: self.series.method,
                route: &self.series.route,
                end: self.judge(stop),
                duration: lapse.duration(),
                body_error,
                grpc: None,
                has_extensions: current.has_extensions(),
            });
        }
    }

    /// Ends it as the call that it is.
    #[cold]
    fn end_call(&mut self, call: Call, stop: Stop, body_error: Option<&BodyError>) {
        let verdict = call.judge_served(stop.into());
        let took = self.shared.clock.since(self.arrived).duration();
        let (duration, grpc) = call.end(verdict, took, self.sampled_span());
        if let Some(current) = &self.current {
            self.tell(&Observation {
                method: self.series.method,
                route: &self.series.route,
                end: self.judge(stop).of_call(verdict),
                duration,
                body_error,
                grpc: Some(grpc),
                has_extensions: current.has_extensions(),
            });
        }
    }

    fn judge(&self, stop: Stop) -> End {
        End::judge(stop, self.status)
    }

    fn sampled_span(&self) -> Option<SampledSpan> {
        let current = self.current.as_ref();
        current.and_then(|current| current.sampled_span())
    }

    /// Tells those who follow the request how it ended, the last one first.
    fn tell(&mut self, observation: &Observation<'_>) {
        let observers = &self.shared.options.observers;
        let has_scopes = self
            .current
            .as_ref()
            .is_some_and(|current| current.has_scopes());
        if has_scopes {
            for (place, observer) in observers.iter().enumerate().rev() {
                let current = self.current.as_mut();
                let scope = current.and_then(|current| current.take_scope(place));
                let close = || {
                    if let Some(scope) = scope {
                        scope.close(observation);
                    }
                    observer.close(observation);
                };
                quietly(|| self.within(close));
            }
        } else {
            self.within(|| {
                for observer in observers.iter().rev() {
                    quietly(|| observer.close(observation));
                }
            });
        }
        if let Some(current) = self.current.take() {
            quietly(|| current.release());
        }
    }
}

impl Drop for OpenRequest {
    // On drop, not in poll: a client that hangs up never lets us poll again.
    fn drop(&mut self) {
        if !self.closed {
            let stop = if self.inside.is_set() {
                Stop::Unwound
            } else {
                Stop::Dropped
            };
            self.end(stop, None);
        }
    }
}

/// What a body failed with.
type BodyError = dyn Error + Send + Sync;
