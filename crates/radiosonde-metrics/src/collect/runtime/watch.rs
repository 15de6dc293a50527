//! From a runtime into the registry.

use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::atomic::fence;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use radiosonde_catalog::{
    TOKIO_ALIVE_TASKS, TOKIO_BUSY_RATIO, TOKIO_GLOBAL_QUEUE_DEPTH, TOKIO_SCHEDULING_DELAY,
    TOKIO_WORKER_BUSY, TOKIO_WORKER_PARKS, TOKIO_WORKERS,
};
use tokio::runtime::{Handle, RuntimeMetrics};

use super::busy::BusyRatio;
use super::delay;
use crate::Registry;
use crate::collect::collected::{Collected, Field, real, series};

/// Adds what the Tokio runtime around the call says of itself, and measures how late its tasks run: the `tokio_*` metrics
/// of the catalogue, with `name` as the label `runtime`. Returns whether there is a runtime.
///
/// A runtime is watched until it ends, or until the registry is gone; watching keeps neither alive. While one is
/// watched under a name, further calls with that name change nothing; once it has ended, another may take the name. Its
/// totals are then added to those of the ended one: under one name they never fall. `main` is the name by custom when
/// there is only one.
///
/// The scheduling delay is measured by a task that is woken once a second, so the runtime needs its time driver, as
/// `#[tokio::main]` and `enable_all` give it. Without it the panic that Tokio has for that case is caught, and the delay
/// is not measured.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::{Registry, collect};
///
/// let registry = Registry::new();
/// assert!(!collect::watch_current_runtime(&registry, "main"));
///
/// # let mut builder = tokio::runtime::Builder::new_multi_thread();
/// # let runtime = builder.worker_threads(2).enable_all().build()?;
/// runtime.block_on(async {
///     assert!(collect::watch_current_runtime(&registry, "main"));
/// });
/// assert!(registry.render().contains("tokio_workers{runtime=\"main\"} 2\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn watch_current_runtime(registry: &Registry, name: &str) -> bool {
    let Ok(runtime) = Handle::try_current() else {
        return false;
    };
    // One at a time, so that of two calls with one name the second sees what the first did.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // A runtime has workers, and the gauge is set to 0 when it ends: more means that it is watched.
    if series(registry, &TOKIO_WORKERS, &[name]).is_some_and(|workers| workers.value() < 1.0) {
        fence(Acquire);
        watch(registry, name, &runtime);
    }
    true
}

fn watch(registry: &Registry, name: &str, runtime: &Handle) {
    let watched = Arc::new(Watched::new(registry, name, runtime.metrics()));
    // The registry owns this one: when it is gone, so is what wants to know.
    let reader = Arc::new(Arc::downgrade(&watched));
    let delay = delay::measure(
        registry.histogram(&TOKIO_SCHEDULING_DELAY, &[name]),
        Arc::downgrade(&reader),
    );
    // A handle keeps parts of a runtime alive, so the only one is held by a task, which the runtime drops when it ends.
    runtime.spawn(async move {
        let _watched = watched;
        delay.await;
    });
    registry.before_reading_while(move || {
        let watched = reader.upgrade();
        if let Some(watched) = &watched {
            watched.collect();
        }
        watched.is_some()
    });
}

/// A runtime that has not ended, and the series that tell of it.
#[derive(Debug)]
struct Watched {
    metrics: RuntimeMetrics,
    busy: Mutex<BusyRatio>,
    collected: Collected<Reading>,
}

impl Watched {
    fn new(registry: &Registry, name: &str, metrics: RuntimeMetrics) -> Self {
        let first = Reading::of(&metrics);
        Self {
            busy: Mutex::new(BusyRatio::since(Instant::now(), first.busy)),
            collected: Collected::succeeding(registry, &[name], FIELDS, &first),
            metrics,
        }
    }

    fn collect(&self) {
        // Held to the end, so that of two readings the later one stays.
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reading = Reading::of(&self.metrics);
        reading.ratio = busy.update(Instant::now(), reading.busy, self.metrics.num_workers());
        self.collected.set(&reading);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut end = Reading::at_end(&self.metrics);
        end.workers = self.metrics.num_workers() as u64;
        self.collected.set(&end);
        // Without workers the name is free: whoever sees that sees the totals, too, which it adds to.
        fence(Release);
        end.workers = 0;
        self.collected.set(&end);
    }
}

/// What a runtime says at one time.
#[derive(Debug, Default)]
struct Reading {
    workers: u64,
    tasks: u64,
    queued: u64,
    busy: Duration,
    parks: u64,
    ratio: f64,
}

impl Reading {
    fn of(metrics: &RuntimeMetrics) -> Self {
        Self {
            workers: metrics.num_workers() as u64,
            tasks: metrics.num_alive_tasks() as u64,
            queued: metrics.global_queue_depth() as u64,
            ..Self::at_end(metrics)
        }
    }

    /// What is left of a runtime that has ended: its totals.
    fn at_end(metrics: &RuntimeMetrics) -> Self {
        let workers = 0..metrics.num_workers();
        let parks = workers
            .clone()
            .map(|worker| metrics.worker_park_count(worker));
        let busy = workers.map(|worker| metrics.worker_total_busy_duration(worker));
        Self {
            busy: busy.sum(),
            parks: parks.sum(),
            ..Self::default()
        }
    }
}

const FIELDS: &[Field<Reading>] = &[
    (&TOKIO_WORKERS, |r| Some(real(r.workers))),
    (&TOKIO_ALIVE_TASKS, |r| Some(real(r.tasks))),
    (&TOKIO_GLOBAL_QUEUE_DEPTH, |r| Some(real(r.queued))),
    (&TOKIO_WORKER_BUSY, |r| Some(r.busy.as_secs_f64())),
    (&TOKIO_WORKER_PARKS, |r| Some(real(r.parks))),
    (&TOKIO_BUSY_RATIO, |r| Some(r.ratio)),
];

/// Whose turn it is to look for a name and take it.
static TURN: Mutex<()> = Mutex::new(());
