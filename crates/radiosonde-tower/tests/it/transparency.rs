//! The layer watches and does not alter.

use std::future::{Pending, pending};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use proptest::prelude::*;
use radiosonde_metrics::Registry;
use radiosonde_tower::{ObserveLayer, ObserveOptions};
use tower::{BoxError, Layer as _, ServiceExt as _, service_fn};
use tower_service::Service;

use crate::script::{
    Act, Failed, Step, Steps, observed, poll, poll_frame, trailers as trailers_of_steps,
};

#[test]
fn an_error_of_the_service_passes_through() {
    let mut future = Box::pin(observed(&Registry::new()).call(Request::new(Act::Fail)));
    assert!(matches!(poll(future.as_mut()), Poll::Ready(Err(Failed))));
}

/// A service that is what it is told to be.
#[derive(Debug, Clone, Copy)]
struct Readiness(Option<Result<(), ()>>);

impl Service<Request<()>> for Readiness {
    type Response = Response<Steps>;
    type Error = Failed;
    type Future = Pending<Result<Response<Steps>, Failed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        match self.0 {
            None => Poll::Pending,
            Some(ready) => Poll::Ready(ready.map_err(|()| Failed)),
        }
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        pending()
    }
}

#[test]
fn a_service_is_ready_when_the_one_inside_is() {
    let layer = ObserveLayer::new(&Registry::new(), ObserveOptions::new());
    let mut context = Context::from_waker(Waker::noop());
    for (inside, expected) in [
        (None, Poll::Pending),
        (Some(Ok(())), Poll::Ready(Ok(()))),
        (Some(Err(())), Poll::Ready(Err(Failed))),
    ] {
        let mut service = layer.layer(Readiness(inside));
        assert_eq!(service.poll_ready(&mut context), expected);
    }
}

/// The frames of a body, as its client gets them.
fn frames(steps: &'static [Step]) -> impl FnMut() -> Option<Result<Frame<Bytes>, BoxError>> {
    let act = Act::Answer(200, steps);
    let mut future = Box::pin(observed(&Registry::new()).call(Request::new(act)));
    let Poll::Ready(Ok(response)) = poll(future.as_mut()) else {
        panic!("no response")
    };
    let mut body = Box::pin(response.into_body());
    move || match poll_frame(body.as_mut()) {
        Poll::Ready(frame) => frame,
        Poll::Pending => panic!("no frame"),
    }
}

#[test]
fn frames_trailers_and_errors_of_a_body_pass_through() {
    let mut next = frames(&[Step::Data("a"), Step::Fail]);
    assert_eq!(next().unwrap().unwrap().into_data().unwrap(), "a");
    let error = next().unwrap().unwrap_err();
    assert!(error.is::<Failed>());

    // Even what comes after the request has ended with its trailers.
    let mut next = frames(&[Step::Data("a"), Step::Trailers, Step::Data("b"), Step::Fail]);
    assert_eq!(next().unwrap().unwrap().into_data().unwrap(), "a");
    let trailers = next().unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(trailers, trailers_of_steps());
    assert_eq!(next().unwrap().unwrap().into_data().unwrap(), "b");
    assert!(next().unwrap().unwrap_err().is::<Failed>());
    assert!(next().is_none());
}

#[tokio::test]
async fn size_hint_and_end_of_stream_are_those_of_the_body() {
    let registry = Registry::new();
    let layer = ObserveLayer::new(&registry, ObserveOptions::new());
    let service = layer.layer(service_fn(async |_: Request<()>| {
        let mut body = Steps::new(&[Step::Data("abc"), Step::Data("de")]);
        (body.knows_its_end, body.knows_its_length) = (true, true);
        Ok::<_, Failed>(Response::new(body))
    }));
    let mut body = Box::pin(service.oneshot(Request::new(())).await.unwrap().into_body());
    for left in [5, 2, 0] {
        assert_eq!(body.size_hint().exact(), SizeHint::with_exact(left).exact());
        assert_eq!(body.is_end_stream(), left == 0);
        let _ = poll_frame(body.as_mut());
    }
}

#[tokio::test]
async fn extensions_reach_the_service_and_come_back() {
    let layer = ObserveLayer::new(&Registry::new(), ObserveOptions::new());
    let service = layer.layer(service_fn(async |request: Request<()>| {
        let mut response = Response::new(Full::<Bytes>::default());
        response
            .extensions_mut()
            .extend(request.extensions().clone());
        Ok::<_, Failed>(response)
    }));
    let mut request = Request::new(());
    request.extensions_mut().insert(42_u8);
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.extensions().get::<u8>(), Some(&42));
}

#[test]
fn a_layer_is_a_pointer() {
    let layer = ObserveLayer::new(&Registry::new(), ObserveOptions::new());
    let pointer = size_of::<usize>();
    assert_eq!(size_of::<ObserveLayer>(), pointer);
    assert_eq!(size_of_val(&layer.layer(())), pointer);
}

proptest! {
    #[test]
    fn a_response_is_the_same_with_and_without_the_layer(
        status in 200..600_u16,
        body in prop::collection::vec(any::<u8>(), 0..64),
        value in "[ -~]{0,16}",
    ) {
        let respond = {
            let body = Bytes::from(body);
            move |_: Request<()>| {
                let response = Response::builder()
                    .status(StatusCode::from_u16(status).unwrap())
                    .header("x-value", value.trim())
                    .header(header::CONTENT_LENGTH, body.len())
                    .body(Full::new(body.clone()));
                std::future::ready(Ok::<_, Failed>(response.unwrap()))
            }
        };
        let layer = ObserveLayer::new(&Registry::new(), ObserveOptions::new());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bare = service_fn(respond.clone()).oneshot(Request::new(())).await.unwrap();
            let observed = layer.layer(service_fn(respond)).oneshot(Request::new(())).await.unwrap();
            assert_eq!(format!("{:?}", bare.headers()), format!("{:?}", observed.headers()));
            assert_eq!(bare.status(), observed.status());
            let (bare, observed) = (bare.into_body().collect().await, observed.into_body().collect().await);
            assert_eq!(bare.unwrap().to_bytes(), observed.unwrap().to_bytes());
        });
    }
}
