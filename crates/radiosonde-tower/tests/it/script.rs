//! A service that does what the request says, and helpers that read what was recorded.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use radiosonde_metrics::Registry;
use radiosonde_tower::{Observe, ObserveLayer, ObserveOptions};
use tower_layer::Layer as _;
use tower_service::Service;

/// What the service does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Answers with this status and these steps of a body.
    Answer(u16, &'static [Step]),
    /// Never answers.
    Hang,
    /// Returns an error.
    Fail,
    /// Panics before there is a future.
    PanicInCall,
    /// Panics when polled.
    PanicInPoll,
    /// Never answers, and panics when nobody waits for it any more.
    PanicInDrop,
}

/// What a body does when it is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Data(&'static str),
    Trailers,
    /// Not yet, but soon.
    Wait,
    Fail,
    Hang,
    Panic,
    /// Sends nothing more, and panics when it is asked whether that was all.
    PanicInHint,
    /// Sends nothing more, and panics when nobody reads it any more.
    PanicInDrop,
}

/// The error of the service and of its bodies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Failed {}

impl From<Infallible> for Failed {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// The service inside the layer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor;

impl Service<Request<Act>> for Actor {
    type Response = Response<Steps>;
    type Error = Failed;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Steps>, Failed>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Act>) -> Self::Future {
        match *request.body() {
            Act::Answer(status, steps) => {
                let mut response = Response::new(Steps::new(steps));
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                // Tests ask for response headers by sending them.
                *response.headers_mut() = request.headers().clone();
                Box::pin(ready(Ok(response)))
            }
            Act::Hang => Box::pin(pending()),
            Act::Fail => Box::pin(ready(Err(Failed))),
            Act::PanicInCall => panic!("in call"),
            Act::PanicInPoll => Box::pin(async { panic!("in poll") }),
            Act::PanicInDrop => Box::pin(async {
                let _last = Last;
                pending().await
            }),
        }
    }
}

/// Panics when it is dropped.
struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

/// A body that goes through its steps. It does not know its length, nor that it has ended, before it is asked again.
#[derive(Debug)]
pub(crate) struct Steps {
    left: std::slice::Iter<'static, Step>,
    panics_in_drop: bool,
    pub(crate) knows_its_end: bool,
    pub(crate) knows_its_length: bool,
}

impl Steps {
    pub(crate) fn new(steps: &'static [Step]) -> Self {
        Self {
            left: steps.iter(),
            panics_in_drop: steps.contains(&Step::PanicInDrop),
            knows_its_end: false,
            knows_its_length: false,
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        assert!(!self.panics_in_drop, "in drop of a body");
    }
}

impl Body for Steps {
    type Data = Bytes;
    type Error = Failed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failed>>> {
        Poll::Ready(match self.left.next() {
            None => None,
            Some(Step::Data(text)) => Some(Ok(Frame::data(Bytes::from_static(text.as_bytes())))),
            Some(Step::Trailers) => Some(Ok(Frame::trailers(trailers()))),
            Some(Step::Fail) => Some(Err(Failed)),
            Some(Step::Wait) => {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Step::Hang | Step::PanicInHint | Step::PanicInDrop) => return Poll::Pending,
            Some(Step::Panic) => panic!("in body"),
        })
    }

    fn is_end_stream(&self) -> bool {
        let left = self.left.as_slice();
        assert_ne!(left.first(), Some(&Step::PanicInHint), "in hint");
        self.knows_its_end && left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.left.as_slice().iter().map(|step| match step {
            Step::Data(text) => text.len() as u64,
            _ => 0,
        });
        if self.knows_its_length {
            SizeHint::with_exact(left.sum())
        } else {
            SizeHint::default()
        }
    }
}

/// What the step of that name sends.
pub(crate) fn trailers() -> HeaderMap {
    let checksum = HeaderValue::from_static("abc");
    [(HeaderName::from_static("x-checksum"), checksum)]
        .into_iter()
        .collect()
}

pub(crate) fn observed(registry: &Registry) -> Observe<Actor> {
    ObserveLayer::new(
        registry,
        ObserveOptions::new().route(|e| e.get::<&'static str>().copied()),
    )
    .layer(Actor)
}

/// Polls once.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What a poll of a body returns.
pub(crate) type Polled<B> = Poll<Option<Result<Frame<<B as Body>::Data>, <B as Body>::Error>>>;

/// Polls a body once.
pub(crate) fn poll_frame<B: Body>(body: Pin<&mut B>) -> Polled<B> {
    body.poll_frame(&mut Context::from_waker(Waker::noop()))
}

/// Runs a request to its end as a server would: until the body ends, fails or hangs. A panic ends it, too.
pub(crate) fn serve<S, B>(service: &mut S, request: Request<Act>)
where
    S: Service<Request<Act>, Response = Response<B>>,
    B: Body,
{
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let mut future = Box::pin(service.call(request));
        let Poll::Ready(Ok(response)) = poll(future.as_mut()) else {
            return;
        };
        let mut body = Box::pin(response.into_body());
        while !body.is_end_stream() && matches!(poll_frame(body.as_mut()), Poll::Ready(Some(Ok(_))))
        {
        }
    }));
}

/// The value of the sample with exactly this name and these labels, 0 where there is none.
pub(crate) fn sample(registry: &Registry, series: &str) -> f64 {
    let text = registry.render();
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map_or(0.0, |value| value.parse().unwrap())
}

/// The sum over all series of a metric whose labels contain `part`.
pub(crate) fn total(registry: &Registry, metric: &str, part: &str) -> f64 {
    total_in(&registry.render(), metric, part)
}

/// The same of what was rendered.
pub(crate) fn total_in(text: &str, metric: &str, part: &str) -> f64 {
    let series = |line: &&str| line.starts_with(&format!("{metric}{{")) && line.contains(part);
    let value = |line: &str| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap();
    text.lines().filter(series).map(value).sum()
}
