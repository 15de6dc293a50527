//! A request that has arrived and not ended.

use std::time::Instant;

use http::{HeaderMap, StatusCode};

use crate::answer::{Answer, content_length};
use crate::layer::Shared;
use crate::observation::{End, Observation, Stop};
use crate::observer::Arrival;
use crate::quiet::quietly;
use crate::routes::Found;
use crate::scopes::{Scopes, within};

/// A request in flight. It goes from the future to the body, and is closed exactly once: by [`close`](Self::close), or
/// by being dropped.
#[derive(Debug)]
pub(crate) struct OpenRequest {
    shared: &'static Shared,
    series: Found,
    scopes: Scopes,
    arrived: Instant,
    answer: Answer,
    status: Option<u16>,
    /// When the head of a response was sent whose body is a stream.
    stream_began: Option<Instant>,
    /// Whether the request's own code is running. Found set in `drop`, a panic is unwinding through it.
    inside: bool,
    closed: bool,
}

/// What is still to come after the head of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing: the head was all, or another protocol follows.
    Nothing(Stop),
    /// A body of this many bytes, or of unknown length.
    Body { bytes: Option<u64> },
}

impl OpenRequest {
    pub(crate) fn arrive(shared: &'static Shared, arrival: &Arrival<'_>, method: usize) -> Self {
        let arrived = Instant::now();
        let series = shared
            .series
            .of(&shared.options.methods, method, arrival.route);
        series.arrive();
        if shared.options.body_sizes
            && let Some(bytes) = content_length(arrival.headers)
        {
            shared.series.record_request_body(&series, bytes);
        }
        let mut request = Self {
            shared,
            series,
            scopes: Scopes::None,
            arrived,
            answer: Answer::to(arrival.method),
            status: None,
            stream_began: None,
            inside: false,
            closed: false,
        };
        for observer in &shared.options.observers {
            if let Some(scope) = quietly(|| observer.arrive(arrival)).flatten() {
                request.scopes.push(scope);
            }
        }
        request
    }

    /// Runs the request's own code as the current request of this thread.
    pub(crate) fn run<T>(&mut self, code: impl FnOnce() -> T) -> T {
        // Not reset by a panic: that is how `drop` tells a panic of this request from one of its neighbours'.
        self.inside = true;
        let result = within(self.scopes.all(), code);
        self.inside = false;
        result
    }

    /// Drops the request's own code as the current request of this thread: what it still says belongs to it.
    pub(crate) fn drop_inside(&self, drop: impl FnOnce()) {
        within(self.scopes.all(), drop);
    }

    /// Takes note of the head of the response and says what is still to come.
    pub(crate) fn head(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: BodyState,
    ) -> Rest {
        self.status = Some(status.as_u16());
        if status == StatusCode::SWITCHING_PROTOCOLS
            || (self.answer == Answer::Tunnel && status.is_success())
        {
            return Rest::Nothing(Stop::Upgrade);
        }
        let bodiless = self.answer == Answer::HeadOnly
            || status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED;
        // What ends here is dropped unread by the server, so nobody would tell us.
        if bodiless || body.ended || body.bytes == Some(0) {
            return Rest::Nothing(Stop::Complete);
        }
        // A body that knows its length is not a stream.
        if body.bytes.is_some() {
            return Rest::Body { bytes: body.bytes };
        }
        if (self.shared.options.stream)(status, headers) {
            self.stream_began = Some(Instant::now());
        }
        Rest::Body {
            bytes: content_length(headers),
        }
    }

    /// Adds to the head of the response what those who follow the request want there.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        for scope in self.scopes.all() {
            if let Some((name, value)) = quietly(|| scope.response_header()).flatten() {
                headers.insert(name, value);
            }
        }
    }

    /// Takes note of how many bytes of the body were sent, when it ends in whatever way.
    pub(crate) fn sent(&self, bytes: u64) {
        if self.shared.options.body_sizes {
            self.shared.series.record_response_body(&self.series, bytes);
        }
    }

    /// Closes the request: records it, and tells whoever follows it.
    pub(crate) fn close(mut self, stop: Stop) {
        self.end(stop);
    }

    fn end(&mut self, stop: Stop) {
        self.closed = true;
        let ended = self.stream_began.unwrap_or_else(Instant::now);
        let observation = Observation {
            method: self.series.method,
            route: &self.series.route,
            end: End::judge(stop, self.status),
            duration: ended.duration_since(self.arrived),
        };
        let scopes = self.scopes.all();
        let find = || scopes.iter().find_map(|scope| scope.sampled_span());
        let span = (!scopes.is_empty())
            .then(|| quietly(find))
            .flatten()
            .flatten();
        self.shared.series.record(&self.series, &observation, span);
        if let Some(began) = self.stream_began {
            let lasted = Instant::now().duration_since(began);
            self.shared.series.record_stream(&self.series, lasted);
        }
        self.series.leave();
        while let Some(scope) = self.scopes.pop() {
            quietly(|| within(self.scopes.all(), || scope.close(&observation)));
        }
    }
}

impl Drop for OpenRequest {
    // On drop, not in poll: a client that hangs up never lets us poll again.
    fn drop(&mut self) {
        if !self.closed {
            self.end(if self.inside {
                Stop::Unwound
            } else {
                Stop::Dropped
            });
        }
    }
}

/// What a body says of itself before it is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyState {
    pub(crate) ended: bool,
    pub(crate) bytes: Option<u64>,
}
