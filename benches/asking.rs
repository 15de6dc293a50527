//! Somebody who asks a service, each time when it is due.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};

use radiosonde_benches::{Scheduled, Stopwatch, run, waited};

use crate::served::PATH;

/// What came of a round.
pub(crate) struct Round {
    /// How long after it was due each request was answered, in nanoseconds.
    times: Vec<u64>,
    /// Which of them were due while a processor was there, and nothing to be worked off.
    calm: Vec<bool>,
    pub(crate) failed: u32,
    began: Instant,
    pub(crate) took: Duration,
    /// What the processor did for the service.
    pub(crate) scheduled: Scheduled,
    /// How long the thread that asked waited for its processor.
    waited: Duration,
}

impl Round {
    /// Adds what the processor did for the service meanwhile.
    pub(crate) fn with(self, scheduled: Scheduled) -> Self {
        Self { scheduled, ..self }
    }

    /// Leaves out the requests that were due in these times.
    pub(crate) fn without(mut self, times: &[Range<Instant>]) -> Self {
        let mut due = self.began;
        for calm in &mut self.calm {
            *calm = !times.iter().any(|time| time.contains(&due));
            due += INTERVAL;
        }
        self
    }

    /// Returns how long all requests took, in nanoseconds.
    pub(crate) fn all(&self) -> &[u64] {
        &self.times
    }

    /// Returns how long those took that are not left out.
    pub(crate) fn calm(&self) -> impl Iterator<Item = u64> {
        let times = self.times.iter().zip(&self.calm);
        times.filter(|(_, calm)| **calm).map(|(time, _)| *time)
    }

    /// Tells whether it says nothing: most requests are left out, or who asks had to wait for others.
    pub(crate) fn is_disturbed(&self) -> bool {
        self.calm().count() < self.times.len() / 2 || self.waited > self.took / ALLOWED
    }
}

/// A connection that stays open, as long as that is possible.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

impl Connection {
    /// Connects to this address once it is needed.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// Asks as often, as fast as it is answered.
    pub(crate) fn warm_up(&mut self, turns: u32) {
        for _ in 0..turns {
            self.ask().expect("an answer");
        }
    }

    /// Asks as often, each time when it is due, and does something in between, which has the time until the next is.
    pub(crate) fn ask_when_due(&mut self, turns: u32, between: impl Fn(u32)) -> Round {
        come_first();
        let mut watch = Stopwatch::default();
        let mut failed = 0;
        let (waited_before, start) = (waited(), Instant::now());
        for turn in 0..turns {
            let answered = watch.time_when_due(start + INTERVAL * turn, || self.ask());
            failed += u32::from(answered.is_err());
            between(turn);
        }
        Round {
            began: start,
            took: start.elapsed(),
            calm: vec![true; turns as usize],
            times: watch.into_times(),
            waited: waited().saturating_sub(waited_before),
            failed,
            scheduled: Scheduled::default(),
        }
    }

    /// Asks, and reads the answer to its end.
    fn ask(&mut self) -> io::Result<()> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(self.address)?,
        };
        let request = format!("GET {PATH} HTTP/1.1\r\nhost: a\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let (mut answer, mut length) = ([0; 1024], 0);
        while !answer[..length].ends_with(b"an item, as good as any") {
            match stream.read(&mut answer[length..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => length += read,
            }
        }
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.stream = Some(stream);
        Ok(())
    }
}

pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Measures as much apart from all else as that can be had.
pub(crate) fn apart(measure: impl FnOnce()) {
    stay_apart();
    come_before_others(true);
    measure();
    come_before_others(false);
}

/// Moves this process to the processor that services leave alone, with all that it starts from now on.
fn stay_apart() {
    let process = std::process::id().to_string();
    run("taskset", &["-a", "-c", "-p", CLIENTS, &process]);
}

/// Lets this session, with all that it started, go before others on this machine, or go with them again. Linux shares processors
/// among sessions before it looks at who is in them. Where that is not so, or not allowed, nothing changes.
fn come_before_others(before: bool) {
    let priority = if before { "-20" } else { "0" };
    let _ = std::fs::write("/proc/self/autogroup", priority);
}

/// Has this thread go first where it shares a processor with collectors: they have the time that it waits for answers. Where that is
/// not allowed it shares as it comes.
fn come_first() {
    let link = std::fs::read_link("/proc/thread-self").unwrap_or_default();
    if let Some(thread) = link.file_name() {
        run("renice", &["-n", "-20", "-p", &thread.to_string_lossy()]);
    }
}

/// The processor of who asks, and of collectors.
pub(crate) const CLIENTS: &str = "1";

/// How long after a request the next one is due.
pub(crate) const INTERVAL: Duration = Duration::from_micros(200);

/// How long an answer, or a collector, is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The part of a round that who asks may wait for its processor: its witness takes some hundredths.
const ALLOWED: u32 = 10;
