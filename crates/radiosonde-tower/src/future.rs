//! The future: the head of the response is awaited.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::ObservedBody;
use crate::observation::Stop;
use crate::open::OpenRequest;

pin_project! {
    /// Waits for the head of a response. Made by [`Observe`](crate::Observe).
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        // None only while it is dropped.
        #[pin]
        pub(crate) inner: Option<F>,
        pub(crate) open: Option<OpenRequest>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(open) = this.open {
                open.run(|| this.inner.set(None));
            }
        }
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<ObservedBody<R>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Pending;
        };
        let result = match this.open {
            Some(open) => open.run(|| inner.poll(cx)),
            None => inner.poll(cx),
        };
        // The head is large: it is moved once.
        match ready!(result) {
            Ok(mut response) => {
                let bytes = this.open.as_mut().and_then(|open| open.head(&mut response));
                // What is still open goes with the body, and what is closed has done its work.
                let open = this.open.take();
                Poll::Ready(Ok(response.map(|body| ObservedBody::new(body, open, bytes))))
            }
            Err(error) => {
                if let Some(open) = this.open.as_mut() {
                    open.close(Stop::InnerError);
                }
                Poll::Ready(Err(error))
            }
        }
    }
}
