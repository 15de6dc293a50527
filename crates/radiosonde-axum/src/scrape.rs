//! The handler of `/metrics`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use radiosonde_metrics::TEXT_CONTENT_TYPE;
use tokio::runtime::Handle;

use crate::endpoints::Shared;

pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    match render(&shared).await {
        Some(text) => ([(header::CONTENT_TYPE, TEXT_CONTENT_TYPE)], text).into_response(),
        None => (
            StatusCode::SERVICE_UNAVAILABLE,
            "metrics cannot be rendered\n",
        )
            .into_response(),
    }
}

/// Renders the registry on a thread that may block; none if the runtime has no such thread any more.
async fn render(shared: &Shared) -> Option<String> {
    let turn = Arc::clone(&shared.rendering).acquire_owned().await.ok()?;
    let registry = shared.registry.clone();
    let runtime = Handle::try_current().ok()?;
    let work = move || {
        let text = registry.render();
        // Here and not in the handler: when the scraper hangs up, the rendering goes on.
        drop(turn);
        text
    };
    // Tokio panics when the system gives it no thread and it has none. The hook may report it; the request survives.
    let task = catch_unwind(AssertUnwindSafe(|| runtime.spawn_blocking(work))).ok()?;
    task.await.ok()
}
