//! The whole chain, with real parts: the quickstart fails, Prometheus sees it, Alertmanager tells somebody.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use radiosonde_testkit::service::Service;
use radiosonde_testkit::{eventually, http, tools};

/// The promise is 99 %, so somebody is paged at 14.4 % of bad requests in an hour and in five minutes.
const FAST: f64 = 0.144;

const GOOD: u32 = 200;

#[test]
fn a_failing_service_pages_within_a_minute_of_the_theory() {
    if let Some(arguments) = env::var_os(COMMAND) {
        return be_the_command(&arguments.to_string_lossy());
    }
    let mut quickstart = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    quickstart
        .env("RADIOSONDE_ADMIN_ADDR", "127.0.0.1:0")
        .env("RADIOSONDE_ADMIN_TOKEN", TOKEN)
        .env("RUST_LOG", "info");
    let quickstart = Service::start(&quickstart);
    let directory = tempfile::tempdir().unwrap();
    let up = up(&quickstart, directory.path());
    // Nobody is told without it, and scrapes have it.
    let admin = quickstart.admin_addr();
    assert_eq!(http::get(admin, "/metrics", &[]).unwrap().status, 401);
    assert_eq!(quickstart.get("/metrics").unwrap().status, 404);
    // What came before the first scrape is no part of any rate.
    up.wait_for("slo_events_total");
    for _ in 0..GOOD {
        assert_eq!(quickstart.get("/hello/you").unwrap().status, 200);
    }
    up.wait_for(&format!("sum(slo_events_total)%3E%3D{GOOD}"));

    let is_over = AtomicBool::new(false);
    let (theory, page) = thread::scope(|scope| {
        // Also when there is no page: what fails would go on failing.
        let _over = Over(&is_over);
        let failing = scope.spawn(|| fail(&quickstart, &is_over));
        let page = eventually("the page", Duration::from_mins(3), || {
            let said = up.0.stdout();
            let mut lines = said.lines();
            let page = "oncall is told: firing SLOBurnPage (critical): answered of quickstart: ";
            lines.find(|line| line.starts_with(page))?;
            Some(Instant::now())
        });
        is_over.store(true, Ordering::Relaxed);
        (failing.join().unwrap(), page)
    });
    let delay = page.duration_since(theory);
    println!("the page came {delay:?} after the share of bad requests was more than {FAST}");
    assert!(delay < Duration::from_mins(1), "{delay:?}");
}

/// Says that it is over when it is dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What is committed is what whoever copies it runs first.
#[test]
fn the_committed_tree_passes_its_own_check() {
    let output = Command::new("sh")
        .arg("check.sh")
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/ops"))
        .env("PATH", tools::path())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
}

/// Prometheus and Alertmanager over what is written for a running service, which tells what it measures to administrators alone.
/// They end with this value.
struct Up(Service);

impl Up {
    /// Waits until Prometheus has an answer to a query.
    fn wait_for(&self, query: &str) {
        eventually("a series", Duration::from_mins(2), || {
            let said = self.0.stdout();
            let mut lines = said.lines();
            let address =
                lines.find_map(|line| line.strip_prefix("prometheus listening on http://"))?;
            let path = format!("/api/v1/query?query={query}");
            let answer = http::get(address.parse().ok()?, &path, &[]).ok()?;
            answer.text().contains("\"value\"").then_some(())
        });
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // Killed, it could not end the programs that it has started.
        self.0.terminate();
        self.0.wait(Duration::from_secs(30));
    }
}

fn up(service: &Service, directory: &Path) -> Up {
    let settings = "[notifications.receivers.oncall]\n\
         [[notifications.routes]]\nseverity = \"critical\"\nreceivers = [\"oncall\"]\n";
    let file = directory.join("stack.toml");
    fs::write(&file, settings).unwrap();
    let admin = service.admin_addr();
    let arguments = format!("up --from http://{admin} --settings {}", file.display());
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["pages_within_a_minute", "--nocapture"])
        .env(COMMAND, arguments)
        .env("RADIOSONDE_ADMIN_TOKEN", TOKEN)
        .env("PATH", tools::path());
    Up(Service::start(&command))
}

/// Lets requests fail until it is over, and returns when they were enough for a page.
fn fail(service: &Service, is_over: &AtomicBool) -> Instant {
    let mut bad = 0;
    let mut theory = None;
    while !is_over.load(Ordering::Relaxed) {
        assert_eq!(service.get("/fail").unwrap().status, 500);
        bad += 1;
        if f64::from(bad) > FAST * f64::from(bad + GOOD) {
            theory.get_or_insert_with(Instant::now);
        }
        thread::sleep(Duration::from_millis(20));
    }
    theory.expect("the page came before its reason")
}

/// This program is the command, too: a package has only the programs of its own.
fn be_the_command(arguments: &str) {
    let arguments = ["radiosonde", "stack"]
        .into_iter()
        .chain(arguments.split(' '));
    assert_eq!(radiosonde_stack::cli::run(arguments), 0);
}

const TOKEN: &str = "mgKqCnD1cVVSBWzJ";

const COMMAND: &str = "QUICKSTART_TEST_COMMAND";
