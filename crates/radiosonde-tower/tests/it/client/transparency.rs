//! The layer watches and does not alter.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::Full;
use radiosonde_metrics::Registry;
use radiosonde_tower::client::{ClientOptions, ObserveClientLayer};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_service::Service;

use super::observed;
use crate::script::{Act, Failed, Step, Steps, poll, poll_frame};

fn layer() -> ObserveClientLayer {
    ObserveClientLayer::new(&Registry::new(), ClientOptions::new())
}

#[test]
fn an_error_of_the_client_passes_through() {
    let mut future = Box::pin(observed(&Registry::new()).call(Request::new(Act::Fail)));
    assert!(matches!(poll(future.as_mut()), Poll::Ready(Err(Failed))));
}

#[test]
fn a_client_that_is_not_ready_is_not_ready() {
    struct Busy;
    impl Service<Request<()>> for Busy {
        type Response = Response<Steps>;
        type Error = Failed;
        type Future = std::future::Pending<Result<Response<Steps>, Failed>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
            Poll::Pending
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            std::future::pending()
        }
    }
    let mut busy = layer().layer(Busy);
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(busy.poll_ready(&mut context).is_pending());
}

#[test]
fn frames_trailers_and_errors_of_a_body_pass_through() {
    let act = Act::Answer(200, &[Step::Data("a"), Step::Trailers, Step::Fail]);
    let mut future = Box::pin(observed(&Registry::new()).call(Request::new(act)));
    let Poll::Ready(Ok(response)) = poll(future.as_mut()) else {
        panic!("no response")
    };
    let mut body = Box::pin(response.into_body());
    let mut next = || match poll_frame(body.as_mut()) {
        Poll::Ready(Some(frame)) => frame,
        other => panic!("no frame: {other:?}"),
    };
    assert_eq!(next().unwrap().into_data().unwrap(), "a");
    assert!(next().unwrap().is_trailers());
    assert!(next().is_err());
}

#[tokio::test]
async fn size_hint_and_end_of_stream_are_those_of_the_body() {
    let service = layer().layer(service_fn(async |_: Request<()>| {
        let mut body = Steps::new(&[Step::Data("abc"), Step::Data("de")]);
        (body.knows_its_end, body.knows_its_length) = (true, true);
        Ok::<_, Failed>(Response::new(body))
    }));
    let mut body = Box::pin(service.oneshot(Request::new(())).await.unwrap().into_body());
    for left in [5, 2, 0] {
        assert_eq!(body.size_hint().exact(), Some(left));
        assert_eq!(body.is_end_stream(), left == 0);
        let _ = poll_frame(body.as_mut());
    }
}

#[tokio::test]
async fn headers_and_extensions_reach_the_client_and_come_back() {
    let service = layer().layer(service_fn(async |request: Request<()>| {
        let mut response = Response::new(Full::<Bytes>::default());
        *response.headers_mut() = request.headers().clone();
        response
            .extensions_mut()
            .extend(request.extensions().clone());
        Ok::<_, Failed>(response)
    }));
    let mut request = Request::get("http://a/").header("x", "y").body(()).unwrap();
    request.extensions_mut().insert(42_u8);
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.extensions().get::<u8>(), Some(&42));
    assert_eq!(response.headers().len(), 1);
    assert_eq!(response.headers()["x"], "y");
}

#[test]
fn a_layer_is_a_pointer() {
    let pointer = size_of::<usize>();
    assert_eq!(size_of::<ObserveClientLayer>(), pointer);
    assert_eq!(size_of_val(&layer().layer(())), pointer);
}
