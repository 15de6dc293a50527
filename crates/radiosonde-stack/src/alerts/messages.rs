//! Messages that the service processes.

use radiosonde_catalog::MESSAGE_PROCESSING_DURATION;

use super::declared::STOPPED;
use super::{Alert, Category, Input, Severity, Story};

pub(super) const MESSAGES: Category = Category {
    name: "messages",
    about: "Messages that the service processes.",
    alerts: &[
        Alert {
            name: "MessagesFailing",
            severity: Severity::Warning,
            expr: "sum by (job, queue) (rate(messages_processed_total{outcome=~\"error|panicked\"}[5m]))\n  / (sum by (job, queue) (rate(messages_processed_total[5m])) > $message_rate)\n  > $message_error_ratio",
            hold: "5m",
            supersedes: None,
            summary: "{{ $value | humanizePercentage }} of the messages of {{ $labels.queue }} fail in {{ $labels.job }}",
            means: "What they ask for is not done, or done again and again.",
            look: LOOK,
            act: &[
                "Set aside the messages that always fail",
                "Mend what the processing needs",
            ],
            story: |scene| {
                let rate = scene.get("message_rate") * 100.0;
                let limit = scene.get("message_error_ratio") * rate;
                let (below, above) = (limit * 0.8, limit * 1.2);
                Story::of([
                    Input::per_second(OK, rate - below, rate - above),
                    Input::per_second(
                        r#"messages_processed_total{queue="mails",outcome="error"}"#,
                        below,
                        above,
                    ),
                ])
            },
        },
        Alert {
            name: "NoMessagesProcessed",
            severity: Severity::Warning,
            expr: "sum by (job, queue) (increase(messages_processed_total[10m])) == 0\n  and sum by (job, queue) (increase(messages_processed_total[1h] offset 10m)) > 0",
            hold: "5m",
            supersedes: None,
            summary: "{{ $labels.job }} has stopped to process messages of {{ $labels.queue }}",
            means: "There were messages within the last hour, and there are none now. Either nobody sends any, or nobody \
                    takes them.",
            look: LOOK,
            act: &[
                "Restart the consumer",
                "Look for the producer that has stopped",
            ],
            story: |_| Story::of([Input::per_second(OK, 1.0, 0.0)]).lasting(STOPPED, 1),
        },
        Alert {
            name: "MessagesSlow",
            severity: Severity::Warning,
            expr: "histogram_quantile(\n  0.95,\n  sum by (job, queue, le) (rate(message_processing_duration_seconds_bucket[5m]))\n) > $message_seconds",
            hold: "10m",
            supersedes: None,
            summary: "One message in twenty of {{ $labels.queue }} takes {{ $labels.job }} {{ $value | humanizeDuration }}",
            means: "The queue grows when this goes on.",
            look: LOOK,
            act: &["Add consumers", "Relieve what the processing waits for"],
            story: |scene| {
                let histogram = &MESSAGE_PROCESSING_DURATION;
                let labels = r#"queue="mails","#;
                Story::of(scene.slow(histogram, labels, "message_seconds", 10.0, 0.05))
            },
        },
    ],
};

const OK: &str = r#"messages_processed_total{queue="mails",outcome="ok"}"#;

const LOOK: &[&str] = &[
    "The log and the error reports of the consumer",
    "Traces of messages that failed or took long",
];
