//! What did not reach Sentry, and why, for Sentry to know.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use serde::Serialize;

use super::event::seconds;

/// Why an event was not sent, in Sentry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The service does not want it reported.
    Ignored,
    /// It is not of the share that is sent.
    SampledOut,
    /// There were too many in this minute.
    Limited,
    /// The queue was full.
    QueueFull,
    /// Sentry had asked for a pause.
    Paused,
    /// The service kept it back, at last.
    KeptBack,
    /// It could not be made ready: something panicked, or did not end.
    Unprepared,
    /// There was no answer.
    NoAnswer,
    /// The answer was no.
    Refused,
}

/// How many events were lost since Sentry was last told. Sessions are never lost: they are sent again.
#[derive(Debug, Default)]
pub(super) struct Losses([AtomicU64; Loss::ALL.len()]);

/// An item of an envelope that tells of losses.
#[derive(Debug, Serialize)]
pub(super) struct LossReport {
    #[serde(serialize_with = "seconds")]
    timestamp: SystemTime,
    discarded_events: Vec<Discarded>,
}

#[derive(Debug, Serialize)]
struct Discarded {
    reason: &'static str,
    category: &'static str,
    quantity: u64,
    #[serde(skip)]
    loss: Loss,
}

impl Loss {
    const ALL: [Self; 9] = [
        Self::Ignored,
        Self::SampledOut,
        Self::Limited,
        Self::QueueFull,
        Self::Paused,
        Self::KeptBack,
        Self::Unprepared,
        Self::NoAnswer,
        Self::Refused,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Ignored => "event_processor",
            Self::SampledOut => "sample_rate",
            Self::Limited => "backpressure",
            Self::QueueFull => "queue_overflow",
            Self::Paused => "ratelimit_backoff",
            Self::KeptBack => "before_send",
            Self::Unprepared => "internal_sdk_error",
            Self::NoAnswer => "network_error",
            Self::Refused => "send_error",
        }
    }
}

impl Losses {
    pub(super) fn note(&self, loss: Loss) {
        self.add(loss, 1);
    }

    /// Tells whether there is nothing to tell.
    pub(super) fn are_none(&self) -> bool {
        self.0.iter().all(|count| count.load(Relaxed) == 0)
    }

    /// Takes what is to be told, if there is anything.
    pub(super) fn take(&self) -> Option<LossReport> {
        let counts = Loss::ALL.map(|loss| (loss, self.0[loss as usize].swap(0, Relaxed)));
        let discarded: Vec<_> = counts
            .into_iter()
            .filter(|(_, quantity)| *quantity > 0)
            .map(|(loss, quantity)| Discarded {
                reason: loss.as_str(),
                category: "error",
                quantity,
                loss,
            })
            .collect();
        (!discarded.is_empty()).then(|| LossReport {
            timestamp: SystemTime::now(),
            discarded_events: discarded,
        })
    }

    /// Takes back what could not be told.
    pub(super) fn put_back(&self, report: LossReport) {
        for Discarded { quantity, loss, .. } in report.discarded_events {
            self.add(loss, quantity);
        }
    }

    fn add(&self, loss: Loss, quantity: u64) {
        self.0[loss as usize].fetch_add(quantity, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn losses_are_told_once_unless_that_fails() {
        let losses = Losses::default();
        assert!(losses.take().is_none());
        losses.note(Loss::Refused);
        losses.note(Loss::Limited);
        losses.note(Loss::Limited);

        let report = losses.take().unwrap();
        let expected = json!([
            {"reason": "backpressure", "category": "error", "quantity": 2},
            {"reason": "send_error", "category": "error", "quantity": 1},
        ]);
        let told = serde_json::to_value(&report).unwrap();
        assert_eq!(told["discarded_events"], expected);
        assert!(losses.take().is_none());

        losses.put_back(report);
        losses.note(Loss::Refused);
        let report = serde_json::to_value(losses.take().unwrap()).unwrap();
        assert_eq!(report["discarded_events"][1]["quantity"], 2);
    }
}
