//! A Sentry that accepts and never answers: what it costs the service, which is nothing.
//!
//! The counts are small, so that the tests are quick, and no more is asserted of how long things take than that nothing hangs. With
//! counts of their own, which is what the figures in `docs/reliability.md` are from, the budgets are asserted as well:
//!
//! ```sh
//! RADIOSONDE_TEST_PANICS=1000 cargo nextest run -p radiosonde --all-features --release --no-capture hanging
//! ```

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
fn beside(collector: Option<&FaultCollector>, test: &str, flavour: usize) -> String {
    let (panics, flavour) = (panics().to_string(), flavour.to_string());
    let mut variables = vec![(PANICS, panics.as_str()), (FLAVOUR, flavour.as_str())];
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
            let text = beside(Some(&collector), name, flavour);
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
                let response = radiosonde_testkit::http::get(address, "/fail", &[]).unwrap();
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

#[test]
fn neighbours_of_handlers_that_panic_are_answered_as_ever() {
    let name = "errors::hanging::neighbours_of_handlers_that_panic_are_answered_as_ever";
    if !child::is_child() {
        // One thread for both, and one for each.
        for flavour in [0, 2] {
            // In turns, so that what else the machine does hits both.
            for _ in 0..rounds() {
                let collector = FaultCollector::start(Mode::Hang);
                for (with, collector) in
                    [("without Sentry", None), ("Sentry hangs", Some(&collector))]
                {
                    let text = beside(collector, name, flavour);
                    for figures in text.lines().filter(|line| line.contains(" took ")) {
                        println!("{with}, flavour {flavour}: {figures}");
                    }
                }
            }
        }
        return;
    }
    std::panic::set_hook(Box::new(|_| {}));
    let sonde = radiosonde::init(Config::new("checkout")).unwrap();
    let in_hook = time_the_hook();
    let app = Router::new()
        .route(
            "/panic",
            get(async || -> StatusCode { panic!("as expected") }),
        )
        .route("/ok", get(async || "ok"))
        .layer(sonde.layer());
    let ends = Arc::new(AtomicBool::new(false));
    // Two tasks, each on a worker of its own where there are two.
    let (panicking, neighbours) = runtime().block_on(async {
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
    });
    println!("\nneighbours took {}", spread(&neighbours));
    println!("handlers that panic took {}", spread(&panicking));
    let in_hook = in_hook.take();
    println!("the hook took {}", spread(&in_hook));
    let budget = Duration::from_millis(if is_measured() { 1 } else { 50 });
    assert!(percentiles(&in_hook, |took| took.worked)[1] <= budget);
    let expected = panics() as u64;
    assert_eq!(count(&sonde, "panics_total "), expected);
    if std::env::var_os("SENTRY_DSN").is_some() {
        let captured = count(&sonde, "radiosonde_error_events_captured_total ");
        let limited = r#"radiosonde_error_events_suppressed_total{reason="limited"} "#;
        assert_eq!(captured + count(&sonde, limited), expected);
    }
}

/// When something began.
#[derive(Clone, Copy)]
struct Began {
    at: Instant,
    /// How long the thread had worked by then.
    worked: Duration,
}

/// How long something took, and how long the thread worked for it: what else the machine does is not in that.
#[derive(Clone, Copy)]
struct Took {
    all: Duration,
    worked: Duration,
}

impl Began {
    fn now() -> Self {
        Self {
            worked: worked(),
            at: Instant::now(),
        }
    }

    fn took(self) -> Took {
        Took {
            all: self.at.elapsed(),
            worked: worked().saturating_sub(self.worked),
        }
    }
}

fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.try_into().unwrap()
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

/// Tells whether figures are asked for.
fn is_measured() -> bool {
    panics() > FEW
}

/// How often the figures are taken: once, unless they are looked at.
fn rounds() -> usize {
    if is_measured() { 5 } else { 1 }
}

/// Returns the median, and what one in a hundred took at least.
fn percentiles(times: &[Took], of: fn(&Took) -> Duration) -> [Duration; 2] {
    let mut times: Vec<_> = times.iter().map(of).collect();
    times.sort_unstable();
    [times.len() / 2, times.len() * 99 / 100].map(|index| times[index])
}

fn spread(times: &[Took]) -> String {
    let of = |time: fn(&Took) -> Duration| {
        let [half, most] = percentiles(times, time);
        format!("{half:?} at the median and {most:?} at the 99th percentile")
    };
    let (all, worked) = (of(|took| took.all), of(|took| took.worked));
    format!("{all}; the thread worked {worked}")
}
