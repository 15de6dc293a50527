//! A system that has no thread to give, each time in a process of its own.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use radiosonde::{Config, InitError, Sonde, build, ext};
use radiosonde_testkit::eventually;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::child::{self, printed};

/// A process that gets no more threads: its memory may not grow by the stack of one, and threads that do nothing hold the
/// stacks that others have left.
struct NoThreads(Vec<(Sender<()>, JoinHandle<()>)>);

impl NoThreads {
    fn from_here() -> Self {
        let statm = fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
        // A stack takes 2 MiB.
        limit_memory(&(pages * 4_096 + 1_900 * 1_024).to_string());
        let mut none = Self(Vec::new());
        none.take_all();
        none
    }

    /// Takes the threads that there are again because others have ended.
    fn take_all(&mut self) {
        loop {
            let (release, released) = channel::<()>();
            let hold = move || {
                let _ = released.recv();
            };
            let Ok(thread) = Builder::new().spawn(hold) else {
                return;
            };
            self.0.push((release, thread));
        }
    }

    fn give_one(&mut self) {
        let (release, thread) = self.0.pop().unwrap();
        drop(release);
        thread.join().unwrap();
    }

    fn end(mut self) {
        limit_memory("unlimited");
        while !self.0.is_empty() {
            self.give_one();
        }
    }
}

fn limit_memory(bytes: &str) {
    let process = std::process::id().to_string();
    let limit = format!("--as={bytes}:");
    let mut prlimit = Command::new("prlimit");
    let status = prlimit.args(["--pid", &process, &limit]).status();
    assert!(status.unwrap().success());
}

/// Tells whether there was a warning of ours.
#[derive(Clone, Default)]
struct Warned(Arc<AtomicBool>);

impl<S: Subscriber> Layer<S> for Warned {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let about = event.metadata();
        if about.target() == "radiosonde" && *about.level() == Level::WARN {
            self.0.store(true, SeqCst);
        }
    }
}

#[test]
fn metrics_are_sent_again_once_there_are_threads_again() {
    if !child::is_child() {
        let collector = FaultCollector::start(Mode::status(200));
        let variables = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
            ONE_HEAP,
        ];
        let name = "no_threads::metrics_are_sent_again_once_there_are_threads_again";
        printed(&child::run(name, &variables));
        return;
    }
    let patience = Duration::from_mins(1);
    let mut parts = build("checkout").unwrap();
    let warned = Warned::default();
    let subscriber = tracing_subscriber::registry().with(ext::layer(&mut parts));
    tracing::subscriber::set_global_default(subscriber.with(warned.clone())).unwrap();
    let sonde = parts.into_sonde();
    let sent = || sent(&sonde);
    eventually("metrics that are sent", patience, || {
        (sent() > 0).then_some(())
    });

    let mut none = NoThreads::from_here();
    eventually("metrics that are not", patience, || {
        none.take_all();
        warned.0.load(SeqCst).then_some(())
    });
    none.end();
    let before = sent();
    eventually("metrics that are sent again", patience, || {
        (sent() > before).then_some(())
    });
}

/// Returns how many points have been sent.
fn sent(sonde: &Sonde) -> u64 {
    let text = sonde.metrics().render();
    let mut lines = text.lines();
    let sent = lines.find_map(|line| line.strip_prefix("radiosonde_metric_points_sent_total "));
    sent.unwrap().parse().unwrap()
}

/// Runs a child within a runtime, where Tokio lets no other one be dropped.
fn within_a_runtime(name: &str, run: impl AsyncFnOnce()) {
    if !child::is_child() {
        printed(&child::run(name, &[ONE_HEAP]));
        return;
    }
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(run());
}

#[test]
fn to_start_then_is_an_error_and_no_panic() {
    let name = "no_threads::to_start_then_is_an_error_and_no_panic";
    within_a_runtime(name, async || {
        std::thread::spawn(|| ()).join().unwrap();
        let mut none = NoThreads::from_here();
        // The log can have a thread, and the exports cannot.
        none.give_one();
        let config = Config::new("checkout").otlp_endpoint("http://127.0.0.1:1");
        let started = build(config);
        assert!(matches!(started, Err(InitError::Thread(_))), "{started:?}");
        none.end();
    });
}

#[test]
fn to_start_a_thread_for_probes_then_is_an_error_and_no_panic() {
    let name = "no_threads::to_start_a_thread_for_probes_then_is_an_error_and_no_panic";
    within_a_runtime(name, async || {
        let config = Config::new("checkout").probe_addr("127.0.0.1:0");
        let sonde = build(config).unwrap().into_sonde();
        let none = NoThreads::from_here();
        assert!(sonde.start_probe_thread().is_err());
        none.end();
        assert!(sonde.start_probe_thread().is_ok());
    });
}

/// A heap for each thread is mapped twice as large as it will be, and cut: for a moment there would be no room for a stack, and
/// then there would be.
const ONE_HEAP: (&str, &str) = ("MALLOC_ARENA_MAX", "1");
