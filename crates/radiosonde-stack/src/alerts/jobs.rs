//! Jobs that run now and then.

use super::{Alert, Category, Input, Scene, Severity, Story};

pub(super) const JOBS: Category = Category {
    name: "jobs",
    about: "Jobs that run now and then, such as backups.",
    alerts: &[
        Alert {
            name: "JobLongOverdue",
            severity: Severity::Critical,
            // A process that is new says 0.
            expr: "time() - max by (job, job_name) (max_over_time(job_last_success_timestamp_seconds[7d]) > 0) > $job_age_critical_seconds",
            hold: "0s",
            supersedes: Some("JobOverdue"),
            summary: "{{ $labels.job_name }} of {{ $labels.job }} last succeeded {{ $value | humanizeDuration }} ago",
            means: "Whoever counts on its result counts on an old one: of a backup, more than a day is not covered.",
            look: LOOK,
            act: ACT,
            story: |scene| overdue(scene, "job_age_critical_seconds"),
        },
        Alert {
            name: "JobOverdue",
            severity: Severity::Warning,
            expr: "time() - max by (job, job_name) (max_over_time(job_last_success_timestamp_seconds[7d]) > 0) > $job_age_seconds",
            hold: "0s",
            supersedes: None,
            summary: "{{ $labels.job_name }} of {{ $labels.job }} last succeeded {{ $value | humanizeDuration }} ago",
            means: "It has not run, or not to its end.",
            look: LOOK,
            act: ACT,
            story: |scene| overdue(scene, "job_age_seconds"),
        },
        Alert {
            name: "JobFailed",
            severity: Severity::Warning,
            // A series that is born above 0 has no increase yet. One that Prometheus is new to is not born.
            expr: "sum by (job, job_name) (increase(job_runs_total{outcome!=\"ok\"}[15m])) > 0\n  or sum by (job, job_name) (\n    job_runs_total{outcome!=\"ok\"} unless job_runs_total{outcome!=\"ok\"} offset 15m and on (job) up offset 15m\n  ) > 0",
            hold: "0s",
            supersedes: None,
            summary: "{{ $labels.job_name }} of {{ $labels.job }} has failed",
            means: "What it does was not done this time.",
            look: LOOK,
            act: ACT,
            story: |_| {
                let series = r#"job_runs_total{job_name="backup",outcome="error"}"#;
                Story::of([Input::per_second(series, 0.0, 0.01)]).and_born(series)
            },
        },
    ],
};

const LOOK: &[&str] = &[
    "The log of the last run",
    "How long runs take: `job_duration_seconds`",
    "Whatever starts the job",
];

const ACT: &[&str] = &["Run it by hand", "Mend what it failed at"];

/// The job stands still for as long as it may, and a while.
fn overdue(scene: &Scene<'_>, threshold: &str) -> Story {
    let series = r#"job_last_success_timestamp_seconds{job_name="backup"}"#;
    Story::of([Input::last_time(series)])
        .lasting([60, minutes(scene.get(threshold)) + 60, 60], 15)
        .and_forgotten(series)
}

/// The minutes in so many seconds. Settings are neither negative nor longer than people live.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "floats saturate"
)]
fn minutes(seconds: f64) -> u32 {
    (seconds / 60.0).ceil().min(1e6) as u32
}
