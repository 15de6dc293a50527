//! A service that gets a tenth of a processor and wants a whole one: slow, and alive.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
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
    let mut command = child::command(NAME, &[]);
    let mut service = Killed(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(service.0.stdout.take().unwrap()).lines();
    let address: SocketAddr = lines
        // The runner of tests has begun the line.
        .find_map(|line| line.unwrap().split_once(ADDRESS)?.1.parse().ok())
        .unwrap();
    let cage = Cage::around(service.0.id());
    let starved = Starved {
        _service: service,
        cage,
    };
    // A tenth of a second each: twice as long as it takes to find a runtime that has stalled, or ten minutes.
    let (enough, mut answers) = (size(100, 6_000), 0);
    while starved.cage.times_held_back() < enough {
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
}

/// A child in its cage. It goes before the cage does, which has to be empty then.
struct Starved {
    _service: Killed,
    cage: Cage,
}

impl Drop for Starved {
    fn drop(&mut self) {
        // Before the child is waited for: its number may be that of another process then.
        if let Cage::Hand(hand) = &mut self.cage {
            hand.let_go();
        }
    }
}

/// A child that does not outlive the test, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).ok();
    }
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

/// What lets a process have a tenth of a processor.
enum Cage {
    /// By the kernel's own means, where they are to be had.
    Group(Group),
    /// By hand: it may run in one hundredth of a second, and not in the next nine.
    Hand(Hand),
}

impl Cage {
    fn around(process: u32) -> Self {
        let group = Group::new().filter(|group| group.confine(process));
        group.map_or_else(|| Self::Hand(Hand::on(process)), Self::Group)
    }

    /// Returns in how many tenths of a second it was not let run.
    fn times_held_back(&self) -> usize {
        match self {
            Self::Group(group) => group.times_held_back(),
            Self::Hand(hand) => hand.stops.load(SeqCst),
        }
    }
}

/// A thread that stops a process, again and again.
struct Hand {
    stops: Arc<AtomicUsize>,
    /// The thread, which ends when the sender is dropped.
    hold: Option<(mpsc::Sender<()>, thread::JoinHandle<()>)>,
}

impl Hand {
    fn on(process: u32) -> Self {
        let (hold, let_go) = mpsc::channel::<()>();
        let stops = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&stops);
        let thread = thread::spawn(move || {
            let (rest, run) = (Duration::from_millis(90), Duration::from_millis(10));
            while signal("STOP", process) {
                let _ = let_go.recv_timeout(rest);
                counted.fetch_add(1, SeqCst);
                signal("CONT", process);
                if let_go.recv_timeout(run) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        });
        Self {
            stops,
            hold: Some((hold, thread)),
        }
    }

    /// Sends no signal from now on.
    fn let_go(&mut self) {
        if let Some((hold, thread)) = self.hold.take() {
            drop(hold);
            let _ = thread.join();
        }
    }
}

/// Tells whether there was a process to send a signal to.
fn signal(name: &str, process: u32) -> bool {
    let kill = format!("kill -{name} {process} 2> /dev/null");
    let status = Command::new("sh").args(["-c", &kill]).status();
    status.is_ok_and(|status| status.success())
}

/// A control group that may use a tenth of a processor, of either version of the kernel's interface.
struct Group(PathBuf);

impl Group {
    /// Makes one, if that is allowed here.
    fn new() -> Option<Self> {
        let name = format!("radiosonde-{}", std::process::id());
        let mounts = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"];
        mounts.into_iter().find_map(|mount| {
            let path = Path::new(mount).join(&name);
            fs::create_dir(&path).ok()?;
            let group = Self(path);
            let of_first = ["cpu.cfs_period_us", "cpu.cfs_quota_us"];
            let first = of_first.into_iter().zip(["100000", "10000"]);
            let is_first = first
                .into_iter()
                .all(|(file, limit)| group.write(file, limit));
            (is_first || group.write("cpu.max", "10000 100000")).then_some(group)
        })
    }

    fn confine(&self, process: u32) -> bool {
        self.write("cgroup.procs", &process.to_string())
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

impl Drop for Group {
    fn drop(&mut self) {
        // It is empty once the last process in it has been waited for.
        let _ = fs::remove_dir(&self.0);
    }
}
