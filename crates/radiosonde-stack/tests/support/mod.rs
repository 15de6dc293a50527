//! The stacks that tests look at.

#![allow(dead_code, reason = "each test target uses some of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::time::Duration;

use radiosonde_catalog::Catalogue;
use radiosonde_catalog::objective::{LowTraffic, Objective, Objectives};
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
    Catalogue::new()
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
    options.team = Some("platform".to_owned());
    options.grafana = Some("https://grafana.example".to_owned());
    for alert in ["HighLatency", "SLOBurnTicket"] {
        let hold = Duration::from_mins(50);
        options.thresholds.set_hold(alert, hold).unwrap();
    }
    options.notifications = serde_json::from_str(NOTIFICATIONS).unwrap();
    Stack::new(
        [service("checkout").with_team("shop"), service("billing")],
        options,
    )
    .unwrap()
}

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
