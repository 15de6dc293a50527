//! What keeps objectives up to date, and their past in a file.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};

use radiosonde_health::{Check, CheckFailed, Health};
use radiosonde_metrics::Registry;
use radiosonde_metrics::attempt::attempt;
use radiosonde_metrics::slo::{BudgetState, INTERVAL, Slos};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::config::SloSettings;

/// Samples on a runtime of the service, as soon as there is one.
#[derive(Debug)]
pub(crate) struct Keeper {
    slos: Slos,
    file: Option<Arc<Path>>,
    task: Mutex<Task>,
}

/// The task that samples, if any.
#[derive(Debug)]
enum Task {
    NotStarted,
    Started(AbortHandle),
    Stopped,
}

impl Keeper {
    /// Goes on where the file ends, if there is one. Returns what is to be told when there is a log.
    pub(crate) fn start(
        settings: &SloSettings,
        registry: &Registry,
        health: &Health,
    ) -> (Self, Option<String>) {
        // Tokio's clock, so that a test can stop it.
        let start = Instant::now();
        let slos = Slos::watch_by(registry, move || start.elapsed());
        let file = settings.file.as_deref().map(Arc::from);
        let file = file.filter(|_| !slos.is_empty());
        let warning = file.as_ref().and_then(|file| load(&slos, file));
        if settings.degrade && !slos.is_empty() {
            degrade(health, &slos);
        }
        let keeper = Self {
            slos,
            file,
            task: Mutex::new(Task::NotStarted),
        };
        (keeper, warning)
    }

    pub(crate) fn slos(&self) -> &Slos {
        &self.slos
    }

    /// Starts to sample on the runtime around the call, if there is one and no other one does.
    pub(crate) fn sample_here(&self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut task = self.task();
        let wanted = match &*task {
            Task::NotStarted => !self.slos.is_empty(),
            // A task ends by itself only with its runtime.
            Task::Started(handle) => handle.is_finished(),
            Task::Stopped => false,
        };
        if wanted {
            let handle = runtime.spawn(keep(self.slos.clone(), self.file.clone()));
            *task = Task::Started(handle.abort_handle());
        }
    }

    /// Stops for good, and writes the file within `budget`, if the disk lets it.
    pub(crate) fn stop(&self, budget: Duration) {
        let was_stopped = self.abandon();
        if let Some(file) = self.file.clone().filter(|_| !was_stopped)
            && let Ok(saved) = begin_to_save(self.slos.clone(), file)
        {
            let _ = saved.recv_timeout(budget);
        }
    }

    /// Stops for good, and leaves the file as it is. Returns whether that was done before.
    pub(crate) fn abandon(&self) -> bool {
        let task = std::mem::replace(&mut *self.task(), Task::Stopped);
        if let Task::Started(handle) = &task {
            handle.abort();
        }
        matches!(task, Task::Stopped)
    }

    fn task(&self) -> MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Samples for ever, and saves every now and then.
async fn keep(slos: Slos, file: Option<Arc<Path>>) {
    let Some(mut ticks) = ticks() else {
        return std::future::pending().await;
    };
    let mut saving: Option<Receiver<()>> = None;
    for tick in 1_u64.. {
        ticks.tick().await;
        slos.sample();
        let is_due = tick.is_multiple_of(SAVED_EACH);
        // One that hangs is not joined by another.
        let hangs = |saving: &Receiver<()>| saving.try_recv() == Err(TryRecvError::Empty);
        let is_free = !saving.as_ref().is_some_and(hangs);
        if let Some(file) = file.clone().filter(|_| is_due && is_free) {
            // What no thread was found for is saved a minute later.
            saving = begin_to_save(slos.clone(), file).ok();
        }
    }
}

/// Returns the beat of samples; `None` in a runtime without the time driver, whose objectives are sampled when they are read.
fn ticks() -> Option<Interval> {
    // There is no asking beforehand: to make one is what panics without a driver.
    let mut ticks = attempt(|| interval(INTERVAL))?;
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Some(ticks)
}

/// Loads the file, and says what was not in it.
fn load(slos: &Slos, file: &Path) -> Option<String> {
    let shown = file.display();
    match slos.load(file) {
        Ok(None) => None,
        Ok(Some(restored)) if restored.started_anew.is_empty() => None,
        Ok(Some(restored)) => {
            let anew = restored.started_anew.join(", ");
            Some(format!(
                "{shown} has nothing of the error budgets {anew}, which start anew"
            ))
        }
        Err(error) => Some(format!("error budgets start anew: {shown}: {error}")),
    }
}

/// Begins to save on a thread of its own, and returns what tells that it is done. A disk that hangs may keep that thread, and
/// neither a runtime of the service nor the end of the process.
fn begin_to_save(slos: Slos, file: Arc<Path>) -> io::Result<Receiver<()>> {
    let (done, saved) = mpsc::channel();
    let save = move || {
        save(&slos, &file);
        let _ = done.send(());
    };
    let thread = thread::Builder::new().name("radiosonde-slo".into());
    let begun = thread.spawn(save).map(|_| saved);
    begun.inspect_err(|error| {
        tracing::warn!(target: "radiosonde::slo", %error, "error budgets cannot be saved: there is no thread");
    })
}

fn save(slos: &Slos, file: &Path) {
    if let Err(error) = slos.save(file) {
        let file = file.display();
        tracing::warn!(target: "radiosonde::slo", %file, %error, "error budgets cannot be saved");
    }
}

/// Lets an exhausted budget degrade the service.
fn degrade(health: &Health, slos: &Slos) {
    let slos = slos.clone();
    let check = Check::new(CHECK, move || {
        let worst = slos.worst();
        async move {
            if worst == BudgetState::Exhausted {
                return Err(CheckFailed::new("an error budget is exhausted"));
            }
            Ok(())
        }
    });
    // What is counted needs no second opinion. The name is free: nobody else has the registry yet.
    let check = check.failure_threshold(1).success_threshold(1);
    let _ = health.register(check);
}

/// The name of the check.
const CHECK: &str = "error_budgets";

/// How many samples it takes until the past is saved: a minute.
const SAVED_EACH: u64 = 6;
