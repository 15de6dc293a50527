//! The thread itself.

use std::cell::Cell;
use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

use super::attempt::Cutoff;
use super::{HttpClient, HttpOptions, Latch, OwnRuntime};

/// The telemetry thread. Dropping the last handle ends it without waiting.
#[derive(Debug)]
pub(crate) struct Io {
    runtime: Handle,
    /// One for each way to connect.
    clients: Vec<HttpClient>,
    /// When everything must be sent or given up; unset while the service runs. Dropping it ends the thread.
    cutoff: watch::Sender<Option<Instant>>,
    workers: Vec<Latch>,
}

impl Io {
    /// How long after the cutoff a worker may take to count what it gave up.
    pub(crate) const GRACE: Duration = Duration::from_millis(100);

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// Returns the error of the operating system when there can be no thread or no reactor.
    pub(crate) fn start() -> std::io::Result<Self> {
        let runtime = OwnRuntime::new(Builder::new_current_thread().enable_all())?;
        let handle = runtime.handle().clone();
        let (cutoff, watcher) = watch::channel(None);
        thread::Builder::new()
            .name("radiosonde-io".into())
            .spawn(move || {
                become_telemetry_thread();
                let mut ended = watcher.clone();
                // Ends when the sender is dropped; the value does not matter.
                runtime.block_on(async { while ended.changed().await.is_ok() {} });
            })?;
        Ok(Self {
            runtime: handle,
            clients: Vec::new(),
            cutoff,
            workers: Vec::new(),
        })
    }

    /// Returns the client that connects like this.
    pub(crate) fn client(&mut self, options: HttpOptions) -> HttpClient {
        let mut clients = self.clients.iter();
        if let Some(client) = clients.find(|client| *client.options() == options) {
            return client.clone();
        }
        let client = HttpClient::new(options);
        self.clients.push(client.clone());
        client
    }

    /// Returns what tells when everything must be sent.
    pub(crate) fn cutoff(&self) -> Cutoff {
        Cutoff::new(self.cutoff.subscribe())
    }

    /// Starts a worker that ends soon after the cutoff is set.
    pub(crate) fn spawn<W, F>(&mut self, worker: W)
    where
        W: FnOnce(Cutoff) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let latch = Latch::default();
        let opens = latch.open_on_drop();
        let work = worker(self.cutoff());
        self.runtime.spawn(async move {
            let _opens = opens;
            work.await;
        });
        self.workers.push(latch);
    }

    /// Asks the workers to send what waits, and blocks until they have, or `cutoff` and [`GRACE`](Self::GRACE) have passed.
    ///
    /// Returns whether all of them ended in time.
    pub(crate) fn stop(&self, cutoff: Instant) -> bool {
        self.cutoff.send_replace(Some(cutoff));
        // Workers that give up at the cutoff need a moment to say so.
        let patience = cutoff + Self::GRACE;
        self.workers
            .iter()
            .all(|worker| worker.wait_until(patience))
    }
}

/// Tells whether this is the telemetry thread, whose own spans, logs and errors must not become telemetry.
pub(crate) fn is_telemetry_thread() -> bool {
    // A thread that is ending has lost the flag, and is not ours: ours ends with the process.
    IS_TELEMETRY_THREAD.try_with(Cell::get).unwrap_or(false)
}

/// Makes this thread one of ours.
pub(super) fn become_telemetry_thread() {
    IS_TELEMETRY_THREAD.set(true);
}

thread_local! {
    static IS_TELEMETRY_THREAD: Cell<bool> = const { Cell::new(false) };
}
