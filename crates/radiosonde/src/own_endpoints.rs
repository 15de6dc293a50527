//! The endpoints of a service: those that there always are, and what the log and the objectives add.

#[cfg(feature = "slo")]
use radiosonde_axum::slo_methods;
use radiosonde_axum::{Audience, EndpointOptions, Endpoints, Route, ServiceInfo};
use radiosonde_health::Health;
use radiosonde_metrics::Registry;

use crate::config::Settings;
use crate::logs::{LogControl, log_filter_methods};
#[cfg(feature = "slo")]
use crate::slo::Slos;

/// Makes them as they are configured.
pub(crate) fn of(
    settings: &Settings,
    registry: &Registry,
    health: &Health,
    log: &LogControl,
    #[cfg(feature = "slo")] slos: &Slos,
) -> Endpoints {
    let mut service = ServiceInfo::new(settings.name.as_str());
    if let Some(version) = &settings.version {
        service = service.version(version.as_str());
    }
    if let Some(environment) = &settings.environment {
        service = service.environment(environment.as_str());
    }
    let make = |options| {
        let (service, health) = (service.clone(), health.clone());
        Endpoints::with_options(service, health, registry.clone(), options)
    };
    let options = settings.exposure.endpoints.clone();
    let filter = log_filter_methods(log);
    let path = options.admin_path("log-filter");
    let filter = Route::new(path, Audience::Administrators, filter);
    let options = with_own(options, filter);
    #[cfg(feature = "slo")]
    let options = if slos.is_empty() {
        options
    } else {
        // Where error budgets are told.
        let methods = slo_methods(settings.name.as_str(), slos.clone());
        with_own(options, Route::new("/slo", Audience::Operators, methods))
    };
    let result = make(options);
    // The paths were checked with all other settings.
    result.unwrap_or_else(|_| Endpoints::new(service.clone(), health.clone(), registry.clone()))
}

/// Adds an endpoint of ours, unless the service has put something else there.
fn with_own(options: EndpointOptions, route: Route) -> EndpointOptions {
    let more = options.clone().route(route);
    if more.check().is_ok() { more } else { options }
}
