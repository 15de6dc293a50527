//! The stacks that tests look at.

#![allow(dead_code, reason = "each test target uses some of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::time::Duration;

use radiosonde_catalog::objective::{LowTraffic, Objective, Objectives};
use radiosonde_catalog::{Catalogue, METRICS, Metric, Unit};
use radiosonde_stack::alerts::packs::PACKS;
use radiosonde_stack::{Naming, Options, Service, ServiceCatalogue, Stack};

/// A catalogue with objectives of every kind.
pub(crate) fn catalogue(service: &str) -> String {
    let day = Duration::from_hours(24);
    let quick = Duration::from_millis(300);
    let objectives = [
        Objective::availability("api", 99.9).expecting_traffic(),
        Objective::latency("orders", 95.0, quick)
            .for_each(["/orders/{id}", "/orders"])
            .with_team("orders"),
        Objective::availability("low", 40.0).with_low_traffic(LowTraffic::Off),
        Objective::availability("day", 99.0)
            .with_period(day)
            .with_low_traffic(LowTraffic::ShareOfBudget)
            .for_group(["/carts"]),
    ];
    let objectives = Objectives::new(objectives).unwrap();
    let own = [&PAID, &BACKLOG, &ENCRYPTED, &AUDITED, &DELIVERY];
    Catalogue::of(METRICS.iter().copied().chain(own))
        .with_service(service)
        .with_objectives(objectives)
        .json()
}

/// A service with that catalogue.
pub(crate) fn service(name: &str) -> Service {
    Service::new(name, ServiceCatalogue::from_json(&catalogue(name)).unwrap())
}

/// Everything that can be written, for two services.
pub(crate) fn everything(naming: Naming) -> Stack {
    let mut options = Options::default();
    options.naming = naming;
    options.packs = PACKS.iter().map(|pack| pack.name.to_owned()).collect();
    let exporters = ["node", "redis", "postgres"];
    options.exporters = exporters
        .map(|name| (name.to_owned(), vec![format!("{name}:9100")]))
        .into();
    options.team = Some("platform".to_owned());
    options.grafana = Some("https://grafana.example".to_owned());
    for alert in ["HighLatency", "SLOBurnTicket"] {
        let hold = Duration::from_mins(50);
        options.thresholds.set_hold(alert, hold).unwrap();
    }
    options.notifications = serde_json::from_str(NOTIFICATIONS).unwrap();
    let checkout = service("checkout").with_team("shop");
    let checkout = checkout
        .with_token_file("/run/secrets/admin")
        .with_alerts(serde_json::from_str(ALERTS).unwrap());
    Stack::new([checkout, service("billing")], options).unwrap()
}

/// What the services measure of their own.
const PAID: Metric = Metric::counter("orders_paid_total")
    .with_labels(&["payment"])
    .with_otel_labels(&["order.payment"]);
const BACKLOG: Metric = Metric::gauge("orders_backlog").with_labels(&["region"]);
const ENCRYPTED: Metric = Metric::gauge("storage_encrypted");
const AUDITED: Metric =
    Metric::gauge("audit_last_event_timestamp_seconds").with_unit(Unit::Seconds);
const DELIVERY: Metric =
    Metric::histogram("orders_delivery_seconds", &[60.0, 3600.0]).with_unit(Unit::Seconds);

/// An alert of every kind about it.
const ALERTS: &str = r#"{
    "OrdersLow": {
        "metric": "orders_paid_total", "when": "rate_below", "limit": 0.1, "by": ["payment"],
        "severity": "critical", "hold_seconds": 1800,
        "means": "Customers cannot pay.", "look": ["The payment provider"], "act": ["Offer another way to pay"]
    },
    "OrdersFlood": {
        "metric": "orders_paid_total", "when": "rate_above", "limit": 100, "labels": { "payment": "card" },
        "means": "Somebody tries stolen cards."
    },
    "OrdersSpike": { "metric": "orders_paid_total", "when": "spike", "limit": 3, "means": "A campaign has begun." },
    "OrdersStopped": { "metric": "orders_paid_total", "when": "stopped", "means": "Nobody buys any more." },
    "OrdersByInvoice": {
        "metric": "orders_paid_total", "when": "share_above", "limit": 0.2, "labels": { "payment": "invoice" },
        "severity": "info", "means": "Other ways to pay do not work."
    },
    "OrdersPending": {
        "metric": "orders_backlog", "when": "value_above", "limit": 50, "by": ["region"], "means": "Parcels are late."
    },
    "EncryptionDisabled": {
        "metric": "storage_encrypted", "when": "value_below", "limit": 1, "means": "What is stored can be read."
    },
    "AuditLogGap": {
        "metric": "audit_last_event_timestamp_seconds", "when": "age_above", "limit": 3600,
        "means": "What happens is not on record: {{ nobody }} can say who did {{ it }}."
    },
    "DeliverySlow": {
        "metric": "orders_delivery_seconds", "when": "slower_than", "limit": 600, "means": "Parcels are late."
    }
}"#;

/// Somebody on every channel that Alertmanager 0.25 has.
pub(crate) const NOTIFICATIONS: &str = r##"{
    "receivers": {
        "oncall": {
            "pagerduty": { "routing_key_file": "/run/secrets/pagerduty" },
            "slack": { "channel": "#pages", "api_url_file": "/run/secrets/slack" }
        },
        "orders": { "slack": { "channel": "#orders", "api_url_file": "/run/secrets/slack" } },
        "mail": { "email": { "to": "ops@example.com" } },
        "hook": { "webhook": { "url": "http://127.0.0.1:9/" } }
    },
    "routes": [
        { "team": "orders", "category": "objectives", "receivers": ["orders", "oncall"] },
        { "severity": "critical", "receivers": ["oncall", "hook"] },
        { "severity": "info", "receivers": ["mail"], "digest": true }
    ],
    "default_receiver": "mail",
    "dead_man": "hook",
    "digest_hour": 7,
    "smtp": { "smarthost": "localhost:25", "from": "alerts@example.com", "username": "alerts", "password_file": "/run/secrets/smtp" }
}"##;
