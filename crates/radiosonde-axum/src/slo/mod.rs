//! `/slo`: how the error budgets of objectives stand, for programs and for eyes.

mod bodies;
mod page;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use http::{HeaderMap, header};
use radiosonde_metrics::attempt::attempt;
use radiosonde_metrics::slo::{BudgetReport, Slos};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::weight::weight;

/// Answers `GET` with how every error budget stands: in JSON, or as a page when `Accept` likes `text/html` better, as
/// browsers do.
///
/// It is not among the endpoints by itself: put it where those belong who may see it.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use radiosonde_axum::slo_methods;
/// use radiosonde_metrics::Registry;
/// use radiosonde_metrics::slo::Slos;
/// # use tower::ServiceExt as _;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Registry::new();
/// let app: Router = Router::new().route("/slo", slo_methods("checkout", Slos::watch(&registry)));
///
/// # let request = http::Request::get("/slo").body(axum::body::Body::empty())?;
/// let response = app.oneshot(request).await?;
/// assert_eq!(response.headers()["content-type"], "application/json");
/// # Ok(())
/// # }
/// ```
pub fn slo_methods(service: impl Into<String>, slos: Slos) -> MethodRouter {
    let told = Told {
        service: service.into(),
        slos,
        turn: Arc::default(),
    };
    get(budgets).with_state(told)
}

/// What the handler knows.
#[derive(Debug, Clone)]
struct Told {
    service: String,
    slos: Slos,
    /// Of those who ask: a sample reads all series that objectives count.
    turn: Arc<Mutex<()>>,
}

impl Told {
    /// Samples beside the executor, for one who asks after the other.
    async fn reports(&self) -> Vec<BudgetReport> {
        let turn = self.turn.clone().lock_owned().await;
        let slos = self.slos.clone();
        // The turn lasts as long as the sample, also when whoever asked has gone.
        let work = move || {
            let _turn = turn;
            slos.report()
        };
        let sample = AssertUnwindSafe(|| spawn_blocking(work));
        let reports = match attempt(sample) {
            Some(reports) => reports.await.ok(),
            None => None,
        };
        // Where the system has no thread to give.
        reports.unwrap_or_else(|| self.slos.report())
    }
}

async fn budgets(State(told): State<Told>, headers: HeaderMap) -> Response {
    let reports = told.reports().await;
    let weight = |media_type| weight(&headers, &header::ACCEPT, media_type);
    if weight("text/html") > weight("application/json") {
        return Html(page::page(&told.service, &reports)).into_response();
    }
    Json(bodies::SloBody::new(&told.service, &reports)).into_response()
}
