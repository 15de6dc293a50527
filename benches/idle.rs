//! What does an instrumented service cost while nobody asks it anything?
//!
//! One process, three times: with a bare server; with everything on beside it, ten checks included; and with the thread for
//! probes as well, which is asked for by an address. A collector and a Sentry are configured and answer nothing. What they add to
//! the first is the answer: processor time, memory, threads, and how long it took to start.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use radiosonde::Config;
use radiosonde::health::Check;
use radiosonde_benches::{Mode, table};
use tokio::net::TcpListener;
use tokio::time::sleep;

fn main() {
    let time = match Mode::from_args() {
        Mode::Full => Duration::from_mins(1),
        // Nobody counts the instructions of doing nothing.
        Mode::Only { .. } => return,
        _ => Duration::from_millis(100),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("a runtime of one thread");
    runtime.block_on(async {
        let app = Router::new().route("/", get(async || "here"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        tokio::spawn(async move { axum::serve(listener, app).await });
        let bare = idle(time).await;

        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let collector = silent.local_addr().expect("an address");
        let config = Config::new("checkout").probe_addr("0");
        let config = config
            .otlp_endpoint(format!("http://{collector}"))
            .sentry_dsn(format!("http://key@{collector}/1"));
        let start = Instant::now();
        let sonde = radiosonde::build(config)
            .expect("a configuration")
            .into_sonde();
        let started = start.elapsed();
        for check in 0..10 {
            let check = Check::new(format!("check{check}"), async || Ok(()));
            sonde.health().register(check).expect("a name of its own");
        }
        let instrumented = idle(time).await;
        let probes = sonde.start_probe_thread().expect("a free port");
        let with_probes = idle(time).await;
        black_box((&sonde, &probes));
        let rows = [
            ("bare", bare),
            ("everything on", instrumented),
            ("and a thread for probes", with_probes),
        ];
        report(&rows, time, started);
    });
}

/// What the process has and used.
#[derive(Debug)]
struct Cost {
    cpu: Duration,
    resident_kib: u64,
    /// What of it is memory, and not code that is mapped.
    own_kib: u64,
    threads: u64,
}

/// Waits, and returns what that took.
async fn idle(time: Duration) -> Cost {
    // What is done once is not what idling costs.
    sleep(time / 10).await;
    let before = cpu_time();
    sleep(time).await;
    Cost {
        cpu: cpu_time().saturating_sub(before),
        resident_kib: status("VmRSS:"),
        own_kib: status("RssAnon:"),
        threads: status("Threads:"),
    }
}

fn report(rows: &[(&str, Cost)], time: Duration, started: Duration) {
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, cost)| {
            let share = 100.0 * cost.cpu.as_secs_f64() / time.as_secs_f64();
            vec![
                (*name).to_owned(),
                format!("{share:.3} %"),
                format!("{} KiB", cost.resident_kib),
                format!("{} KiB", cost.own_kib),
                cost.threads.to_string(),
            ]
        })
        .collect();
    let header = ["", "of a core", "resident", "without code", "threads"];
    table(
        &format!("Idle for {time:?}, after a start of {started:.1?}"),
        &header,
        &rows,
    );
}

/// Returns the processor time of all threads, to the nanosecond; 0 where the system does not tell.
fn cpu_time() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten();
    let times = tasks.filter_map(|task| {
        let schedstat = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        schedstat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(times.sum())
}

/// Returns a number of the kernel's account of this process.
fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}
