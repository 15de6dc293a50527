//! How an observer follows a request.

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Empty;
use radiosonde_metrics::Registry;
use radiosonde_tower::grpc::GrpcOptions;
use radiosonde_tower::{
    Arrival, CurrentRequest, Entered, Observation, ObserveLayer, ObserveOptions, Observer, Scope,
    SpanIds, with_current_request,
};
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::script::{Act, Actor, Step, poll, serve, total};

/// Writes down what it is told.
#[derive(Debug, Clone, Default)]
struct Diary {
    lines: Arc<Mutex<Vec<String>>>,
    name: &'static str,
    panics: bool,
}

impl Diary {
    fn write(&self, line: &str) {
        self.lines
            .lock()
            .unwrap()
            .push(format!("{}{line}", self.name));
    }

    fn read(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

thread_local! {
    static OPEN: RefCell<Vec<Diary>> = const { RefCell::new(Vec::new()) };
}

impl Observer for Diary {
    fn arrive(&self, request: &Arrival<'_>, _: &mut CurrentRequest) -> Option<Box<dyn Scope>> {
        self.write(&format!(
            "arrive {} {:?}",
            request.method_label(),
            request.route()
        ));
        Some(Box::new(self.clone()))
    }
}

impl Scope for Diary {
    fn enter(&self) -> Entered {
        self.write("enter");
        OPEN.with_borrow_mut(|open| open.push(self.clone()));
        Entered::new(|| {
            let diary = OPEN.with_borrow_mut(Vec::pop).unwrap();
            diary.write("leave");
        })
    }

    fn close(self: Box<Self>, observation: &Observation<'_>) {
        let error = observation.body_error();
        self.write(&format!(
            "close {} {}{}",
            observation.outcome().as_str(),
            observation.status(),
            error.map(|error| format!(": {error}")).unwrap_or_default(),
        ));
        assert!(!self.panics, "in close");
    }
}

fn followed(act: Act, diary: &Diary) -> Registry {
    let registry = Registry::new();
    let layer = ObserveLayer::new(&registry, ObserveOptions::new().observer(diary.clone()));
    serve(&mut layer.layer(Actor), Request::new(act));
    registry
}

#[test]
fn a_request_is_entered_whenever_its_code_runs_and_closed_once() {
    let diary = Diary::default();
    followed(Act::Answer(200, &[Step::Data("a")]), &diary);
    // In: the call, the poll of the future, the frame, the end.
    let around = ["enter", "leave"].repeat(4);
    let expected = [&["arrive GET \"\""][..], &around, &["close ok 200"]].concat();
    assert_eq!(diary.read(), expected);
}

#[test]
fn who_follows_a_request_is_told_what_its_body_broke_off_with() {
    let diary = Diary::default();
    followed(Act::Answer(200, &[Step::Data("a"), Step::Fail]), &diary);
    followed(Act::Answer(503, &[Step::Fail]), &diary);
    let lines = diary.read();
    let closed = lines.iter().filter(|line| line.starts_with("close"));
    let closed: Vec<_> = closed.collect();
    assert_eq!(
        closed,
        ["close error 200: failed", "close error 503: failed"]
    );
}

#[test]
fn a_scope_sees_the_headers_of_the_response_once_as_they_are_sent() {
    #[derive(Debug, Clone, Default)]
    struct Reader(Arc<Mutex<Vec<String>>>);

    impl Observer for Reader {
        fn arrive(&self, _: &Arrival<'_>, now: &mut CurrentRequest) -> Option<Box<dyn Scope>> {
            let value = HeaderValue::from_static("seen");
            now.add_response_header(HeaderName::from_static("x-added"), value);
            Some(Box::new(self.clone()))
        }
    }

    impl Scope for Reader {
        fn enter(&self) -> Entered {
            Entered::new(|| ())
        }

        fn head(&self, headers: &http::HeaderMap) {
            let added = headers["x-added"].to_str().unwrap().to_owned();
            self.0.lock().unwrap().push(added);
            panic!("expected: a scope that panics");
        }

        fn close(self: Box<Self>, _: &Observation<'_>) {
            self.0.lock().unwrap().push("closed".to_owned());
        }
    }

    let reader = Reader::default();
    let layer = ObserveLayer::new(
        &Registry::new(),
        ObserveOptions::new().observer(reader.clone()),
    );
    serve(
        &mut layer.layer(Actor),
        Request::new(Act::Answer(200, &[Step::Data("a")])),
    );
    assert_eq!(*reader.0.lock().unwrap(), ["seen", "closed"]);
    serve(&mut layer.layer(Actor), Request::new(Act::Fail));
    assert_eq!(*reader.0.lock().unwrap(), ["seen", "closed", "closed"]);
}

#[test]
fn a_panic_leaves_the_request_before_it_closes_it() {
    let diary = Diary::default();
    followed(Act::PanicInPoll, &diary);
    // In: the call, the poll, and the drop of the future, which may say something as well.
    let around = ["enter", "leave"].repeat(3);
    let expected = [&["arrive GET \"\""][..], &around, &["close panicked 500"]].concat();
    assert_eq!(diary.read(), expected);
}

#[test]
fn what_a_request_says_when_its_client_has_left_is_inside_it() {
    let diary = Diary::default();
    followed(Act::Hang, &diary);
    // In: the call, the poll, the drop.
    let around = ["enter", "leave"].repeat(3);
    let expected = [&["arrive GET \"\""][..], &around, &["close cancelled 499"]].concat();
    assert_eq!(diary.read(), expected);
}

#[test]
fn observers_nest_in_the_order_in_which_they_were_added() {
    let diary = Diary::default();
    let named = |name| Diary {
        name,
        ..diary.clone()
    };
    let options = ObserveOptions::new()
        .observer(named("a "))
        .observer(named("b "));
    let layer = ObserveLayer::new(&Registry::new(), options);
    serve(&mut layer.layer(Actor), Request::new(Act::Fail));
    let lines = diary.read();
    let around = ["a enter", "b enter", "b leave", "a leave"].repeat(2);
    assert_eq!(lines[2..10], around);
    assert_eq!(
        lines[10..],
        [
            "a enter",
            "b close error 500",
            "a leave",
            "a close error 500"
        ]
    );
}

#[test]
fn an_observer_that_panics_costs_nothing_but_itself() {
    let diary = Diary {
        panics: true,
        ..Diary::default()
    };
    let ends_well = followed(Act::Answer(200, &[]), &diary);
    assert_eq!(total(&ends_well, "http_requests_total", "ok"), 1.0);
    // While a panic unwinds, a second one would abort the process.
    let panics = followed(Act::PanicInPoll, &diary);
    assert_eq!(total(&panics, "http_requests_total", "panicked"), 1.0);
}

/// Leaves with each request what it came for, and asks for it whenever something happens.
#[derive(Debug, Clone, Default)]
struct Follower(Arc<Mutex<Vec<String>>>);

/// What one observer leaves and another finds.
#[derive(Debug, Clone)]
struct Left(u32);

impl Follower {
    fn said(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn ask(&self) {
        let said = with_current_request(|request| {
            let left = request.extensions().get::<Left>().map_or(0, |left| left.0);
            format!("{} {} {left}", request.method(), request.target())
        });
        let said = said.unwrap_or_else(|| "nobody's".into());
        self.0.lock().unwrap().push(said);
    }
}

impl Observer for Follower {
    fn arrive(
        &self,
        request: &Arrival<'_>,
        current: &mut CurrentRequest,
    ) -> Option<Box<dyn Scope>> {
        current.keep_target(request.uri());
        current.extensions_mut().insert(Left(7));
        current.set_span(SpanIds::new([1; 16], [2; 8], true));
        None
    }

    fn close(&self, _: &Observation<'_>) {
        self.ask();
    }
}

/// Answers with nothing, once `meanwhile` is done.
async fn nothing(
    meanwhile: impl Future<Output = ()>,
) -> Result<Response<Empty<&'static [u8]>>, Infallible> {
    meanwhile.await;
    Ok(Response::new(Empty::new()))
}

fn get(target: &str) -> Request<()> {
    Request::get(target).body(()).unwrap()
}

#[tokio::test]
async fn what_is_known_of_a_request_is_found_while_its_code_runs_and_when_it_is_closed() {
    let follower = Follower::default();
    let options = ObserveOptions::new().observer(follower.clone());
    let layer = ObserveLayer::new(&Registry::new(), options);
    let service = service_fn(|_: Request<()>| {
        follower.ask();
        nothing(async { follower.ask() })
    });
    layer
        .layer(service)
        .oneshot(get("/orders/7?card=1"))
        .await
        .unwrap();
    follower.ask();
    let mine = "GET /orders/7?card=1 7";
    assert_eq!(follower.said(), [mine, mine, mine, "nobody's"]);
}

#[tokio::test]
async fn a_request_inside_another_is_the_current_one_only_while_it_runs() {
    let follower = Follower::default();
    let [outer, inner] = [0; 2].map(|_| {
        let options = ObserveOptions::new().observer(follower.clone());
        ObserveLayer::new(&Registry::new(), options)
    });
    let service = service_fn(|_: Request<()>| {
        nothing(async {
            let within = inner.layer(service_fn(|_: Request<()>| nothing(async {})));
            within.oneshot(get("/inner")).await.unwrap();
            follower.ask();
        })
    });
    outer.layer(service).oneshot(get("/outer")).await.unwrap();
    assert_eq!(
        follower.said(),
        ["GET /inner 7", "GET /outer 7", "GET /outer 7"]
    );
}

#[tokio::test]
async fn a_request_that_goes_on_on_another_thread_takes_with_it_what_is_known() {
    let follower = Follower::default();
    let options = ObserveOptions::new().observer(follower.clone());
    let layer = ObserveLayer::new(&Registry::new(), options);
    let service = layer.layer(service_fn(|_: Request<()>| {
        nothing(tokio::task::yield_now())
    }));
    let mut future = Box::pin(service.oneshot(get("/orders")));
    assert!(poll(future.as_mut()).is_pending());
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(poll(future.as_mut()).is_ready()));
    });
    assert_eq!(follower.said(), ["GET /orders 7"]);
}

/// Finds every request as if it were the first.
#[derive(Debug)]
struct Fresh;

impl Observer for Fresh {
    fn arrive(&self, _: &Arrival<'_>, current: &mut CurrentRequest) -> Option<Box<dyn Scope>> {
        let is_empty = current.target().is_empty() && current.span().is_none();
        let is_fresh = is_empty && current.extensions().is_empty();
        current.extensions_mut().insert(Left(1));
        current.set_span(SpanIds::new([1; 16], [2; 8], true));
        current.keep_target(&"/orders".parse().unwrap());
        let said = HeaderValue::from(u32::from(is_fresh));
        current.add_response_header(HeaderName::from_static("x-is-fresh"), said);
        None
    }
}

#[tokio::test]
async fn what_was_left_with_a_request_is_not_found_with_the_next() {
    let options = ObserveOptions::new().observer(Fresh);
    let layer = ObserveLayer::new(&Registry::new(), options);
    for _ in 0..3 {
        let service = layer.layer(service_fn(|_: Request<()>| nothing(async {})));
        let response = service.oneshot(get("/")).await.unwrap();
        assert_eq!(response.headers()["x-is-fresh"], "1");
    }
}

/// Notes of each request whether something was left with it.
#[derive(Debug, Clone, Default)]
struct Asks(Arc<Mutex<Vec<bool>>>);

impl Observer for Asks {
    fn arrive(&self, _: &Arrival<'_>, _: &mut CurrentRequest) -> Option<Box<dyn Scope>> {
        None
    }

    fn close(&self, observation: &Observation<'_>) {
        self.0.lock().unwrap().push(observation.has_extensions());
    }
}

#[tokio::test]
async fn it_is_known_at_the_end_whether_something_was_left_with_a_request() {
    let asks = Asks::default();
    let options = ObserveOptions::new()
        .observer(asks.clone())
        .grpc(GrpcOptions::new());
    let layer = ObserveLayer::new(&Registry::new(), options);
    for content_type in ["text/plain", "application/grpc"] {
        for leaves in [true, false] {
            let service = layer.layer(service_fn(|_: Request<()>| {
                nothing(async move {
                    if leaves {
                        with_current_request(|request| request.extensions_mut().insert(Left(1)));
                    }
                })
            }));
            let mut request = get("/orders");
            let headers = request.headers_mut();
            headers.insert("content-type", HeaderValue::from_static(content_type));
            let response = service.oneshot(request).await.unwrap();
            drop(response);
        }
    }
    assert_eq!(*asks.0.lock().unwrap(), [true, false, true, false]);
}
