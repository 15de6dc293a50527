//! Queues.

use super::{Alert, Category, Input, Severity, Story};

pub(super) const QUEUES: Category = Category {
    name: "queues",
    about: "What waits in queues, and for how long.",
    alerts: &[
        Alert {
            name: "QueueStale",
            severity: Severity::Warning,
            expr: "max by (job, queue) (queue_oldest_age_seconds) > $queue_age_seconds",
            hold: "5m",
            supersedes: None,
            summary: "An entry of {{ $labels.queue }} of {{ $labels.job }} has waited for {{ $value | humanizeDuration }}",
            means: "Consumers have stopped, or do not keep up.",
            look: LOOK,
            act: ACT,
            story: |scene| {
                let limit = scene.get("queue_age_seconds");
                Story::of([Input::is(
                    r#"queue_oldest_age_seconds{queue="mails"}"#,
                    limit * 0.9,
                    limit * 1.1,
                )])
            },
        },
        Alert {
            name: "QueueBacklog",
            severity: Severity::Warning,
            expr: "max by (job, queue) (queue_depth) > $queue_depth",
            hold: "15m",
            supersedes: None,
            summary: "{{ $value }} entries wait in {{ $labels.queue }} of {{ $labels.job }}",
            means: "More arrives than is worked off.",
            look: LOOK,
            act: ACT,
            story: |scene| {
                let limit = scene.get("queue_depth");
                Story::of([Input::is(
                    r#"queue_depth{queue="mails"}"#,
                    limit * 0.9,
                    limit * 1.1,
                )])
            },
        },
    ],
};

const LOOK: &[&str] = &[
    "The consumers: do they run, do they fail, what do they wait for?",
    "The producers: is there a burst, or a loop?",
];

const ACT: &[&str] = &[
    "Add consumers",
    "Set aside the entry that none of them can work off",
];
