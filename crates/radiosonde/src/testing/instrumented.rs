//! A future that records into the telemetry of a test.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::Telemetry;

/// The future that [`Telemetry::instrument`] returns.
#[must_use = "a future does nothing unless it is polled"]
pub struct Instrumented<F> {
    telemetry: Telemetry,
    /// In a box, so that it can be dropped in place; always there until then.
    future: Option<Pin<Box<F>>>,
}

impl<F> Instrumented<F> {
    pub(super) fn new(telemetry: Telemetry, future: F) -> Self {
        Self {
            telemetry,
            future: Some(Box::pin(future)),
        }
    }
}

impl<F: Future> Future for Instrumented<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Self { telemetry, future } = &mut *self;
        match future {
            Some(future) => telemetry.record(|| future.as_mut().poll(context)),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Instrumented<F> {
    fn drop(&mut self) {
        // What a future holds may record when it is dropped: a request that is cancelled does.
        self.telemetry.record(|| drop(self.future.take()));
    }
}

impl<F> fmt::Debug for Instrumented<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instrumented")
            .field("telemetry", &self.telemetry)
            .finish_non_exhaustive()
    }
}
