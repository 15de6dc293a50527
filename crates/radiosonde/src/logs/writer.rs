//! The thread that writes lines, and the bounded queue in front of it.
//!
//! Of all lines: *written* + *lost* + those that wait = all, at any time.

use std::io::{ErrorKind, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use radiosonde_metrics::Counter;

use super::chores::Chores;

/// Hands lines to the thread that writes them. Clones share the queue.
#[derive(Debug, Clone)]
pub(crate) struct LineWriter {
    queue: SyncSender<Job>,
    waiting: Arc<Waiting>,
    lines: Counter,
    lost: Counter,
}

/// What the thread is asked to do.
#[derive(Debug)]
enum Job {
    Write(Box<[u8]>),
    /// Look what is due.
    Look,
    /// Say what was suppressed.
    Tell,
}

/// How much has been accepted and not yet been written or lost.
#[derive(Debug, Default)]
struct Waiting {
    now: Mutex<Amount>,
    shrank: Condvar,
}

#[derive(Debug, Default)]
struct Amount {
    lines: usize,
    bytes: usize,
}

impl LineWriter {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system when there can be no thread.
    pub(crate) fn start(
        out: impl Write + Send + 'static,
        [lines, lost]: [Counter; 2],
        chores: Option<Chores>,
    ) -> std::io::Result<Self> {
        // One more than there may be lines, so that there is room to be asked to look.
        let (queue, received) = sync_channel(MAX_LINES + 1);
        let writer = Self {
            queue,
            waiting: Arc::default(),
            lines,
            lost,
        };
        let mut worker = Worker {
            out,
            jobs: received,
            waiting: writer.waiting.clone(),
            lines: writer.lines.clone(),
            lost: writer.lost.clone(),
            chores,
            torn: false,
        };
        let work = move || worker.run();
        thread::Builder::new()
            .name("radiosonde-log".into())
            .spawn(work)?;
        Ok(writer)
    }

    /// Accepts a line. Never blocks on the output: a line that does not fit the queue is lost and counted.
    pub(crate) fn write(&self, line: &[u8]) {
        self.lines.increment(1);
        if !self.waiting.add(line.len()) {
            return self.lost.increment(1);
        }
        if self.queue.try_send(Job::Write(line.into())).is_err() {
            self.waiting.remove(1, line.len());
            self.lost.increment(1);
        }
    }

    /// Has the thread look what is due. When there is no room to ask, it is busy, and looks of itself.
    pub(crate) fn look(&self) {
        let _ = self.queue.try_send(Job::Look);
    }

    /// Blocks until no line waits, and returns true, or until the deadline, and returns false.
    pub(crate) fn flush_until(&self, deadline: Instant) -> bool {
        // What was suppressed is told before, if there is room to ask for it.
        if self.waiting.add(0) && self.queue.try_send(Job::Tell).is_err() {
            self.waiting.remove(1, 0);
        }
        self.waiting.none_by(deadline)
    }
}

impl Waiting {
    /// Makes room for a line, unless there is none.
    fn add(&self, bytes: usize) -> bool {
        let mut now = self.lock();
        if now.lines >= MAX_LINES || now.bytes + bytes > MAX_BYTES {
            return false;
        }
        now.lines += 1;
        now.bytes += bytes;
        true
    }

    fn remove(&self, lines: usize, bytes: usize) {
        let mut now = self.lock();
        now.lines -= lines;
        now.bytes -= bytes;
        self.shrank.notify_all();
    }

    fn none_by(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let waited = self
            .shrank
            .wait_timeout_while(self.lock(), left, |now| now.lines > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.lines == 0
    }

    fn lock(&self) -> MutexGuard<'_, Amount> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread has.
struct Worker<W> {
    out: W,
    jobs: Receiver<Job>,
    waiting: Arc<Waiting>,
    lines: Counter,
    lost: Counter,
    chores: Option<Chores>,
    /// Whether the last line that was written lacks its end.
    torn: bool,
}

impl<W: Write> Worker<W> {
    /// Writes what comes, as much as waits at once, until there is nobody left to log.
    fn run(&mut self) {
        let mut chunk = Vec::new();
        let mut due = None;
        while let Some(first) = self.next(due) {
            chunk.clear();
            let (mut count, mut tells) = (0, false);
            let mut job = Some(first);
            while let Some(next) = job {
                match next {
                    Job::Write(line) => {
                        chunk.extend_from_slice(&line);
                        count += 1;
                    }
                    Job::Look => {}
                    Job::Tell => tells = true,
                }
                job = (chunk.len() < MAX_CHUNK)
                    .then(|| self.jobs.try_recv().ok())
                    .flatten();
            }
            self.write(&chunk, count);
            self.waiting.remove(count, chunk.len());
            if tells {
                self.tell();
                self.waiting.remove(1, 0);
            }
            due = self.look();
        }
    }

    /// Waits for a job, until something is due. None when there will be no more.
    fn next(&self, due: Option<Instant>) -> Option<Job> {
        let Some(due) = due else {
            return self.jobs.recv().ok();
        };
        let left = due.saturating_duration_since(Instant::now());
        match self.jobs.recv_timeout(left) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => Some(Job::Look),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Does what is due, and returns when something is due next.
    fn look(&mut self) -> Option<Instant> {
        let chores = self.chores.as_mut()?;
        let mut lines = String::new();
        let due = chores.run(Instant::now(), &mut lines);
        self.write_own(&lines);
        due
    }

    /// Writes what was suppressed, before its time.
    fn tell(&mut self) {
        let mut lines = String::new();
        if let Some(chores) = &self.chores {
            chores.tell(&mut lines);
        }
        self.write_own(&lines);
    }

    /// Writes lines of this thread's own.
    fn write_own(&mut self, lines: &str) {
        let count = lines.lines().count();
        self.lines.increment(count as u64);
        self.write(lines.as_bytes(), count);
    }

    fn write(&mut self, chunk: &[u8], count: usize) {
        if count == 0 {
            return;
        }
        if self.torn && write_patiently(&mut self.out, b"\n") == 1 {
            self.torn = false;
        }
        let written = write_patiently(&mut self.out, chunk);
        let whole = chunk[..written].split(|byte| *byte == b'\n').count() - 1;
        // An error has nowhere to be reported but the count: the log is what failed.
        self.lost.increment((count - whole.min(count)) as u64);
        self.torn |= written > 0 && chunk[written - 1] != b'\n';
    }
}

/// Writes as many of the bytes as can be written, and returns how many. Waits for an output that is not ready: nobody
/// waits for this thread.
fn write_patiently(out: &mut impl Write, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match out.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The terminal or the pipe was made non-blocking, by us or by whoever shares it.
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(NOT_READY),
            Err(_) => break,
        }
    }
    while let Err(error) = out.flush() {
        match error.kind() {
            ErrorKind::Interrupted => {}
            ErrorKind::WouldBlock => thread::sleep(NOT_READY),
            _ => break,
        }
    }
    written
}

/// How long the thread waits for an output that is not ready.
const NOT_READY: Duration = Duration::from_millis(5);

/// How many lines may wait.
const MAX_LINES: usize = 8_192;

/// How many bytes may wait.
const MAX_BYTES: usize = 3 * 1024 * 1024;

/// How many bytes are written at once, give or take a line.
const MAX_CHUNK: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// An output that waits for a permission before each write, and fails when permissions have run out.
    struct Gate {
        permissions: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.permissions.recv().map_err(io::Error::other)?;
            self.written
                .send(bytes.to_vec())
                .map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Fixture {
        writer: LineWriter,
        open: Sender<()>,
        written: Receiver<Vec<u8>>,
    }

    fn blocked() -> Fixture {
        let ((open, permissions), (send, written)) = (channel(), channel());
        let gate = Gate {
            permissions,
            written: send,
        };
        let writer = LineWriter::start(gate, Default::default(), None).unwrap();
        Fixture {
            writer,
            open,
            written,
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn an_output_that_blocks_blocks_nobody_and_what_is_lost_is_counted() {
        let Fixture {
            writer,
            open,
            written,
        } = blocked();
        for _ in 0..3 * MAX_LINES {
            writer.write(b"line\n");
        }
        assert!(!writer.flush_until(Instant::now()), "the output is blocked");
        let lost = writer.lost.value();
        assert!(lost >= MAX_LINES as u64, "{lost}");

        (0..3 * MAX_LINES).for_each(|_| open.send(()).unwrap());
        assert!(writer.flush_until(soon()));
        let lines: usize = written.try_iter().map(|chunk| chunk.len() / 5).sum();
        assert_eq!(writer.lines.value(), lines as u64 + writer.lost.value());
    }

    #[test]
    fn the_queue_is_bounded_in_bytes() {
        let Fixture { writer, .. } = blocked();
        let long = vec![b'x'; MAX_BYTES / 4];
        (0..10).for_each(|_| writer.write(&long));
        assert!(writer.lost.value() >= 6, "{}", writer.lost.value());
    }

    #[test]
    fn an_output_that_fails_loses_lines_and_nothing_else() {
        let Fixture { writer, open, .. } = blocked();
        drop(open);
        writer.write(b"line\n");
        assert!(writer.flush_until(soon()));
        assert_eq!(writer.lost.value(), 1);
    }
}
