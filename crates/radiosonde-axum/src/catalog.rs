//! The handler of `/admin/catalog`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use http::header;

use crate::shared::Shared;

pub(crate) async fn catalog(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let content_type = (header::CONTENT_TYPE, "application/json");
    let catalogue = shared.registry.catalogue();
    let catalogue = catalogue.with_service(&*shared.service.name);
    ([content_type], catalogue.json())
}
