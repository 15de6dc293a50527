//! The handlers of the probes: ask the health registry, put the answer into words.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use radiosonde_health::Obstacle;

use crate::answer::{respond, unknown_check};
use crate::bodies::{CheckBody, HealthBody, ProbeBody};
use crate::format::Format;
use crate::lines::{check_line, failed_line};
use crate::shared::Shared;

pub(crate) async fn live(State(shared): State<Arc<Shared>>, format: Format) -> Response {
    // Why it cannot recover is an error text, and stays inside.
    let dead = (!shared.health.liveness().alive).then(|| Obstacle::Unrecoverable.to_string());
    let reasons: Vec<_> = dead.into_iter().collect();
    let lines = reasons.iter().map(failed_line).collect();
    let body = ProbeBody::new("live", ["alive", "not alive"], reasons, lines);
    respond(body.passed(), &body, format)
}

pub(crate) async fn startup(State(shared): State<Arc<Shared>>, format: Format) -> Response {
    let gates = shared.health.startup().closed_gates;
    let reasons: Vec<_> = gates.iter().map(|name| format!("gate {name}")).collect();
    let lines = reasons.iter().map(failed_line).collect();
    let body = ProbeBody::new("startup", ["started", "not started"], reasons, lines);
    respond(body.passed(), &body, format)
}

pub(crate) async fn ready(State(shared): State<Arc<Shared>>, format: Format) -> Response {
    let readiness = shared.health.readiness().await;
    let obstacles = readiness.obstacles.iter();
    let reasons = obstacles.clone().map(Obstacle::to_string).collect();
    // Every check has a line already, whether it is in the way or not.
    let others = obstacles.filter(|obstacle| !matches!(obstacle, Obstacle::Check { .. }));
    let checks = readiness.checks.iter().map(check_line);
    let lines = checks.chain(others.map(failed_line)).collect();
    let body = ProbeBody::new("ready", ["ready", "not ready"], reasons, lines);
    respond(body.passed(), &body, format)
}

pub(crate) async fn health(State(shared): State<Arc<Shared>>, format: Format) -> Response {
    let report = shared.health.report().await;
    let body = HealthBody::new(&shared.service, shared.made.elapsed(), &report);
    respond(body.passed(), &body, format)
}

pub(crate) async fn check(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    format: Format,
) -> Response {
    match shared.health.check(&name).await {
        Some(report) => respond(report.is_passing(), &CheckBody::new(&report), format),
        None => unknown_check(format),
    }
}
