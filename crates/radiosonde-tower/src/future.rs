//! The future: the head of the response is awaited.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::ObservedBody;
use crate::observation::Stop;
use crate::open::{OpenRequest, Rest};

pin_project! {
    /// Waits for the head of a response. Made by [`Observe`](crate::Observe).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        // None only while it is dropped.
        #[pin]
        inner: Option<F>,
        open: Option<OpenRequest>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(open) = this.open {
                open.within(|| this.inner.set(None));
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(inner: F, open: Option<OpenRequest>) -> Self {
        Self {
            inner: Some(inner),
            open,
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<ObservedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Pending;
        };
        let result = match this.open {
            Some(open) => ready!(open.run(|| inner.poll(cx))),
            None => ready!(inner.poll(cx)),
        };
        Poll::Ready(match (result, this.open.take()) {
            (Ok(response), Some(open)) => Ok(with_head(response, open)),
            (Ok(response), None) => Ok(response.map(|body| ObservedBody::new(body, None, None))),
            (Err(error), open) => {
                if let Some(open) = open {
                    open.close(Stop::InnerError);
                }
                Err(error)
            }
        })
    }
}

/// Hands the request over to the body, or closes it where there is none to come.
fn with_head<R: Body>(
    mut response: Response<R>,
    mut open: OpenRequest,
) -> Response<ObservedBody<R>> {
    match open.head(&mut response) {
        Rest::Body { bytes } => response.map(|body| ObservedBody::new(body, Some(open), bytes)),
        Rest::Nothing(stop) => {
            open.sent(0);
            open.close(stop);
            response.map(|body| ObservedBody::new(body, None, None))
        }
    }
}
