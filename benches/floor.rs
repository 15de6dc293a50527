//! The least that a layer can do which follows a request to the end of its body.
//!
//! It stands beside ours so that the table tells what is the price of following at all, and what is the price of counting and
//! timing. It is right on one thread, and for these routes: it asks nobody whether the place of a route is taken by another,
//! knows no upgrade, no stream, no panic, no call of gRPC, and no reader.

use std::cell::Cell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, ready};

use axum::extract::MatchedPath;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use radiosonde_catalog::HTTP_REQUEST_DURATION;
use tower_layer::Layer;
use tower_service::Service;

/// What is done when a request arrives, and once when it ends.
pub(crate) trait Work: 'static {
    /// What is carried from one to the other.
    type Kept: Copy + Send;

    fn begin<B>(request: &Request<B>) -> Self::Kept;

    fn end(kept: Self::Kept);
}

/// Carries as much as ours does, and does nothing with it.
pub(crate) struct Carry;

impl Work for Carry {
    type Kept = [u64; 7];

    fn begin<B>(_: &Request<B>) -> [u64; 7] {
        std::hint::black_box([1; 7])
    }

    fn end(kept: [u64; 7]) {
        std::hint::black_box(kept);
    }
}

/// Reads the clock twice, finds the route without looking twice, and adds to three numbers of this thread.
pub(crate) struct Count;

impl Work for Count {
    type Kept = (u64, usize);

    fn begin<B>(request: &Request<B>) -> (u64, usize) {
        let route = request.extensions().get::<MatchedPath>();
        let route = route.map_or("", MatchedPath::as_str).as_bytes();
        let digits = route
            .iter()
            .rev()
            .skip("/{id}".len())
            .take(2)
            .fold(0, |sum, digit| sum * 5 + usize::from(*digit));
        let place = digits % PLACES;
        ROUTES.with(|routes| add(&routes[place].active, 1));
        (CLOCK.raw(), place)
    }

    fn end((began, place): (u64, usize)) {
        let took = CLOCK.delta(began, CLOCK.raw()).as_secs_f64();
        let limits = HTTP_REQUEST_DURATION.bounds();
        let bucket: usize = limits.iter().map(|limit| usize::from(*limit < took)).sum();
        ROUTES.with(|routes| {
            let route = &routes[place];
            add(&route.active, u64::MAX);
            add(&route.buckets[bucket], 1);
            route.sum.set(route.sum.get() + took);
        });
    }
}

fn add(number: &Cell<u64>, more: u64) {
    number.set(number.get().wrapping_add(more));
}

/// The numbers of one route.
struct Route {
    active: Cell<u64>,
    sum: Cell<f64>,
    buckets: [Cell<u64>; 16],
}

const PLACES: usize = 64;

static CLOCK: LazyLock<quanta::Clock> = LazyLock::new(quanta::Clock::new);

thread_local! {
    static ROUTES: [Route; PLACES] = const {
        [const {
            Route {
                active: Cell::new(0),
                sum: Cell::new(0.0),
                buckets: [const { Cell::new(0) }; 16],
            }
        }; PLACES]
    };
}

/// A request that has begun: it ends once, wherever it is dropped.
struct Open<W: Work>(Option<W::Kept>);

impl<W: Work> Open<W> {
    fn end(&mut self) {
        if let Some(kept) = self.0.take() {
            W::end(kept);
        }
    }
}

impl<W: Work> Drop for Open<W> {
    fn drop(&mut self) {
        self.end();
    }
}

pub(crate) struct FloorLayer<W>(PhantomData<fn() -> W>);

impl<W> FloorLayer<W> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<W> Clone for FloorLayer<W> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl<S, W> Layer<S> for FloorLayer<W> {
    type Service = Floor<S, W>;

    fn layer(&self, inner: S) -> Floor<S, W> {
        Floor(inner, PhantomData)
    }
}

pub(crate) struct Floor<S, W>(S, PhantomData<fn() -> W>);

impl<S: Clone, W> Clone for Floor<S, W> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<S, W, B, R> Service<Request<B>> for Floor<S, W>
where
    S: Service<Request<B>, Response = Response<R>>,
    W: Work,
{
    type Response = Response<FloorBody<R, W>>;
    type Error = S::Error;
    type Future = FloorFuture<S::Future, W>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let open = Open(Some(W::begin(&request)));
        FloorFuture {
            inner: self.0.call(request),
            open: Some(open),
        }
    }
}

pin_project! {
    pub(crate) struct FloorFuture<F, W: Work> {
        #[pin]
        inner: F,
        open: Option<Open<W>>,
    }
}

impl<F, W, R, E> Future for FloorFuture<F, W>
where
    F: Future<Output = Result<Response<R>, E>>,
    W: Work,
{
    type Output = Result<Response<FloorBody<R, W>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        let open = this.open.take();
        Poll::Ready(Ok(response.map(|inner| FloorBody { inner, open })))
    }
}

pin_project! {
    pub(crate) struct FloorBody<B, W: Work> {
        #[pin]
        inner: B,
        open: Option<Open<W>>,
    }
}

impl<B: Body, W: Work> Body for FloorBody<B, W> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        if frame.is_none()
            && let Some(open) = this.open
        {
            open.end();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
