//! A service that gets a tenth of a processor and wants a whole one: slow, and alive.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use radiosonde::Config;
use radiosonde_testkit::{http, size};

use crate::child;

const NAME: &str = "starved::a_service_that_gets_a_tenth_of_a_processor_is_alive";

#[test]
fn a_service_that_gets_a_tenth_of_a_processor_is_alive() {
    if child::is_child() {
        return work_for_ever();
    }
    let Some(cage) = Cage::new() else {
        println!("skipped: no control group can be made here");
        return;
    };
    let mut command = child::command(NAME, &[]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address: SocketAddr = lines
        // The runner of tests has begun the line.
        .find_map(|line| line.unwrap().split_once(ADDRESS)?.1.parse().ok())
        .unwrap();
    cage.confine(child.id());
    // A tenth of a second each: twice as long as it takes to find a runtime that has stalled, or ten minutes.
    let (enough, mut answers) = (size(100, 6_000), 0);
    while cage.times_held_back() < enough {
        let answer = http::get(address, "/live", &[]).unwrap();
        assert_eq!(
            answer.status,
            200,
            "after {answers} answers: {}",
            answer.text()
        );
        answers += 1;
    }
    assert!(answers > 0);
    child.kill().and_then(|()| child.wait()).unwrap();
}

/// Serves, with a thread for probes, and keeps its one worker busy with short tasks.
#[expect(
    clippy::print_stdout,
    reason = "a child tells its parent where it listens"
)]
fn work_for_ever() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let config = Config::new("checkout").probe_addr("0");
        let sonde = radiosonde::build(config).unwrap().into_sonde();
        let probes = sonde.start_probe_thread().unwrap().unwrap();
        println!("{ADDRESS}{}", probes.local_addr());
        loop {
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(1) {
                std::hint::spin_loop();
            }
            tokio::task::yield_now().await;
        }
    });
}

const ADDRESS: &str = "address: ";

/// A control group that may use a tenth of a processor, of either version of the kernel's interface.
struct Cage(PathBuf);

impl Cage {
    /// Makes one, if that is allowed here.
    fn new() -> Option<Self> {
        let name = format!("radiosonde-{}", std::process::id());
        let mounts = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"];
        mounts.into_iter().find_map(|mount| {
            let path = Path::new(mount).join(&name);
            fs::create_dir(&path).ok()?;
            let cage = Self(path);
            let of_first = ["cpu.cfs_period_us", "cpu.cfs_quota_us"];
            let first = of_first.into_iter().zip(["100000", "10000"]);
            let is_first = first
                .into_iter()
                .all(|(file, limit)| cage.write(file, limit));
            (is_first || cage.write("cpu.max", "10000 100000")).then_some(cage)
        })
    }

    fn confine(&self, process: u32) {
        assert!(self.write("cgroup.procs", &process.to_string()));
    }

    /// Returns in how many tenths of a second it wanted more than it got.
    fn times_held_back(&self) -> usize {
        let text = fs::read_to_string(self.0.join("cpu.stat")).unwrap();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("nr_throttled "));
        line.unwrap().parse().unwrap()
    }

    /// Tells whether a file was there and took this.
    fn write(&self, file: &str, text: &str) -> bool {
        let path = self.0.join(file);
        path.exists() && fs::write(path, text).is_ok()
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        // Not before all in it have ended, and that is so unless the test fails.
        let _ = fs::remove_dir(&self.0);
    }
}
