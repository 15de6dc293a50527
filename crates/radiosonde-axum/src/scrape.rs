//! The handler of `/metrics`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use crate::scope::Scope;
use crate::scrapes::Form;

pub(crate) async fn metrics(State(scope): State<Scope>, headers: HeaderMap) -> Response {
    let form = Form::wanted(&headers);
    let shared = &scope.shared;
    match shared.scrapes.text(form, &shared.registry).await {
        Some(text) => form.response(text),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "metrics cannot be rendered\n",
        )
            .into_response(),
    }
}
