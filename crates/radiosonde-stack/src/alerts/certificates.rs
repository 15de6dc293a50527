//! Certificates that end.

use super::{Alert, Category, Input, Scene, Severity, Story};

pub(super) const CERTIFICATES: Category = Category {
    name: "certificates",
    about: "Certificates that end.",
    alerts: &[
        Alert {
            name: "CertificateExpiryCritical",
            severity: Severity::Critical,
            expr: "min by (job, certificate) (certificate_expiry_timestamp_seconds > 0) - time() < 86400 * $certificate_days_critical",
            hold: "5m",
            supersedes: Some("CertificateExpiringSoon"),
            summary: "The certificate {{ $labels.certificate }} of {{ $labels.job }} ends in {{ $value | humanizeDuration }}",
            means: "When it has ended, no client connects any more.",
            look: LOOK,
            act: ACT,
            story: |scene| ending(scene, "certificate_days_critical"),
        },
        Alert {
            name: "CertificateExpiringSoon",
            severity: Severity::Warning,
            expr: "min by (job, certificate) (certificate_expiry_timestamp_seconds > 0) - time() < 86400 * $certificate_days",
            hold: "5m",
            supersedes: None,
            summary: "The certificate {{ $labels.certificate }} of {{ $labels.job }} ends in {{ $value | humanizeDuration }}",
            means: "It should have been renewed by now.",
            look: LOOK,
            act: ACT,
            story: |scene| ending(scene, "certificate_days"),
        },
    ],
};

const LOOK: &[&str] = &[
    "The log of whatever renews it",
    "Whether the renewed one was loaded: a process that has read it once keeps the old one",
];

const ACT: &[&str] = &["Renew it by hand", "Restart or reload what serves it"];

fn ending(scene: &Scene<'_>, threshold: &str) -> Story {
    let limit = scene.get(threshold) * 86_400.0;
    Story::of([Input::is(
        r#"certificate_expiry_timestamp_seconds{certificate="public"}"#,
        limit + 40_000.0,
        limit - 40_000.0,
    )])
}
