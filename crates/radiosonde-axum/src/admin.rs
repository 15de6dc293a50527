//! The handlers of what is for administrators.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use serde::Serialize;

use crate::scope::Scope;

/// Answers with the paths that there are.
pub(crate) async fn index(State(scope): State<Scope>) -> impl IntoResponse {
    #[derive(Serialize)]
    struct Index<'a> {
        service: &'a str,
        paths: &'a [String],
    }
    Json(Index {
        service: &scope.shared.service.name,
        paths: &scope.shared.listed,
    })
    .into_response()
}

/// Answers with the metrics that the service has, as data.
pub(crate) async fn catalog(State(scope): State<Scope>) -> impl IntoResponse {
    let content_type = (header::CONTENT_TYPE, "application/json");
    let catalogue = scope.shared.registry.catalogue();
    let catalogue = catalogue.with_service(&*scope.shared.service.name);
    ([content_type], catalogue.json())
}

/// Answers whether the service was taken out of service, and why.
pub(crate) async fn rest(State(scope): State<Scope>) -> impl IntoResponse {
    Json(Rest::of(&scope))
}

/// Takes the service out of service; the body says why.
pub(crate) async fn take_out(State(scope): State<Scope>, reason: String) -> impl IntoResponse {
    let reason = reason.trim();
    if reason.is_empty() || reason.contains(char::is_control) {
        let advice = "say why, in one line\n";
        return (StatusCode::UNPROCESSABLE_ENTITY, advice).into_response();
    }
    scope.shared.health.take_out_of_service(reason);
    Json(Rest::of(&scope)).into_response()
}

/// Puts the service back into service.
pub(crate) async fn put_back(State(scope): State<Scope>) -> impl IntoResponse {
    scope.shared.health.return_to_service();
    Json(Rest::of(&scope))
}

/// Whether the service rests.
#[derive(Debug, Serialize)]
struct Rest {
    out_of_service: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Rest {
    fn of(scope: &Scope) -> Self {
        let reason = scope.shared.health.out_of_service();
        Self {
            out_of_service: reason.is_some(),
            reason: reason.as_deref().map(str::to_owned),
        }
    }
}
