//! A Sentry that accepts and never answers: what it costs the service, which is nothing.
//!
//! The counts are small, so that the tests are quick, and no more is asserted of how long things take than that nothing hangs. With
//! counts of their own, which is what the figures in `docs/reliability.md` are from, the budgets are asserted as well:
//!
//! ```sh
//! RADIOSONDE_TEST_PANICS=1000 cargo nextest run -p radiosonde --all-features --release --no-capture hanging
//! ```

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::FileExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use futures_util::FutureExt as _;
use radiosonde::Config;
use radiosonde_testkit::fault::{FaultCollector, Mode};
use radiosonde_testkit::http;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt as _;

use super::{count, dsn};
use crate::child::{self, printed};

const PANICS: &str = "RADIOSONDE_TEST_PANICS";
const FEW: usize = 100;

fn panics() -> usize {
    std::env::var(PANICS).map_or(FEW, |text| text.parse().unwrap())
}

fn runtimes() -> [Runtime; 3] {
    let workers = |count| {
        Builder::new_multi_thread()
            .worker_threads(count)
            .enable_all()
            .build()
    };
    let alone = Builder::new_current_thread().enable_all().build();
    [alone, workers(1), workers(2)].map(Result::unwrap)
}

/// Runs a test in a child that reports to a collector which hangs, if to any, and returns what it printed.
fn beside(
    collector: Option<&FaultCollector>,
    test: &str,
    flavour: usize,
    more: &[(&str, &str)],
) -> String {
    let (panics, flavour) = (panics().to_string(), flavour.to_string());
    let mut variables = vec![(PANICS, panics.as_str()), (FLAVOUR, flavour.as_str())];
    variables.extend(more);
    let dsn = collector.map(dsn);
    variables.extend(dsn.as_deref().map(|dsn| ("SENTRY_DSN", dsn)));
    printed(&child::run(test, &variables))
}

/// Which of the runtimes a child uses.
fn runtime() -> Runtime {
    let flavour: usize = std::env::var(FLAVOUR).unwrap().parse().unwrap();
    runtimes().into_iter().nth(flavour).unwrap()
}

const FLAVOUR: &str = "RADIOSONDE_TEST_FLAVOUR";

#[test]
fn a_process_that_has_reports_to_send_ends_in_time() {
    let name = "errors::hanging::a_process_that_has_reports_to_send_ends_in_time";
    if !child::is_child() {
        for flavour in 0..3 {
            let collector = FaultCollector::start(Mode::Hang);
            let before = Instant::now();
            let text = beside(Some(&collector), name, flavour, &[]);
            // A machine that is busy takes its time, and a hang takes for ever.
            let budget = Duration::from_secs(if is_measured() { 5 } else { 40 });
            let took = before.elapsed();
            assert!(took < budget, "{took:?}");
            let figure = text.lines().find(|line| line.contains(" took "));
            println!("Sentry hangs: {}", figure.unwrap());
            assert!(!collector.requests().is_empty(), "nothing was on its way");
        }
        return;
    }
    std::panic::set_hook(Box::new(|_| {}));
    runtime().block_on(async {
        let sonde = radiosonde::init("checkout").unwrap();
        let app = Router::new()
            .route("/fail", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .layer(sonde.layer());
        let server = sonde.bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr();
        let client = std::thread::spawn(move || {
            for _ in 0..40 {
                let response = http::get(address, "/fail", &[]).unwrap();
                assert_eq!(response.status, 500);
            }
            let terminated = Instant::now();
            let kill = format!("kill -TERM {}", std::process::id());
            let status = std::process::Command::new("sh")
                .args(["-c", &kill])
                .status();
            assert!(status.unwrap().success());
            terminated
        });
        server.serve(app).await;
        println!("\nending took {:?}", client.join().unwrap().elapsed());
    });
}

/// The same handlers panic in all services, since a panic has its price without anybody's doing; what the reports add is the
/// difference to the one without Sentry.
#[test]
fn neighbours_of_handlers_that_panic_are_answered_as_ever() {
    let name = "errors::hanging::neighbours_of_handlers_that_panic_are_answered_as_ever";
    if child::is_child() {
        println!("\n{MARK}{}", panic_beside_neighbours());
        return;
    }
    // One thread for both, and one for each.
    let threads = [(0, "one thread"), (2, "two threads")];
    for (way, (flavour, threads)) in WAYS.into_iter().flat_map(|way| threads.map(|of| (way, of))) {
        let mut rounds = Vec::new();
        // In turns, so that what else the machine does hits all.
        for _ in 0..count_of_rounds() {
            rounds.push(SERVICES.map(
                |Service {
                     name: service,
                     sentry,
                 }| {
                    let collector = sentry.map(|mode| FaultCollector::start(mode()));
                    let variables = [(SERVICE, service), (WAY, way)];
                    Figures::read(&beside(collector.as_ref(), name, flavour, &variables))
                },
            ));
        }
        println!("{}", in_words(&format!("{way}, {threads}"), &rounds));
    }
}

struct Service {
    name: &'static str,
    sentry: Option<fn() -> Mode>,
}

impl Service {
    const fn new(name: &'static str, sentry: Option<fn() -> Mode>) -> Self {
        Self { name, sentry }
    }
}

const BARE: &str = "without Radiosonde";

const SERVICES: [Service; 4] = [
    Service::new(BARE, None),
    Service::new("without Sentry", None),
    Service::new("Sentry answers", Some(|| Mode::status(200))),
    Service::new("Sentry hangs", Some(|| Mode::Hang)),
];

/// Which of the services a child is.
const SERVICE: &str = "RADIOSONDE_TEST_SERVICE";

/// As clients see it, who ask at the same time; and request by request, each with what the one before it has left of the caches.
const WAYS: [&str; 2] = [OVER_SOCKETS, "in process"];
const OVER_SOCKETS: &str = "over sockets";

/// By which of the ways a child is asked.
const WAY: &str = "RADIOSONDE_TEST_WAY";

fn panic_beside_neighbours() -> Figures {
    std::panic::set_hook(Box::new(|_| {}));
    let is_bare = std::env::var(SERVICE).unwrap() == BARE;
    let sonde = (!is_bare).then(|| radiosonde::init(Config::new("checkout")).unwrap());
    let in_hook = time_the_hook();
    let app = Router::new()
        .route(
            "/panic",
            get(async || -> StatusCode { panic!("as expected") }),
        )
        .route("/ok", get(async || "ok"));
    let app = match &sonde {
        Some(sonde) => app.layer(sonde.layer()),
        None => app,
    };
    let over_sockets = std::env::var(WAY).unwrap() == OVER_SOCKETS;
    let (panicking, neighbours) = if over_sockets {
        ask_over_sockets(app)
    } else {
        runtime().block_on(ask_for_both(app))
    };
    let mut in_hook = in_hook.take();
    // Who waits for requests leaves the processor.
    let disturbs = |took: &mut Took| took.disturbed &= !over_sockets;
    in_hook.iter_mut().for_each(disturbs);
    let budget = Duration::from_millis(if is_measured() { 1 } else { 50 });
    let worked = in_hook.iter().map(|took| took.worked).collect();
    assert!(percentiles(worked)[1] <= budget);
    let figures = Figures::of([&neighbours, &panicking, &in_hook]);
    let Some(sonde) = sonde else { return figures };
    let expected = panics() as u64;
    assert_eq!(count(&sonde, "panics_total "), expected);
    if std::env::var_os("SENTRY_DSN").is_some() {
        let captured = count(&sonde, "radiosonde_error_events_captured_total ");
        let limited = r#"radiosonde_error_events_suppressed_total{reason="limited"} "#;
        assert_eq!(captured + count(&sonde, limited), expected);
    }
    figures
}

/// Has two clients ask, one for what panics, over a connection for each, and one for what does not.
fn ask_over_sockets(app: Router) -> (Vec<Took>, Vec<Took>) {
    let runtime = runtime();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    // Serves for as long as the process lasts.
    std::thread::spawn(move || runtime.block_on(async { axum::serve(listener, app).await }));
    let ended = AtomicBool::new(false);
    let measured = |work: &mut dyn FnMut()| {
        let began = Began::now();
        work();
        // Who waits for an answer leaves the processor.
        let disturbed = false;
        Took {
            disturbed,
            ..began.took()
        }
    };
    let fail = || {
        let mut ask = || assert!(http::get(address, "/panic", &[]).is_err());
        let times: Vec<_> = (0..panics()).map(|_| measured(&mut ask)).collect();
        ended.store(true, Relaxed);
        times
    };
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_nodelay(true).unwrap();
    let mut ask = || {
        let mut answer = [0; 1_024];
        let request = b"GET /ok HTTP/1.1\r\nhost: shop\r\n\r\n";
        connection.write_all(request).unwrap();
        let read = connection.read(&mut answer).unwrap();
        assert!(answer[..read].ends_with(b"ok"));
    };
    (0..FEW).for_each(|_| ask());
    std::thread::scope(|scope| {
        let failing = scope.spawn(fail);
        let mut times = Vec::new();
        while !ended.load(Relaxed) || times.is_empty() {
            times.push(measured(&mut ask));
        }
        (failing.join().unwrap(), times)
    })
}

/// Asks for what panics and for what does not, in two tasks: each on a worker of its own where there are two, and one after the other
/// where there is one.
async fn ask_for_both(app: Router) -> (Vec<Took>, Vec<Took>) {
    // What is made once is no part of it.
    for _ in 0..FEW {
        ask(&app, "/ok").await;
    }
    let ends = Arc::new(AtomicBool::new(false));
    let (panics_app, panics_end) = (app.clone(), Arc::clone(&ends));
    let panicking = tokio::spawn(async move {
        let mut times = Vec::new();
        for _ in 0..panics() {
            let (status, took) = ask(&panics_app, "/panic").await;
            assert_eq!(status, None);
            times.push(took);
            tokio::task::yield_now().await;
        }
        panics_end.store(true, Relaxed);
        times
    });
    let neighbours = tokio::spawn(async move {
        let mut times = Vec::new();
        while !ends.load(Relaxed) || times.is_empty() {
            let (status, took) = ask(&app, "/ok").await;
            assert_eq!(status, Some(StatusCode::OK));
            times.push(took);
            tokio::task::yield_now().await;
        }
        times
    });
    (panicking.await.unwrap(), neighbours.await.unwrap())
}

/// Asks for a path, and returns the status, unless the handler panicked, and how long that took. All of it is done at once, by one
/// thread.
async fn ask(app: &Router, path: &str) -> (Option<StatusCode>, Took) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let began = Began::now();
    let answer = AssertUnwindSafe(app.clone().oneshot(request))
        .catch_unwind()
        .await;
    let status = answer.ok().map(|response| response.unwrap().status());
    (status, began.took())
}

/// How long the panic hook took each time.
#[derive(Clone, Default)]
struct InHook(Arc<Mutex<Vec<Took>>>);

impl InHook {
    fn take(&self) -> Vec<Took> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Puts a hook around the one that is there.
fn time_the_hook() -> InHook {
    let in_hook = InHook::default();
    let (times, hook) = (in_hook.clone(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        let began = Began::now();
        hook(panic);
        times.0.lock().unwrap().push(began.took());
    }));
    in_hook
}

/// When something began.
#[derive(Clone, Copy)]
struct Began {
    at: Instant,
    /// How long the thread had worked by then.
    worked: Duration,
}

/// How long something took.
#[derive(Clone, Copy)]
struct Took {
    all: Duration,
    /// How long the thread worked for it.
    worked: Duration,
    /// Whether another thread had the processor since the one before it: what it left of the caches is the machine's doing.
    disturbed: bool,
}

impl Began {
    fn now() -> Self {
        Self {
            worked: worked(),
            at: Instant::now(),
        }
    }

    fn took(self) -> Took {
        let all = self.at.elapsed();
        Took {
            all,
            worked: worked().saturating_sub(self.worked),
            disturbed: was_disturbed(),
        }
    }
}

fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().unwrap()
}

/// Tells whether this thread has left the processor since it was last asked, where the system counts that.
fn was_disturbed() -> bool {
    thread_local! {
        static SCHEDULED: (Option<File>, Cell<u64>) = (File::open("/proc/thread-self/schedstat").ok(), Cell::default());
    }
    SCHEDULED.with(|(statistics, before)| {
        let mut text = [0; 64];
        let read = statistics
            .as_ref()
            .and_then(|file| file.read_at(&mut text, 0).ok());
        let text = str::from_utf8(&text[..read.unwrap_or_default()]).unwrap();
        let times = text
            .split_whitespace()
            .next_back()
            .map_or(0, |times| times.parse().unwrap());
        before.replace(times) != times
    })
}

/// The median and the 99th percentile of neighbours, of handlers that panic, and of the hook, of those that were not disturbed; and how many
/// were, in a hundred.
#[derive(Clone, Copy)]
struct Figures([[f64; 3]; 3]);

impl Figures {
    fn of(times: [&[Took]; 3]) -> Self {
        Self(times.map(|times| {
            let undisturbed = times.iter().filter(|took| !took.disturbed);
            let undisturbed: Vec<_> = undisturbed.map(|took| took.all).collect();
            let disturbed = 100 * (times.len() - undisturbed.len()) / times.len();
            let [half, most] = percentiles(undisturbed).map(|time| time.as_secs_f64() * 1e6);
            [half, most, f64::from(u8::try_from(disturbed).unwrap())]
        }))
    }

    fn read(text: &str) -> Self {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(MARK))
            .unwrap();
        let mut figures = line.split(' ').map(|figure| figure.parse().unwrap());
        Self([(); 3].map(|()| [(); 3].map(|()| figures.next().unwrap())))
    }
}

const MARK: &str = "figures: ";

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figures = self.0.as_flattened().iter().map(ToString::to_string);
        f.write_str(&figures.collect::<Vec<_>>().join(" "))
    }
}

/// Says what came of all rounds, at their median.
fn in_words(threads: &str, rounds: &[[Figures; 4]]) -> String {
    let median = |of: &dyn Fn(&[Figures; 4]) -> f64| {
        let mut all: Vec<_> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let mut words = String::new();
    for (what, who) in ["neighbours", "handlers that panic", "the hook"]
        .iter()
        .enumerate()
    {
        for (service, Service { name, .. }) in SERVICES.iter().enumerate() {
            let of = |figure: usize| median(&|round| round[service].0[what][figure]);
            let [half, most, disturbed] = [0, 1, 2].map(of);
            let times =
                |other: usize| median(&|round| round[service].0[what][1] / round[other].0[what][1]);
            let [bare, silent] = [0, 1].map(times);
            let _ = writeln!(
                words,
                "{threads}, {name}: {who} took {half:.2} µs, and {most:.2} at the 99th percentile, {bare:.2} times what it is \
                without Radiosonde, and {silent:.2} without Sentry; {disturbed} % were disturbed"
            );
        }
    }
    words
}

/// Tells whether figures are asked for.
fn is_measured() -> bool {
    panics() > FEW
}

/// How often the figures are taken: once, unless they are looked at.
fn count_of_rounds() -> usize {
    if is_measured() { 15 } else { 1 }
}

/// Returns the median, and what one in a hundred took at least.
fn percentiles(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap_or_default();
    [at(times.len() / 2), at(times.len() * 99 / 100)]
}
