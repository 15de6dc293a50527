//! What became of what was to be sent.

use std::time::Duration;

use radiosonde::Sonde;
use radiosonde_testkit::eventually;

/// One kind of telemetry, once all of it is accounted for.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) all: u64,
    pub(crate) sent: u64,
    pub(crate) failed: u64,
    pub(crate) dropped: u64,
}

impl Account {
    /// Waits for the account of the spans that ended: a worker that was given up on may still be about to say so.
    #[track_caller]
    pub(crate) fn of_spans(sonde: &Sonde) -> Self {
        Self::balanced(sonde, "spans", "ended")
    }

    /// Waits for the account of the log records.
    #[track_caller]
    pub(crate) fn of_records(sonde: &Sonde) -> Self {
        Self::balanced(sonde, "log_records", "ended")
    }

    /// Waits for the account of the points of metrics.
    #[track_caller]
    pub(crate) fn of_points(sonde: &Sonde) -> Self {
        Self::balanced(sonde, "metric_points", "collected")
    }

    /// Waits for the account of the error reports.
    #[cfg(feature = "sentry")]
    #[track_caller]
    pub(crate) fn of_reports(sonde: &Sonde) -> Self {
        Self::balanced(sonde, "error_events", "captured")
    }

    #[track_caller]
    fn balanced(sonde: &Sonde, what: &str, all: &str) -> Self {
        eventually(
            &format!("the account of {what}"),
            Duration::from_mins(1),
            || {
                let text = sonde.metrics().render();
                let count = |of| count(&text, &format!("radiosonde_{what}_{of}_total "));
                let account = Self {
                    all: count(all),
                    sent: count("sent"),
                    failed: count("failed"),
                    dropped: count("dropped"),
                };
                let told = account.sent + account.failed + account.dropped;
                (account.all == told).then_some(account)
            },
        )
    }
}

fn count(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map_or(0, |number| number.parse().unwrap())
}
