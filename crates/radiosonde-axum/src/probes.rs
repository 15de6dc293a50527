//! The handlers of the probes: ask the health registry, put the answer into words.

use axum::extract::{Path, State};
use axum::response::Response;
use radiosonde_health::Obstacle;
use serde::Deserialize;

use crate::answer::{respond, unknown_check};
use crate::bodies::{CheckBody, HealthBody, ProbeBody};
use crate::format::Format;
use crate::lines::{check_line, failed_line};
use crate::scope::{Detail, Scope};

pub(crate) async fn live(State(scope): State<Scope>, detail: Detail, format: Format) -> Response {
    let liveness = scope.shared.health.liveness();
    let reasons = liveness.obstacles.iter();
    let reasons = reasons.map(|obstacle| match (obstacle, detail, liveness.reason()) {
        (Obstacle::Unrecoverable, Detail::Full, Some(why)) => format!("{obstacle}: {why}"),
        _ => obstacle.to_string(),
    });
    let reasons: Vec<_> = reasons.collect();
    let lines = reasons.iter().map(failed_line).collect();
    let body = ProbeBody::new("live", ["alive", "not alive"], reasons, lines);
    respond(&body, format)
}

pub(crate) async fn startup(State(scope): State<Scope>, format: Format) -> Response {
    let gates = scope.shared.health.startup().closed_gates;
    let reasons: Vec<_> = gates.iter().map(|name| format!("gate {name}")).collect();
    let lines = reasons.iter().map(failed_line).collect();
    let body = ProbeBody::new("startup", ["started", "not started"], reasons, lines);
    respond(&body, format)
}

pub(crate) async fn ready(State(scope): State<Scope>, detail: Detail, format: Format) -> Response {
    let health = &scope.shared.health;
    let readiness = health.readiness().await;
    let why = health.out_of_service();
    let word = |obstacle: &Obstacle| match (obstacle, detail, &why) {
        (Obstacle::OutOfService, Detail::Full, Some(why)) => format!("{obstacle}: {why}"),
        _ => obstacle.to_string(),
    };
    let obstacles = readiness.obstacles.iter();
    let reasons = obstacles.clone().map(word).collect();
    // Every check has a line already, whether it is in the way or not.
    let others = obstacles.filter(|obstacle| !matches!(obstacle, Obstacle::Check { .. }));
    let checks = readiness.checks.iter();
    let checks = checks.map(|check| check_line(check, detail));
    let lines = checks.chain(others.map(word).map(failed_line)).collect();
    let body = ProbeBody::new("ready", ["ready", "not ready"], reasons, lines);
    respond(&body, format)
}

pub(crate) async fn health(State(scope): State<Scope>, detail: Detail, format: Format) -> Response {
    let shared = &scope.shared;
    let report = shared.health.report().await;
    let uptime = shared.made.elapsed();
    let body = HealthBody::new(&shared.service, uptime, &report, detail);
    respond(&body, format)
}

/// The parameter of a path. By name: where the router is nested below others, it is not the only one.
#[derive(Debug, Deserialize)]
pub(crate) struct Check {
    check: String,
}

pub(crate) async fn check(
    State(scope): State<Scope>,
    Path(Check { check: name }): Path<Check>,
    detail: Detail,
    format: Format,
) -> Response {
    match scope.shared.health.check(&name).await {
        Some(report) => respond(&CheckBody::new(&report, detail), format),
        None => unknown_check(format),
    }
}
