//! How an observer follows an outgoing request.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, Request, Response};
use http_body_util::Empty;
use radiosonde_metrics::{Exposition, Registry, RegistryOptions, SampledSpan};
use radiosonde_tower::Entered;
use radiosonde_tower::client::{
    ClientObservation, ClientObserver, ClientOptions, ClientScope, Departure, ObserveClientLayer,
};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::balance::silence_expected_panics;
use crate::script::{Act, Actor, Failed, Step, serve, total};

/// Writes down what it is told.
#[derive(Debug, Clone, Default)]
struct Diary {
    lines: Arc<Mutex<Vec<String>>>,
    panics: bool,
}

impl Diary {
    fn write(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }

    fn read(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

thread_local! {
    static OPEN: RefCell<Vec<Diary>> = const { RefCell::new(Vec::new()) };
}

impl ClientObserver for Diary {
    fn depart(&self, request: &Departure<'_>) -> Option<Box<dyn ClientScope>> {
        let (method, server, url) = (request.method_label(), request.server(), request.url());
        self.write(format!("depart {method} {server} {url}"));
        Some(Box::new(self.clone()))
    }
}

impl ClientScope for Diary {
    fn inject(&self, headers: &mut HeaderMap) {
        headers.insert("x-trace", "1".parse().unwrap());
        assert!(!self.panics, "in call");
    }

    fn enter(&self) -> Entered {
        self.write("enter".into());
        OPEN.with_borrow_mut(|open| open.push(self.clone()));
        Entered::new(|| {
            let diary = OPEN.with_borrow_mut(Vec::pop).unwrap();
            diary.write("leave".into());
        })
    }

    fn sampled_span(&self) -> Option<SampledSpan> {
        Some(SampledSpan::new([1; 16], [2; 8]))
    }

    fn close(self: Box<Self>, observation: &ClientObservation<'_>) {
        let (outcome, status) = (observation.outcome().as_str(), observation.status());
        self.write(format!("close {outcome} {status:?}"));
        assert!(!self.panics, "in call");
    }
}

fn followed(act: Act, diary: &Diary) -> Registry {
    let registry = Registry::new();
    follow(&registry, act, diary);
    registry
}

fn follow(registry: &Registry, act: Act, diary: &Diary) {
    let options = ClientOptions::new().observer(diary.clone());
    let layer = ObserveClientLayer::new(registry, options);
    let uri = "https://user:secret@a:8443/orders?token=secret";
    serve(
        &mut layer.layer(Actor),
        Request::get(uri).body(act).unwrap(),
    );
}

#[test]
fn a_request_is_entered_whenever_the_code_of_the_client_runs_and_closed_once() {
    let diary = Diary::default();
    followed(Act::Answer(200, &[Step::Data("a")]), &diary);
    // In: the call, the poll of the future, the frame, the end.
    let around = ["enter", "leave"].repeat(4);
    let expected = [
        &["depart GET a https://a:8443/orders"][..],
        &around,
        &["close ok Some(200)"],
    ];
    assert_eq!(diary.read(), expected.concat());
}

#[test]
fn what_a_client_says_when_it_is_given_up_is_inside_the_request() {
    let diary = Diary::default();
    followed(Act::Hang, &diary);
    // In: the call, the poll, the drop.
    let around = ["enter", "leave"].repeat(3);
    assert_eq!(diary.read()[1..7], around);
    assert_eq!(diary.read()[7..], ["close cancelled None"]);
}

#[test]
fn an_observer_that_panics_costs_nothing_but_itself() {
    silence_expected_panics();
    let diary = Diary {
        panics: true,
        ..Diary::default()
    };
    let ends_well = followed(Act::Answer(200, &[]), &diary);
    assert_eq!(total(&ends_well, "http_client_requests_total", "ok"), 1.0);
    // While a panic unwinds, a second one would abort the process.
    let panics = followed(Act::PanicInPoll, &diary);
    let panicked = total(&panics, "http_client_requests_total", "panicked");
    assert_eq!(panicked, 1.0);
}

#[tokio::test]
async fn headers_of_an_observer_are_sent_with_the_request() {
    let options = ClientOptions::new().observer(Diary::default());
    let layer = ObserveClientLayer::new(&Registry::new(), options);
    let service = layer.layer(service_fn(async |request: Request<()>| {
        assert_eq!(request.headers().len(), 2);
        assert_eq!(request.headers()["x-trace"], "1");
        assert_eq!(request.headers()["accept"], "*/*");
        Ok::<_, Failed>(Response::new(Empty::<&[u8]>::new()))
    }));
    let request = Request::get("http://a/").header("accept", "*/*").body(());
    service.oneshot(request.unwrap()).await.unwrap();
}

#[test]
fn the_span_of_a_request_is_the_exemplar_of_its_duration() {
    // The registry has a source of its own for what is recorded elsewhere.
    let options = RegistryOptions::new().exemplars(|| None);
    let registry = Registry::with_options(options);
    follow(&registry, Act::Answer(200, &[]), &Diary::default());
    let text = String::from_utf8(registry.render_as(Exposition::OpenMetrics)).unwrap();
    let span = r#"# {trace_id="01010101010101010101010101010101",span_id="0202020202020202"}"#;
    assert!(text.contains(span), "{text}");
}

#[test]
fn a_query_is_shown_when_asked_for() {
    let diary = Diary::default();
    let options = ClientOptions::new().observer(diary.clone());
    let layer = ObserveClientLayer::new(&Registry::new(), options.record_query(true));
    let request = Request::get("http://a/?page=2&sig=secret").body(Act::Fail);
    serve(&mut layer.layer(Actor), request.unwrap());
    let line = "depart GET a http://a/?page=2&sig=REDACTED";
    assert_eq!(diary.read()[0], line);
}
