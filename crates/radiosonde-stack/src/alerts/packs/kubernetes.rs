//! Kubernetes, by `kube-state-metrics` and the kubelet.

use super::super::{Alert, Category, Input, Severity, Story};

pub(super) const KUBERNETES: Category = Category {
    name: "kubernetes",
    about: "Kubernetes, by the metrics of `kube-state-metrics` and of the kubelet.",
    alerts: &[
        Alert {
            name: "KubernetesNodeNotReady",
            severity: Severity::Critical,
            expr: "kube_node_status_condition{condition=\"Ready\",status=\"true\"} == 0",
            hold: "5m",
            supersedes: None,
            summary: "The node {{ $labels.node }} is not ready",
            means: "Its pods are about to be moved elsewhere, if there is room.",
            look: &["`kubectl describe node`", "The kubelet of the node"],
            act: &["Restart the node, or drain and replace it"],
            story: |_| {
                Story::of([Input::is(
                    r#"kube_node_status_condition{node="a",condition="Ready",status="true"}"#,
                    1.0,
                    0.0,
                )])
            },
        },
        Alert {
            name: "KubernetesPodCrashLooping",
            severity: Severity::Warning,
            expr: "max by (namespace, pod, container) (\n  max_over_time(kube_pod_container_status_waiting_reason{reason=\"CrashLoopBackOff\"}[5m])\n) >= 1",
            hold: "5m",
            supersedes: None,
            summary: "{{ $labels.container }} in {{ $labels.namespace }}/{{ $labels.pod }} ends as soon as it starts",
            means: "The pod does nothing, and the others of its kind carry its load.",
            look: &[
                "`kubectl logs --previous`",
                "`kubectl describe pod`: the exit code, and whether memory was the reason",
            ],
            act: &["Roll back if it began with a deployment"],
            story: |_| {
                Story::of([Input::is(
                    r#"kube_pod_container_status_waiting_reason{namespace="shop",pod="a",container="app",reason="CrashLoopBackOff"}"#,
                    0.0,
                    1.0,
                )])
            },
        },
        Alert {
            name: "KubernetesDeploymentIncomplete",
            severity: Severity::Warning,
            expr: "kube_deployment_spec_replicas > kube_deployment_status_replicas_available",
            hold: "15m",
            supersedes: None,
            summary: "{{ $labels.namespace }}/{{ $labels.deployment }} has fewer pods than it should",
            means: "A deployment hangs, or there is no room for its pods.",
            look: &["`kubectl rollout status`", "Pods that are pending, and why"],
            act: &["Roll back, or make room"],
            story: |_| {
                let series = |name| format!(r#"{name}{{namespace="shop",deployment="checkout"}}"#);
                Story::of([
                    Input::is(series("kube_deployment_spec_replicas"), 3.0, 3.0),
                    Input::is(
                        series("kube_deployment_status_replicas_available"),
                        3.0,
                        2.0,
                    ),
                ])
            },
        },
        Alert {
            name: "KubernetesVolumeFilling",
            severity: Severity::Warning,
            expr: "max by (namespace, persistentvolumeclaim) (\n  kubelet_volume_stats_used_bytes / kubelet_volume_stats_capacity_bytes\n) > $kubernetes_volume_ratio",
            hold: "10m",
            supersedes: None,
            summary: "The volume {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is full to {{ $value | humanizePercentage }}",
            means: "What writes there will fail.",
            look: &["What fills it", "Whether its storage class lets it grow"],
            act: &["Enlarge the claim", "Delete what can be made again"],
            story: |scene| {
                let limit = scene.get("kubernetes_volume_ratio") * 1e9;
                let series = |name| {
                    format!(
                        r#"kubelet_volume_stats_{name}{{namespace="shop",persistentvolumeclaim="data"}}"#
                    )
                };
                Story::of([
                    Input::is(series("capacity_bytes"), 1e9, 1e9),
                    Input::is(series("used_bytes"), limit * 0.95, limit * 1.05),
                ])
            },
        },
        Alert {
            name: "KubernetesContainerKilled",
            severity: Severity::Warning,
            expr: "max by (namespace, pod, container) (increase(kube_pod_container_status_restarts_total[10m])) > 0\n  and max by (namespace, pod, container) (kube_pod_container_status_last_terminated_reason{reason=\"OOMKilled\"}) == 1",
            hold: "0s",
            supersedes: None,
            summary: "{{ $labels.container }} in {{ $labels.namespace }}/{{ $labels.pod }} was killed at its memory limit",
            means: "Its requests were lost. It will happen again.",
            look: &["`process_resident_memory_bytes` of the service before the kill"],
            act: &["Raise the limit, or mend the leak"],
            story: |_| {
                let labels = r#"namespace="shop",pod="a",container="app""#;
                Story::of([
                    Input::per_second(
                        format!("kube_pod_container_status_restarts_total{{{labels}}}"),
                        0.0,
                        0.01,
                    ),
                    Input::is(
                        format!(
                            r#"kube_pod_container_status_last_terminated_reason{{{labels},reason="OOMKilled"}}"#
                        ),
                        0.0,
                        1.0,
                    ),
                ])
            },
        },
    ],
};
