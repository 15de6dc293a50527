//! The service whose handlers log a line each, beside error reports that keep it: a breadcrumb, for what may fail later.
//!
//! Nobody writes the line, so that what is measured is what the reports make of it.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use radiosonde::{Config, ext};
use sentry_tower::{NewSentryLayer, SentryHttpLayer};
use sentry_tracing::{BreadcrumbLayer, ErrorLayer};
use tracing::Dispatch;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::router::ROUTES;
use crate::subjects::{BARE, NOOP, Subject, reporting, sending_nothing};
use crate::through::ThroughLayer;

/// Makes those that keep the line, beside some that nobody listens to.
pub(crate) fn logged_subjects() -> [Subject; 5] {
    let on = Config::new("benches");
    [
        Subject::new(BARE, routes()),
        Subject::new(NOOP, routes().layer(ThroughLayer)),
        ours("ours, everything on, nothing exported", on),
        ours("ours, everything on, failures reported", reporting()),
        of_sentry(),
    ]
}

fn ours(name: &'static str, config: Config) -> Subject {
    let config = config.log_filter("off");
    let mut parts = radiosonde::build(config).expect("the environment is well-formed");
    let dispatch = ext::dispatch(&mut parts);
    let sonde = parts.into_sonde();
    let app = routes().layer(sonde.layer());
    Subject::new(name, app)
        .traced_by(dispatch)
        .watched_by(sonde)
}

fn of_sentry() -> Subject {
    let subscriber = tracing_subscriber::registry()
        .with(BreadcrumbLayer::new().with_filter(LevelFilter::INFO))
        .with(ErrorLayer::new().with_filter(LevelFilter::ERROR));
    let app = routes()
        .layer(SentryHttpLayer::new())
        .layer(NewSentryLayer::new_from_top());
    Subject::new("sentry-tower and sentry-tracing", app)
        .traced_by(Dispatch::new(subscriber))
        .reporting_to(sending_nothing())
}

fn routes() -> Router {
    (0..ROUTES).fold(Router::new(), |router, route| {
        router.route(&format!("/api/resource{route}/{{id}}"), get(item))
    })
}

async fn item(Path(id): Path<u32>) -> &'static str {
    tracing::info!(id, customer = "4711", "an item was asked for");
    "an item, as good as any"
}
