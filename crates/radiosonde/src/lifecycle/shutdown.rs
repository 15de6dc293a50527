//! The last flush.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

#[cfg(feature = "sentry")]
use crate::errors::Reporter;
use crate::io::pipeline::Account;
use crate::io::{Io, Latch};
use crate::logs::LogControl;
#[cfg(feature = "slo")]
use crate::slo::Keeper;

/// Everything that may still have something to send.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) log: LogControl,
    pub(crate) io: Option<Io>,
    pub(crate) spans: Option<Account>,
    pub(crate) metric_points: Option<Account>,
    pub(crate) log_records: Option<Account>,
    pub(crate) reports: Option<Account>,
    /// Where the service reports by itself.
    #[cfg(feature = "sentry")]
    pub(crate) reporter: Option<Reporter>,
    #[cfg(feature = "slo")]
    pub(crate) keeper: Option<Arc<Keeper>>,
    /// Set by who flushes. All others wait for what comes of it.
    has_begun: AtomicBool,
    ended: Latch,
    report: OnceLock<ShutdownReport>,
}

impl Telemetry {
    pub(crate) fn new(log: LogControl) -> Self {
        Self {
            log,
            io: None,
            spans: None,
            metric_points: None,
            log_records: None,
            reports: None,
            #[cfg(feature = "sentry")]
            reporter: None,
            #[cfg(feature = "slo")]
            keeper: None,
            has_begun: AtomicBool::new(false),
            ended: Latch::default(),
            report: OnceLock::new(),
        }
    }

    /// Flushes on a thread of its own, so that the executor goes on.
    pub(crate) async fn shut_down(self: &Arc<Self>, budget: Duration) -> ShutdownReport {
        if let Some(report) = self.report.get() {
            return *report;
        }
        let (send, report) = oneshot::channel();
        let this = self.clone();
        let flush = move || {
            let _ = send.send(this.shut_down_now(budget));
        };
        match thread::Builder::new()
            .name("radiosonde-shutdown".into())
            .spawn(flush)
        {
            Ok(_) => report.await.unwrap_or_else(|_| self.report_now(false)),
            // Without a thread the executor waits, for as long as the budget at most.
            Err(_) => self.shut_down_now(budget),
        }
    }

    /// Flushes and blocks, or waits for who flushes. Returns within `budget`.
    pub(crate) fn shut_down_now(&self, budget: Duration) -> ShutdownReport {
        let deadline = Instant::now() + budget.min(LONGEST);
        if self.has_begun.swap(true, SeqCst) {
            // Not for as long as the other one may take: that may have more time.
            self.ended.wait_until(deadline);
            let report = self.report.get().copied();
            return report.unwrap_or_else(|| self.report_now(false));
        }
        let _opens = self.ended.open_on_drop();
        let report = self.flush(budget, deadline);
        *self.report.get_or_init(|| report)
    }

    /// Flushes unless that was done. What was logged since is written, at least: a service may have a last word.
    pub(crate) fn end(&self, budget: Duration) {
        let Some(report) = self.report.get() else {
            self.shut_down_now(budget);
            return;
        };
        // An output that nobody reads has had its time.
        if report.in_time {
            let budget = budget.min(MAX_RESERVE);
            self.log.flush_until(Instant::now() + budget);
        }
    }

    /// Ends what will not be used, and sends nothing.
    pub(crate) fn abandon(&self) {
        self.has_begun.store(true, SeqCst);
        let _opens = self.ended.open_on_drop();
        #[cfg(feature = "slo")]
        if let Some(keeper) = &self.keeper {
            keeper.abandon();
        }
        if let Some(io) = &self.io {
            io.stop(Instant::now());
        }
        self.report.get_or_init(|| self.report_now(false));
    }

    fn flush(&self, budget: Duration, deadline: Instant) -> ShutdownReport {
        #[cfg(feature = "slo")]
        if let Some(keeper) = &self.keeper {
            keeper.stop((budget / 4).min(MAX_SAVE));
        }
        // What the network does not use, standard output may; what it does use must leave something.
        let reserve = (budget / 4).min(MAX_RESERVE);
        let cutoff = deadline
            .checked_sub(reserve + Io::GRACE.min(budget / 4))
            .unwrap_or(deadline);
        let sent = self.io.as_ref().is_none_or(|io| io.stop(cutoff));
        let written = self.log.flush_until(deadline);
        self.report_now(sent && written)
    }

    fn report_now(&self, in_time: bool) -> ShutdownReport {
        let delivery = |account: &Option<Account>| {
            account
                .as_ref()
                .map_or_else(Delivery::default, Delivery::of)
        };
        ShutdownReport {
            in_time,
            spans: delivery(&self.spans),
            metric_points: delivery(&self.metric_points),
            log_records: delivery(&self.log_records),
            error_reports: delivery(&self.reports),
        }
    }
}

/// What became of the telemetry of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Whether every queue was empty before the deadline; of a call that waited for another one, before its own.
    pub in_time: bool,
    /// The spans of sampled traces.
    pub spans: Delivery,
    /// The points of metrics that were sent to a collector: one for each series, each time.
    pub metric_points: Delivery,
    /// The log records that were sent to a collector, beside the lines.
    pub log_records: Delivery,
    /// The error reports.
    pub error_reports: Delivery,
}

/// How many items were sent, and how many were not. `ended` = `sent` + `failed` + `dropped` when the shutdown was in
/// time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// All there were.
    pub ended: u64,
    /// Those that the other side accepted.
    pub sent: u64,
    /// Those that were offered in vain.
    pub failed: u64,
    /// Those that were never offered.
    pub dropped: u64,
}

impl Delivery {
    fn of(account: &Account) -> Self {
        Self {
            ended: account.ended.value(),
            sent: account.sent.value(),
            failed: account.failed.value(),
            dropped: account.dropped.value(),
        }
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            in_time,
            spans,
            metric_points,
            log_records,
            error_reports,
        } = self;
        let late = if *in_time {
            ""
        } else {
            "; the deadline passed first"
        };
        write!(
            f,
            "sent {spans} spans, {metric_points} metric points, {log_records} log records and {error_reports} error reports{late}"
        )
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.sent, self.ended)
    }
}

/// How much of the time a file may take: what a disk that works never needs.
#[cfg(feature = "slo")]
const MAX_SAVE: Duration = Duration::from_millis(500);

/// How much of the time is kept for standard output.
const MAX_RESERVE: Duration = Duration::from_millis(300);

/// No flush takes longer, whatever the caller would allow; a time beyond what the clock can hold would panic.
const LONGEST: Duration = Duration::from_hours(1);

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;
    use crate::config::Settings;
    use crate::{Config, Parts, ext};

    /// An output that takes nothing until its sender is dropped.
    struct Blocked(Receiver<()>);

    impl std::io::Write for Blocked {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_waits_for_the_flush_of_another_waits_by_its_own_deadline() {
        let settings = Settings::resolve(&Config::new("checkout"), &|_| None, false).unwrap();
        let (lets_go, waits) = channel();
        let mut parts = Parts::start(&settings, Blocked(waits)).unwrap();
        let dispatch = ext::dispatch(&mut parts);
        tracing::dispatcher::with_default(&dispatch, || tracing::info!("a line"));
        let sonde = parts.into_sonde();
        let telemetry = sonde.telemetry();
        let first = {
            let telemetry = telemetry.clone();
            thread::spawn(move || telemetry.shut_down_now(LONGEST))
        };
        while !telemetry.has_begun.load(SeqCst) {
            thread::yield_now();
        }
        let second = telemetry.shut_down_now(Duration::from_millis(20));
        assert!(!second.in_time && !first.is_finished());

        drop(lets_go);
        let first = first.join().unwrap();
        assert!(first.in_time);
        assert_eq!(telemetry.shut_down_now(Duration::ZERO), first);
    }
}
