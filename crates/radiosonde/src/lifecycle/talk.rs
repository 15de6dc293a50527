//! What a client says on one connection, and how long it may take to say it.
//!
//! A *head* is what a request begins with. hyper gives the first head of a connection no limit before it knows the version of
//! HTTP, and later heads of HTTP/1 the time that the connection may be idle; of HTTP/2, idling has no limit at all. Here, a head
//! has a limit from its first byte to its last, and a connection of HTTP/2 without requests ends as one of HTTP/1 does.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Version;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::ConnectionSettings;

/// One conversation, as its socket and its service see it.
#[derive(Debug, Default)]
pub(super) struct Talk {
    /// Heads that were complete.
    heads: AtomicUsize,
    /// Requests whose answers have not ended, and bodies of requests that somebody may read yet.
    in_flight: AtomicUsize,
    /// Whether something was said since the last request.
    speaks: AtomicBool,
    /// Whether it is HTTP/2, where what is said may be no head.
    multiplexed: AtomicBool,
}

/// What a client has to say next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    /// Nothing, or hyper waits for it.
    Nothing,
    /// The rest of a head, behind so many others.
    Head(usize),
    /// One more request of HTTP/2.
    Request,
}

impl Talk {
    /// Takes note of bytes.
    pub(super) fn heard(&self) {
        self.speaks.store(true, Relaxed);
    }

    /// Takes note of a head, which is complete. What is returned belongs to the answer, and a clone to a body.
    pub(super) fn asked(self: &Arc<Self>, version: Version) -> InFlight {
        self.heads.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        self.speaks.store(false, Relaxed);
        if version >= Version::HTTP_2 {
            self.multiplexed.store(true, Relaxed);
        }
        InFlight(Arc::clone(self))
    }

    fn awaited(&self) -> Awaited {
        let heads = self.heads.load(Relaxed);
        if self.multiplexed.load(Relaxed) {
            Awaited::Request
        } else if heads == 0 || (self.speaks.load(Relaxed) && !self.is_asked()) {
            Awaited::Head(heads)
        } else {
            Awaited::Nothing
        }
    }

    fn is_asked(&self) -> bool {
        self.in_flight.load(Relaxed) > 0
    }
}

/// One request that is being answered, or whose body is being read.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Talk>);

impl Clone for InFlight {
    fn clone(&self) -> Self {
        self.0.in_flight.fetch_add(1, Relaxed);
        Self(Arc::clone(&self.0))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        // What was said meanwhile was its body.
        self.0.speaks.store(false, Relaxed);
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// A body with which a request is in flight: that of its answer, and its own, which a handler may read after it has answered.
#[derive(Debug)]
pub(super) struct Part<B> {
    body: B,
    _in_flight: InFlight,
}

impl<B> Part<B> {
    pub(super) fn new(body: B, in_flight: InFlight) -> Self {
        Self {
            body,
            _in_flight: in_flight,
        }
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Part<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        // Once the answer has ended, hyper does not tell the end of a body that had a length before the next request comes.
        if self.body.is_end_stream() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// How long one conversation may take for what is awaited of it.
#[derive(Debug)]
pub(super) struct Patience {
    talk: Arc<Talk>,
    settings: ConnectionSettings,
    awaited: Awaited,
    /// How many heads there had been when the timer was set.
    heads: usize,
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    pub(super) fn new(talk: Arc<Talk>, settings: ConnectionSettings) -> Self {
        let deadline = Instant::now() + settings.head_timeout;
        Self {
            talk,
            settings,
            awaited: Awaited::Head(0),
            heads: 0,
            timer: Box::pin(sleep_until(deadline)),
        }
    }

    /// Waits until what is awaited has not come in its time, and returns what that is.
    ///
    /// It is not woken by what is said: poll it after the connection, in the same task.
    pub(super) async fn end(&mut self) -> Awaited {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Awaited> {
        let awaited = self.talk.awaited();
        if awaited != self.awaited {
            self.start(awaited);
        }
        loop {
            if awaited == Awaited::Nothing {
                return Poll::Pending;
            }
            ready!(self.timer.as_mut().poll(cx));
            if awaited != Awaited::Request || !self.has_asked_since() {
                return Poll::Ready(awaited);
            }
            // Setting the timer for each request would cost each of them.
            self.start(awaited);
        }
    }

    fn start(&mut self, awaited: Awaited) {
        self.awaited = awaited;
        self.heads = self.talk.heads.load(Relaxed);
        let limit = match awaited {
            Awaited::Nothing => return,
            Awaited::Head(_) => self.settings.head_timeout,
            Awaited::Request => self.settings.idle_timeout,
        };
        self.timer.as_mut().reset(Instant::now() + limit);
    }

    fn has_asked_since(&self) -> bool {
        self.talk.is_asked() || self.talk.heads.load(Relaxed) != self.heads
    }
}
