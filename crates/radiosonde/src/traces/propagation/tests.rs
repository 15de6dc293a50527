use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceFlags, TraceId, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, Span, SpanData, SpanProcessor};
use proptest::prelude::*;

use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn all() -> Propagation {
    Propagation::new(Propagator::ALL.to_vec())
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'static str, &'a str)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, value.parse().unwrap());
    }
    headers
}

/// Returns what is read of the headers: the trace, and whether it is sampled.
fn read(format: Propagator, pairs: &[(&'static str, &str)]) -> Option<(String, Option<bool>)> {
    let headers = headers(pairs.iter().copied());
    let came_with = Propagation::new(vec![format]).extract(&headers);
    let decided = match came_with.origin() {
        Origin::Here => return None,
        Origin::Undecided => None,
        Origin::Decided(sampled) => Some(sampled),
    };
    let context = came_with.to_context();
    let span = context.span().span_context().clone();
    assert!(span.is_remote() && span.is_valid());
    Some((span.trace_id().to_string(), decided))
}

fn traceparent(text: &str) -> Option<(String, Option<bool>)> {
    read(Propagator::TraceContext, &[("traceparent", text)])
}

#[test]
fn a_traceparent_is_what_the_recommendation_says() {
    let found = |sampled| Some((TRACE.to_owned(), Some(sampled)));
    assert_eq!(traceparent(&format!("00-{TRACE}-{SPAN}-01")), found(true));
    assert_eq!(traceparent(&format!("00-{TRACE}-{SPAN}-00")), found(false));
    assert_eq!(traceparent(&format!("00-{TRACE}-{SPAN}-03")), found(true));
    assert_eq!(traceparent(&format!("cc-{TRACE}-{SPAN}-01")), found(true));
    assert_eq!(
        traceparent(&format!("cc-{TRACE}-{SPAN}-01-new")),
        found(true)
    );
    for hostile in [
        String::new(),
        "-".into(),
        "00-1-2-3".into(),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("00-{TRACE}-{SPAN}-01-new"),
        format!("00-{TRACE}-{SPAN}-1"),
        format!("00-{TRACE}-{SPAN}-0g"),
        format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        format!("00-{}-{SPAN}-01", "0".repeat(32)),
        format!("00-{TRACE}-{}-01", "0".repeat(16)),
        format!("00-{TRACE}-{SPAN}-01 "),
        format!("00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01"),
        "-".repeat(400_000),
    ] {
        let shown = &hostile[..hostile.len().min(60)];
        assert_eq!(traceparent(&hostile), None, "{shown}");
    }
    let once = format!("00-{TRACE}-{SPAN}-01");
    let twice = [
        ("traceparent", once.as_str()),
        ("traceparent", once.as_str()),
    ];
    assert_eq!(read(Propagator::TraceContext, &twice), None);
}

#[test]
fn a_tracestate_is_kept_whole_or_not_at_all() {
    let state = |states: &[&str]| {
        let parent = format!("00-{TRACE}-{SPAN}-01");
        let states = states.iter().map(|state| ("tracestate", *state));
        let came = headers(states.chain([("traceparent", parent.as_str())]));
        let mut goes = headers([("tracestate", "of=another")]);
        let propagation = Propagation::new(vec![Propagator::TraceContext]);
        propagation.inject(&propagation.extract(&came).to_context(), &mut goes);
        assert_eq!(goes["traceparent"], parent);
        goes.get("tracestate")
            .map(|state| state.to_str().unwrap().to_owned())
    };
    assert_eq!(state(&[]), None);
    assert_eq!(state(&["a=1,b=2"]).as_deref(), Some("a=1,b=2"));
    assert_eq!(state(&["a=1", "b=2"]).as_deref(), Some("a=1,b=2"));
    assert_eq!(state(&["a=1 ,,\tb=2,"]).as_deref(), Some("a=1,b=2"));
    let members = |many| (0..many).map(|number| format!("k{number}=v"));
    let members = |many| members(many).collect::<Vec<_>>().join(",");
    assert_eq!(state(&[&members(8)]), Some(members(8)));
    assert_eq!(state(&[&members(32)]), Some(members(32)));
    assert_eq!(state(&[&members(33)]), Some(members(32)));
    for malformed in ["nonsense", "a=1,nonsense", "=1", "a=1=2", "A=1"] {
        assert_eq!(state(&[malformed]), None, "{malformed}");
        let late = format!("{},{malformed}", members(20));
        assert_eq!(state(&[&late]), None, "{late}");
    }
    assert_eq!(state(&[&format!("a={}", "x".repeat(510))]), None);
    assert_eq!(
        state(&[
            &format!("a={}", "x".repeat(250)),
            &format!("b={}", "x".repeat(259))
        ]),
        None
    );
}

#[test]
fn b3_comes_in_one_header_or_in_several() {
    let short = &TRACE[16..];
    let found = |sampled| Some((TRACE.to_owned(), sampled));
    let single = |text: &str| read(Propagator::B3, &[("b3", text)]);
    assert_eq!(single(&format!("{TRACE}-{SPAN}-1")), found(Some(true)));
    assert_eq!(
        single(&format!("{TRACE}-{SPAN}-d-{SPAN}")),
        found(Some(true))
    );
    assert_eq!(single(&format!("{TRACE}-{SPAN}-0")), found(Some(false)));
    assert_eq!(single(&format!("{TRACE}-{SPAN}")), found(None));
    let padded = format!("{}{short}", "0".repeat(16));
    assert_eq!(
        single(&format!("{short}-{SPAN}-1")),
        Some((padded, Some(true)))
    );
    for hostile in [
        "0",
        "1",
        "d",
        "",
        "-",
        &format!("{TRACE}-{SPAN}-x"),
        &"a-".repeat(1_000),
    ] {
        assert_eq!(single(hostile), None, "{hostile}");
    }
    let multiple = |decision: &[(&'static str, &str)]| {
        let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
        read(Propagator::B3Multi, &[&ids, decision].concat())
    };
    assert_eq!(multiple(&[("x-b3-sampled", "1")]), found(Some(true)));
    assert_eq!(multiple(&[("x-b3-sampled", "false")]), found(Some(false)));
    assert_eq!(multiple(&[("x-b3-flags", "1")]), found(Some(true)));
    assert_eq!(multiple(&[]), found(None));
}

#[test]
fn jaeger_leaves_out_zeros_and_escapes_colons() {
    let parent = |text: &str| read(Propagator::Jaeger, &[("uber-trace-id", text)]);
    let found = |sampled| Some((TRACE.to_owned(), Some(sampled)));
    assert_eq!(parent(&format!("{TRACE}:{SPAN}:0:1")), found(true));
    assert_eq!(parent(&format!("{TRACE}:f067aa0ba902b7:0:2")), found(true));
    assert_eq!(parent(&format!("{TRACE}%3A{SPAN}%3a0%3A0")), found(false));
    for hostile in [
        "",
        ":::",
        "1:2:3",
        "1:0:0:1",
        "0:1:0:1",
        "1:1:0:1:1",
        &":".repeat(90),
    ] {
        assert_eq!(parent(hostile), None, "{hostile}");
    }
}

#[test]
fn who_wants_a_trace_in_any_case_is_told_to_others() {
    let single = format!("{TRACE}-{SPAN}-d");
    let jaeger = format!("{TRACE}:{SPAN}:0:3");
    let several = [
        ("x-b3-traceid", TRACE),
        ("x-b3-spanid", SPAN),
        ("x-b3-flags", "1"),
    ];
    for (format, came) in [
        (Propagator::B3, &[("b3", &*single)][..]),
        (Propagator::B3Multi, &several),
        (Propagator::Jaeger, &[("uber-trace-id", &*jaeger)]),
    ] {
        let came = headers(came.iter().copied());
        let propagation = Propagation::new(vec![format]);
        let came_with = propagation.extract(&came);
        assert_eq!(came_with.origin(), Origin::Decided(true), "{format:?}");
        // A span below it, in the same trace.
        let context = came_with.to_context();
        let goes = |trace_id: TraceId, flags: TraceFlags| {
            let span = SpanContext::new(trace_id, 7.into(), flags, false, TraceState::NONE);
            let mut goes = headers([("x-b3-sampled", "0"), ("x-b3-parentspanid", SPAN)]);
            all().inject(&context.with_remote_span_context(span), &mut goes);
            let value = |name| {
                goes.get(name)
                    .map(|value| value.to_str().unwrap().to_owned())
            };
            ["b3", "x-b3-flags", "x-b3-sampled", "uber-trace-id"].map(value)
        };
        let trace_id = context.span().span_context().trace_id();
        let [b3, flags, sampled, jaeger] = goes(trace_id, TraceFlags::SAMPLED);
        assert_eq!(b3.unwrap(), format!("{TRACE}-0000000000000007-d"));
        assert_eq!((flags.as_deref(), sampled), (Some("1"), None));
        assert_eq!(jaeger.unwrap(), format!("{TRACE}:0000000000000007:0:3"));
        // Of another trace, nobody said that.
        let [b3, flags, sampled, jaeger] = goes(1.into(), TraceFlags::SAMPLED);
        assert!(b3.unwrap().ends_with("-1") && jaeger.unwrap().ends_with(":1"));
        assert_eq!((flags, sampled.as_deref()), (None, Some("1")));
        // Where it is not sampled all the same, the others are not told that it was.
        let [b3, flags, sampled, jaeger] = goes(trace_id, TraceFlags::NOT_SAMPLED);
        assert!(b3.unwrap().ends_with("-0") && jaeger.unwrap().ends_with(":0"));
        assert_eq!((flags, sampled.as_deref()), (None, Some("0")));
    }
}

#[test]
fn the_last_format_that_has_a_trace_wins() {
    let other = "1".repeat(32);
    let headers = headers([
        ("traceparent", &*format!("00-{TRACE}-{SPAN}-01")),
        ("b3", &format!("{other}-{SPAN}-1")),
        ("uber-trace-id", "nonsense"),
    ]);
    let ids = all().extract(&headers).ids().unwrap();
    assert_eq!(TraceId::from_bytes(ids.trace_id()).to_string(), other);
}

#[test]
fn baggage_goes_on_within_its_bounds() {
    let propagation = Propagation::new(vec![Propagator::Baggage]);
    let read = |text: &str| {
        let context = propagation
            .extract(&headers([("baggage", text)]))
            .to_context();
        let mut pairs: Vec<_> = context
            .baggage()
            .iter()
            .map(|(key, (value, _))| (key.to_string(), value.to_string()))
            .collect();
        pairs.sort();
        pairs
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        read("user = a%20b , plan=gold;ttl=1,bad,bad=%ff,="),
        [pair("plan", "gold"), pair("user", "a b")]
    );
    let untouched = |came: &str| baggage_of(came, |context| context);
    let short = |most: usize| format!("a={}", "x".repeat(most - 2));
    assert_eq!(read(&short(1_000)).len(), 1);
    assert_eq!(untouched(&short(8_192)), Some(short(8_192)));
    assert_eq!(untouched(&short(8_193)), None);
    // What is too long to be read in no time goes on all the same.
    let long = format!("a=1,b={},c=3", "%20".repeat(350));
    assert_eq!(read(&long), [pair("a", "1")]);
    assert_eq!(untouched(&long), Some(long.clone()));
    assert_eq!(untouched(&long[4..]).as_deref(), Some(&long[4..]));
    let many: Vec<_> = (0..180).map(|number| format!("k{number}=v")).collect();
    assert_eq!(read(&many.join(",")).len(), 16);
    // What is there again and again takes its time each time.
    let again = format!("{}b=2", "a=1,".repeat(16));
    assert_eq!(read(&again), [pair("a", "1")]);
    assert_eq!(read(&again[4..]), [pair("a", "1"), pair("b", "2")]);

    let baggage = vec![KeyValue::new("user", "a b,\"c\" é%")];
    let context = Context::new().with_baggage(baggage);
    let mut goes = HeaderMap::new();
    propagation.inject(&context, &mut goes);
    assert_eq!(goes["baggage"], "user=a%20b%2C%22c%22%20%C3%A9%25");
    let back = propagation.extract(&goes).to_context();
    assert_eq!(back.baggage().get("user").unwrap().as_str(), "a b,\"c\" é%");
}

/// Returns what goes out of what came in, and what the service did with it in between.
fn baggage_of(came: &str, between: impl Fn(Context) -> Context) -> Option<String> {
    let propagation = Propagation::new(vec![Propagator::Baggage]);
    let came = propagation.extract(&headers([("baggage", came)]));
    let mut goes = HeaderMap::new();
    propagation.inject(&between(came.to_context()), &mut goes);
    let value = goes.get("baggage")?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn baggage_that_nobody_touches_goes_on_as_it_came() {
    let untouched = |came: &str| baggage_of(came, |context| context);
    let came = "b=%61%20b;ttl=1 , a=1,bad";
    assert_eq!(untouched(came).as_deref(), Some(came));
    assert_eq!(untouched(",,bad,=,"), None);
    let members = |many| (0..many).map(|number| format!("k{number}=v"));
    let members = |many| members(many).collect::<Vec<_>>().join(",");
    assert_eq!(untouched(&members(64)), Some(members(64)));
    assert_eq!(untouched(&members(65)), Some(members(64)));
}

#[test]
fn baggage_of_the_service_takes_the_place_of_what_came() {
    let own = |context: Context| context.with_baggage(vec![KeyValue::new("own", "1")]);
    assert_eq!(baggage_of("a=1,b=2", own).as_deref(), Some("own=1"));
    let none = |context: Context| context.with_cleared_baggage();
    assert_eq!(baggage_of("a=1,b=2", none), None);
    // Where one that was put in its place is replaced again, as well.
    let twice = |context: Context| own(none(context));
    assert_eq!(baggage_of("a=1,b=2", twice).as_deref(), Some("own=1"));
}

/// A message with headers of all kinds, as OpenTelemetry's API reads and writes them.
fn message() -> HashMap<String, String> {
    let members: Vec<_> = (0..32).map(|number| format!("k{number}=v")).collect();
    HashMap::from([
        ("traceparent".into(), format!("00-{TRACE}-{SPAN}-01")),
        ("tracestate".into(), members.join(",")),
        ("baggage".into(), "a=1;of=it , bad".into()),
    ])
}

/// Whether the only span has ended.
#[derive(Debug, Clone, Default)]
struct Ended(Arc<AtomicBool>);

impl SpanProcessor for Ended {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, _: SpanData) {
        self.0.store(true, SeqCst);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[test]
fn what_is_extracted_does_not_keep_the_span_that_it_replaces() {
    let ended = Ended::default();
    let provider = SdkTracerProvider::builder().with_span_processor(ended.clone());
    let outer = provider.build().tracer("shop").start("outer");
    let outer = Context::new().with_span(outer);
    let inner = all().extract_with_context(&outer, &message());
    assert!(!ended.0.load(SeqCst));
    drop(outer);
    assert!(ended.0.load(SeqCst));
    let mut goes = HashMap::new();
    all().inject_context(&inner, &mut goes);
    for (name, value) in message() {
        assert_eq!(goes[&name], value);
    }
}

#[test]
fn a_loop_that_reads_each_message_into_the_context_of_the_last_builds_no_chain() {
    let propagation = Propagation::new(vec![Propagator::Baggage]);
    let message = HashMap::from([("baggage".to_owned(), "a=1".to_owned())]);
    let mut context = Context::new();
    for _ in 0..100_000 {
        context = propagation.extract_with_context(&context, &message);
    }
    // A chain as long as that would be more than the stack takes.
    drop(context);
}

#[test]
fn what_no_header_could_hold_is_not_read_of_a_message_either() {
    for hostile in ["\r\nx: y", "\0", "\u{7f}", "é"] {
        let mut message = message();
        for name in ["tracestate", "baggage"] {
            message.get_mut(name).unwrap().push_str(hostile);
        }
        let came = all().extract_with_context(&Context::new(), &message);
        let mut goes = HashMap::new();
        all().inject_context(&came, &mut goes);
        assert_eq!(goes.get("traceparent"), message.get("traceparent"));
        assert_eq!(goes.get("tracestate").map_or("", String::as_str), "");
        assert_eq!(goes.get("baggage"), None, "{hostile:?}");
    }
}

#[test]
fn the_state_of_a_trace_stays_with_it_alone() {
    let members: Vec<_> = (0..32).map(|number| format!("k{number}=v")).collect();
    let parent = format!("00-{TRACE}-{SPAN}-01");
    let came = headers([
        ("traceparent", &*parent),
        ("tracestate", &members.join(",")),
    ]);
    let propagation = Propagation::new(vec![Propagator::TraceContext]);
    let came = propagation.extract(&came).to_context();
    let goes = |span: SpanContext| {
        let mut goes = HeaderMap::new();
        propagation.inject(&came.with_remote_span_context(span), &mut goes);
        let state = goes.get("tracestate")?;
        Some(state.to_str().unwrap().to_owned())
    };
    let parent = came.span().span_context().clone();
    let of = |trace_id, state| {
        let flags = TraceFlags::SAMPLED;
        SpanContext::new(trace_id, 7.into(), flags, false, state)
    };
    // A span below it has its state.
    let state = parent.trace_state().clone();
    let below = of(parent.trace_id(), state.clone());
    assert_eq!(goes(below), Some(members.join(",")));
    // Where somebody has changed the state, that one goes on, as far as it was read.
    let changed = of(parent.trace_id(), state.insert("own", "1").unwrap());
    assert_eq!(
        goes(changed),
        Some(format!("own=1,{}", members[..8].join(",")))
    );
    assert_eq!(goes(of(1.into(), TraceState::NONE)), None);
}

#[test]
fn without_a_trace_nothing_is_written() {
    let mut headers = HeaderMap::new();
    all().inject(&Context::new(), &mut headers);
    assert!(headers.is_empty());
}

fn any_header() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let name = prop::sample::select(vec![
        "traceparent",
        "tracestate",
        "baggage",
        "b3",
        "x-b3-traceid",
        "x-b3-spanid",
        "x-b3-sampled",
        "x-b3-flags",
        "uber-trace-id",
    ]);
    let plausible = "[0-9a-f:=,;%-]{0,80}".prop_map(String::into_bytes);
    (name, prop_oneof![any::<Vec<u8>>(), plausible])
}

proptest! {
    #[test]
    fn what_goes_out_comes_in(trace in 1_u128.., span in 1_u64.., sampled: bool) {
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let span = SpanContext::new(trace.into(), span.into(), flags, true, TraceState::NONE);
        let context = Context::new().with_remote_span_context(span.clone());
        for format in Propagator::ALL {
            let propagation = Propagation::new(vec![format]);
            let mut headers = HeaderMap::new();
            propagation.inject(&context, &mut headers);
            let came_with = propagation.extract(&headers);
            if format == Propagator::Baggage {
                prop_assert_eq!(came_with.ids(), None);
            } else {
                prop_assert_eq!(came_with.ids(), Some(ids_of(&span)));
                prop_assert_eq!(came_with.origin(), Origin::Decided(sampled));
            }
        }
    }

    #[test]
    fn whatever_comes_what_goes_out_is_well_formed(pairs in prop::collection::vec(any_header(), 0..8)) {
        let mut came = HeaderMap::new();
        for (name, value) in pairs {
            if let Ok(value) = value.try_into() {
                came.append(name, value);
            }
        }
        let context = all().extract(&came).to_context();
        let mut goes = HeaderMap::new();
        all().inject(&context, &mut goes);
        let valid = context.span().span_context().is_valid();
        prop_assert_eq!(goes.contains_key("traceparent"), valid);
        if valid {
            let again = all().extract(&goes).ids();
            prop_assert_eq!(again, Some(ids_of(context.span().span_context())));
        }
    }
}
