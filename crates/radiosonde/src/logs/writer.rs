//! The thread that writes lines, and the bounded queue in front of it.
//!
//! Of all lines: *written* + *lost* + those that wait = all, at any time.

use std::io::{ErrorKind, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use radiosonde_metrics::Counter;

/// Hands lines to the thread that writes them. Clones share the queue.
#[derive(Debug, Clone)]
pub(crate) struct LineWriter {
    queue: SyncSender<Box<[u8]>>,
    waiting: Arc<Waiting>,
    lines: Counter,
    lost: Counter,
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
        lines: Counter,
        lost: Counter,
    ) -> std::io::Result<Self> {
        let (queue, received) = sync_channel(MAX_LINES);
        let writer = Self {
            queue,
            waiting: Arc::default(),
            lines,
            lost,
        };
        let (waiting, lost) = (writer.waiting.clone(), writer.lost.clone());
        let work = move || write_all(out, &received, &waiting, &lost);
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
        if self.queue.try_send(line.into()).is_err() {
            self.waiting.remove(1, line.len());
            self.lost.increment(1);
        }
    }

    /// Blocks until no line waits, and returns true, or until the deadline, and returns false.
    pub(crate) fn flush_until(&self, deadline: Instant) -> bool {
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

/// Writes what comes, as much as waits at once, until there is nobody left to log.
fn write_all(mut out: impl Write, lines: &Receiver<Box<[u8]>>, waiting: &Waiting, lost: &Counter) {
    let mut chunk = Vec::new();
    let mut torn = false;
    while let Ok(first) = lines.recv() {
        chunk.clear();
        chunk.extend_from_slice(&first);
        let mut count = 1;
        while chunk.len() < MAX_CHUNK
            && let Ok(line) = lines.try_recv()
        {
            chunk.extend_from_slice(&line);
            count += 1;
        }
        if torn && write_patiently(&mut out, b"\n") == 1 {
            torn = false;
        }
        let written = write_patiently(&mut out, &chunk);
        let whole = chunk[..written].split(|byte| *byte == b'\n').count() - 1;
        // An error has nowhere to be reported but the count: the log is what failed.
        lost.increment((count - whole.min(count)) as u64);
        torn |= written > 0 && chunk[written - 1] != b'\n';
        waiting.remove(count, chunk.len());
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
const MAX_BYTES: usize = 4 * 1024 * 1024;

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
        let writer = LineWriter::start(gate, Counter::default(), Counter::default()).unwrap();
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
