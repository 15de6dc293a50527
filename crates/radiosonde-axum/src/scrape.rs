//! The handler of `/metrics`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use crate::scrapes::Form;
use crate::shared::Shared;

pub(crate) async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let form = Form::wanted(&headers);
    match shared.scrapes.text(form, &shared.registry).await {
        Some(text) => form.response(text),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "metrics cannot be rendered\n",
        )
            .into_response(),
    }
}
