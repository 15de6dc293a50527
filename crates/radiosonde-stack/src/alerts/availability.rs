//! Whether the service can be reached at all.

use super::{
    Alert, Category, Input, SERVICE_DOWN, SERVICE_MISSING, SERVICE_RESTARTING, Severity, Story,
};

pub(super) const AVAILABILITY: Category = Category {
    name: "availability",
    about: "Whether the service can be reached at all.",
    alerts: &[
        Alert {
            name: SERVICE_DOWN,
            severity: Severity::Critical,
            expr: "sum by (job) (up) == 0",
            hold: "1m",
            supersedes: None,
            summary: "No instance of {{ $labels.job }} answers",
            means: "Prometheus can scrape none of the instances. Users most likely cannot reach the service either.",
            look: &[
                "`/live` and `/ready` of an instance, from where Prometheus runs",
                "The state of the pods or units, and the log of the last one that ended",
                "The network between Prometheus and the service: other services of the same place",
            ],
            act: &[
                "Roll back if a deployment has just ended",
                "Restart one instance by hand and watch how it ends",
            ],
            story: |_| {
                Story::of([
                    Input::is(r#"up{instance="a"}"#, 1.0, 0.0),
                    Input::is(r#"up{instance="b"}"#, 0.0, 0.0),
                ])
            },
        },
        Alert {
            name: SERVICE_MISSING,
            severity: Severity::Critical,
            expr: "absent(up)",
            hold: "5m",
            supersedes: None,
            summary: "Prometheus no longer knows of {{ $labels.job }}",
            means: "There is no target of this name, so no other alert about the service can fire. Either it was removed \
                    from the scrape configuration or from what discovers it, or it was never deployed.",
            look: &[
                "The targets page of Prometheus, and its service discovery page",
                "The last change of the scrape configuration",
            ],
            act: &["Put the target back, or generate the stack without the service"],
            story: |_| Story::of([Input::vanishes(r#"up{instance="a"}"#)]),
        },
        Alert {
            name: "InstanceDown",
            severity: Severity::Warning,
            expr: "up == 0",
            hold: "2m",
            supersedes: None,
            summary: "{{ $labels.instance }} of {{ $labels.job }} does not answer",
            means: "One instance cannot be scraped. The others carry its load.",
            look: &[
                "The log of the instance, and how it ended",
                "Whether it answers `/metrics` elsewhere, but too late: then it is short of processor time",
            ],
            act: &["Replace the instance"],
            story: |_| {
                Story::of([
                    Input::is(r#"up{instance="a"}"#, 1.0, 0.0),
                    Input::is(r#"up{instance="b"}"#, 1.0, 1.0),
                ])
            },
        },
        Alert {
            name: SERVICE_RESTARTING,
            severity: Severity::Warning,
            expr: "changes(process_start_time_seconds[15m]) >= $restarts",
            hold: "0s",
            supersedes: None,
            summary: "{{ $labels.instance }} of {{ $labels.job }} has started {{ $value }} times in 15 minutes",
            means: "The process ends again and again. Requests in flight are lost each time.",
            look: &[
                "The last lines of the log before each end, and the exit status",
                "`process_resident_memory_bytes` beside the limit: a kill for want of memory leaves no log",
                "The liveness probe: it must not depend on anything but the process",
            ],
            act: &[
                "Roll back if it began with a deployment",
                "Raise the memory limit if it is killed at the limit",
            ],
            story: |scene| {
                // One start a quarter of an hour is one less than any number that makes sense.
                let often = scene.get("restarts") * 3.0 / (15.0 * 60.0);
                Story::of([Input::per_second(
                    r#"process_start_time_seconds{instance="a"}"#,
                    0.0,
                    often,
                )])
            },
        },
    ],
};
