//! How an observer follows a request.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use http::Request;
use radiosonde_metrics::Registry;
use radiosonde_tower::{
    Arrival, Entered, Observation, ObserveLayer, ObserveOptions, Observer, Scope,
};
use tower_layer::Layer as _;

use crate::script::{Act, Actor, Step, serve, total};

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
    fn arrive(&self, request: &Arrival<'_>) -> Option<Box<dyn Scope>> {
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
        self.write(&format!(
            "close {} {}",
            observation.outcome().as_str(),
            observation.status()
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
