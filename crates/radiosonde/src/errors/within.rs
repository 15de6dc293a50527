//! Tasks that belong to a request.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::current::Followed;
use super::reporter::trace;

/// Makes a future part of the current request: what is reported while it runs is told with the route, the user, the tags and
/// the breadcrumbs of the request, and belongs to its trace. Meant for tasks that are spawned.
///
/// It may go on after the request has ended. Outside of a request it changes nothing.
///
/// # Examples
///
/// ```
/// use radiosonde::errors;
///
/// async fn order() -> &'static str {
///     tokio::spawn(errors::within_request(async {
///         tracing::error!("the mail was not sent");
///     }));
///     "an order"
/// }
/// ```
pub fn within_request<F: Future>(future: F) -> WithinRequest<F> {
    WithinRequest {
        request: Followed::take(trace()),
        future,
    }
}

pin_project! {
    /// A future that is part of a request. Made by [`within_request`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct WithinRequest<F> {
        request: Option<Arc<Followed>>,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for WithinRequest<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match this.request {
            Some(request) => Followed::scope(request, || this.future.poll(context)),
            None => this.future.poll(context),
        }
    }
}
