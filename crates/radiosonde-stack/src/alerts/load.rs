//! How much is asked of the service.

use super::{Alert, Category, Input, Scene, Severity, Story};

pub(super) const LOAD: Category = Category {
    name: "load",
    about: "How much is asked of the service.",
    alerts: &[
        Alert {
            name: "TooManyRequestsInFlight",
            severity: Severity::Warning,
            expr: "sum by (job, instance) (http_active_connections) > $requests_in_flight",
            hold: "5m",
            supersedes: None,
            summary: "{{ $labels.instance }} of {{ $labels.job }} works on {{ $value }} requests at once",
            means: "Requests arrive faster than they end. Each holds memory and perhaps a connection to a database.",
            look: &[
                "Latency: if it has grown, something behind the service is slow",
                "The rate of requests: if it has grown, there is simply more to do",
            ],
            act: &[
                "Add instances, or limit how many requests one takes at a time",
                "Relieve the dependency that everything waits for",
            ],
            story: |scene| {
                in_flight(
                    scene,
                    r#"http_active_connections{instance="a",method="GET"}"#,
                )
            },
        },
        Alert {
            name: "RequestRateDrop",
            severity: Severity::Warning,
            // A process that is new knows of no route before it is asked for one.
            expr: "(job:http_requests:rate5m or 0 * job:http_requests:rate5m offset 1w)\n  < $request_rate_drop * (job:http_requests:rate5m offset 1w > $request_rate_drop_least)",
            hold: "15m",
            supersedes: None,
            summary: "{{ $labels.job }} is asked for {{ $value | humanize }} requests per second, far less than a week ago",
            means: "Requests do not arrive. The service itself may be perfectly well: what is before it may not be.",
            look: &[
                "The load balancer, the gateway, the name in DNS, the certificate",
                "Whether a large client has stopped, or is it a holiday",
            ],
            act: &["Mend the way to the service"],
            story: |scene| drops(scene, REQUESTS),
        },
        Alert {
            name: "RequestRateSpike",
            severity: Severity::Info,
            expr: "job:http_requests:rate5m\n  > $request_rate_spike * (job:http_requests:rate5m offset 1w > $request_rate)",
            hold: "15m",
            supersedes: None,
            summary: "{{ $labels.job }} is asked for {{ $value | humanize }} requests per second, far more than a week ago",
            means: "More requests than usual at this time. The service may bear it; what is behind it may not.",
            look: &[
                "Which routes: `job_route:http_requests:rate5m`",
                "Saturation of the service and of its dependencies",
            ],
            act: &[
                "Add instances before they are needed",
                "Limit the client that asks too much",
            ],
            story: |scene| {
                let rate = scene.get("request_rate") * 20.0;
                let spike = rate * scene.get("request_rate_spike") * 1.2;
                Story::of([Input::per_second(REQUESTS, rate, spike)]).weekly()
            },
        },
    ],
};

/// An instance works on more at once than it was tested with.
pub(super) fn in_flight(scene: &Scene<'_>, series: &str) -> Story {
    let limit = scene.get("requests_in_flight");
    Story::of([Input::is(series, limit * 0.9, limit * 1.1 + 1.0)])
}

/// Far less is asked for than a week ago; or nothing, of a process that is new.
pub(super) fn drops(scene: &Scene<'_>, series: &str) -> Story {
    let rate = scene.get("request_rate_drop_least") * 2.0;
    let now = rate * scene.get("request_rate_drop") * 0.8;
    let none = Story::of([Input::stops(series, rate)]).weekly();
    let drops = Story::of([Input::per_second(series, rate, now)]).weekly();
    drops.and("none after a restart", none)
}

const REQUESTS: &str =
    r#"http_requests_total{method="GET",route="/orders/{id}",status="200",outcome="ok"}"#;
