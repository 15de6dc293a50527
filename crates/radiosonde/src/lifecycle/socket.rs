//! A socket that can be cut from outside, wherever it went: a connection that was upgraded belongs to whoever took it.

use std::convert::Infallible;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use radiosonde_axum::OpenConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::taken::Taken;
use super::talk::Talk;

/// An accepted socket.
#[derive(Debug)]
pub(crate) struct Socket<S> {
    stream: S,
    cut: Arc<Cut>,
    talk: Arc<Talk>,
    _held: Held,
}

/// What an open socket holds: its place among the connections, the knowledge that it is open, and of what took it over. It
/// belongs to the socket itself, because who takes one over outlives the task that served it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) _place: OwnedSemaphorePermit,
    pub(crate) _open: Option<OpenConnection>,
    pub(crate) _alive: mpsc::Sender<Infallible>,
    pub(crate) _taken: Arc<Taken>,
}

#[derive(Debug, Default)]
struct Cut {
    done: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

/// What cuts a socket, as long as it is open.
#[derive(Debug)]
pub(crate) struct Scissors(Weak<Cut>);

impl<S: Unpin> Socket<S> {
    pub(super) fn new(stream: S, talk: Arc<Talk>, held: Held) -> (Self, Scissors) {
        let cut = Arc::new(Cut::default());
        let scissors = Scissors(Arc::downgrade(&cut));
        let socket = Self {
            stream,
            cut,
            talk,
            _held: held,
        };
        (socket, scissors)
    }

    /// Does something with the stream, unless it was cut. `waker` is woken when it is, should that take a while.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        waker: fn(&Cut) -> &AtomicWaker,
        act: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let polled = act(Pin::new(&mut self.stream), cx);
        if polled.is_pending() {
            waker(&self.cut).register(cx.waker());
        }
        // Only now: what was cut before would not wake us. Also where nothing has to wait, because who only writes may
        // never have to.
        if self.cut.done.load(Ordering::Acquire) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        polled
    }
}

impl Scissors {
    pub(crate) fn is_open(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Makes whoever waits for the socket, now or later, find it broken.
    pub(crate) fn cut(&self) {
        if let Some(cut) = self.0.upgrade() {
            cut.done.store(true, Ordering::Release);
            cut.reader.wake();
            cut.writer.wake();
        }
    }
}

fn reader(cut: &Cut) -> &AtomicWaker {
    &cut.reader
}

fn writer(cut: &Cut) -> &AtomicWaker {
    &cut.writer
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = self.poll(cx, reader, |stream, cx| stream.poll_read(cx, buffer));
        if buffer.filled().len() > before {
            self.talk.heard();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, writer, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(cx, writer, |stream, cx| {
            stream.poll_write_vectored(cx, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
