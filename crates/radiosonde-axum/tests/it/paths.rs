//! Endpoints elsewhere.

use axum::routing::get;
use radiosonde_axum::{Audience, EndpointOptions, Endpoints, Paths, Route, ServiceInfo};
use radiosonde_health::Health;
use radiosonde_metrics::Registry;

use crate::client::Service;

#[tokio::test(start_paused = true)]
async fn every_path_can_be_chosen() {
    let paths = Paths::new()
        .live("/livez")
        .ready("/readyz")
        .health("/internal/healthz")
        .metrics("/-/metrics")
        .admin("/internal/admin");
    let options = EndpointOptions::new().paths(paths);
    let own = options.admin_path("catalog-of-ones-own");
    let own = Route::new(own, Audience::Administrators, get(async || "mine"));
    let service = Service::with_options(options.route(own)).admin();
    for path in [
        "/livez",
        "/readyz",
        "/internal/healthz",
        "/internal/healthz/live",
        "/internal/healthz/ready",
        "/internal/healthz/startup",
        "/internal/healthz/metrics",
        "/-/metrics",
        "/internal/admin",
        "/internal/admin/catalog",
        "/internal/admin/catalog-of-ones-own",
    ] {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
    for path in [
        "/live",
        "/ready",
        "/health",
        "/metrics",
        "/admin",
        "/health/live",
    ] {
        assert_eq!(service.get(path).await.status, 404, "{path}");
    }
}

#[test]
fn endpoints_of_the_service_that_collide_are_an_error_and_no_panic() {
    let make = |path: &str| {
        let route = Route::new(path, Audience::Everyone, get(async || ()));
        let (info, options) = (
            ServiceInfo::new("checkout"),
            EndpointOptions::new().route(route),
        );
        let made = Endpoints::with_options(info, Health::new(), Registry::new(), options);
        made.map(|endpoints| endpoints.router::<()>())
    };
    for path in ["/slo", "/slo/{name}", "/admin/log-filter", "/health/build"] {
        assert!(make(path).is_ok(), "{path}");
    }
    for path in [
        "",
        "slo",
        "/slo/",
        "/slo/{}",
        "/{*all}",
        "/ready",
        "/health/{name}",
        "/admin",
    ] {
        assert!(make(path).is_err(), "{path}");
    }
}

#[test]
fn paths_that_collide_are_an_error_and_no_panic() {
    let make = |paths| {
        let (info, options) = (
            ServiceInfo::new("checkout"),
            EndpointOptions::new().paths(paths),
        );
        Endpoints::with_options(info, Health::new(), Registry::new(), options)
    };
    let error = make(Paths::new().ready("/live")).unwrap_err().to_string();
    assert!(
        error.starts_with("`/live` cannot be the path of an endpoint"),
        "{error}"
    );
    assert!(make(Paths::new().metrics("/health/prometheus")).is_err());
    assert!(make(Paths::new().live("{*all}")).is_err());
}
