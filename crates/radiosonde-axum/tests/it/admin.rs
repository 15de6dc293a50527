//! Who sees what.

use axum::body::Body;
use axum::routing::get;
use http::{Method, Request};
use radiosonde_axum::{Audience, EndpointOptions, Route};
use radiosonde_health::{Check, CheckFailed};

use crate::client::{Service, TOKEN};

const REFUSED: &str = "no route to db.internal:5432";

/// Gives the service an operator's reason and two checks that fail, all for a reason that strangers must not read.
fn with_secrets(service: Service) -> Service {
    let fail = async || Err(CheckFailed::new(REFUSED));
    service.register(Check::new("database", fail).critical());
    service.register(Check::new("redis", fail));
    service.health.mark_unrecoverable(REFUSED);
    service.health.take_out_of_service(REFUSED);
    service
}

const PROBES: [&str; 4] = ["/live", "/ready", "/health", "/health/redis"];

#[tokio::test(start_paused = true)]
async fn error_texts_are_for_those_with_the_token() {
    let service = with_secrets(Service::with_token(EndpointOptions::new()));
    service.get("/health").await;
    for service in [service.clone(), service.admin()] {
        for path in PROBES {
            for query in ["", "?verbose"] {
                let path = format!("{path}{query}");
                let (stranger, administrator) = (
                    service.get(&path).await,
                    service.get_with_token(&path).await,
                );
                assert!(!stranger.body.contains(REFUSED), "{path}: {stranger:?}");
                // Readiness as JSON names the checks that are in the way, and whether one rests.
                assert!(
                    administrator.body.contains(REFUSED),
                    "{path}: {administrator:?}"
                );
                assert_eq!(stranger.status, administrator.status);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_token_error_texts_are_on_the_listener_of_administrators_alone() {
    let service = with_secrets(Service::new());
    service.get("/health").await;
    for path in PROBES {
        assert!(service.admin().get(path).await.body.contains(REFUSED));
        assert!(!service.get_with_token(path).await.body.contains(REFUSED));
    }
}

#[tokio::test(start_paused = true)]
async fn the_details_of_a_check_are_its_error() {
    let service = with_secrets(Service::new()).admin();
    let answer = service.get("/health/redis").await;
    let expected = format!(
        r#"{{"status":"degraded","severity":"optional","age_seconds":0.0,"duration_seconds":0.0,"reason":"failing","error":"{REFUSED}"}}"#
    );
    assert!(answer.is(503, &expected), "{answer:?}");
    let answer = service.get("/health/redis?verbose").await;
    let expected = format!("[-]redis failing: {REFUSED}\nredis check failed\n");
    assert!(answer.is(503, &expected), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_is_told_what_is_missing() {
    let service = Service::with_token(EndpointOptions::new());
    let wrong = "x".repeat(TOKEN.len());
    let long = "x".repeat(5_000);
    for value in [
        "",
        "Bearer",
        "Bearer x",
        &format!("Bearer {wrong}"),
        &format!("Bearer {long}"),
    ] {
        let request = Request::get("/admin").header("authorization", value);
        let answer = service.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 401, "{value}");
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer realm=\"radiosonde\""
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.body.contains(TOKEN));
    }
    assert_eq!(service.get_with_token("/admin").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn with_a_listener_of_their_own_metrics_and_admin_are_there_alone() {
    let listener = || EndpointOptions::new().admin_listener(true);
    for (service, open) in [
        (Service::with_options(listener()), 200),
        (Service::with_token(listener()), 401),
    ] {
        for path in ["/metrics", "/health/metrics", "/admin", "/admin/catalog"] {
            let at_service = service.get_with_token(path).await;
            assert_eq!(at_service.status, 404, "{path}");
            assert_eq!(service.admin().get(path).await.status, open, "{path}");
            let at_admin = service.admin().get_with_token(path).await;
            assert_eq!(at_admin.status, 200, "{path}");
        }
        for path in ["/live", "/ready", "/health", "/health/startup"] {
            for service in [&service, &service.admin()] {
                assert_eq!(service.get(path).await.status, 200, "{path}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_listener_of_their_own_administrators_need_a_token() {
    let open = Service::new();
    assert_eq!(open.get("/admin").await.status, 404);
    assert_eq!(open.get("/metrics").await.status, 200);
    let closed = Service::with_token(EndpointOptions::new());
    assert_eq!(closed.get("/admin").await.status, 401);
    assert_eq!(closed.get("/metrics").await.status, 200);
    assert_eq!(closed.get_with_token("/admin").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn an_operator_takes_the_service_out_of_service_and_puts_it_back() {
    let service = Service::new().admin();
    let ask = |method: Method, body: &'static str| {
        let request = Request::builder()
            .method(method)
            .uri("/admin/out-of-service");
        let service = service.clone();
        async move { service.send(request.body(Body::from(body)).unwrap()).await }
    };
    let rests = r#"{"out_of_service":true,"reason":"a memory leak"}"#;
    let serves = r#"{"out_of_service":false}"#;
    assert!(ask(Method::GET, "").await.is(200, serves));
    assert!(ask(Method::PUT, "a memory leak\n").await.is(200, rests));
    assert!(ask(Method::GET, "").await.is(200, rests));
    let ready = service.get("/ready").await;
    let expected = r#"{"status":"not ready","reasons":["out of service: a memory leak"]}"#;
    assert!(ready.is(503, expected), "{ready:?}");

    for reason in ["", "  \n", "two\nlines"] {
        assert_eq!(ask(Method::PUT, reason).await.status, 422, "{reason:?}");
    }
    assert!(ask(Method::DELETE, "").await.is(200, serves));
    assert_eq!(service.get("/ready").await.status, 200);
    assert_eq!(ask(Method::POST, "").await.status, 405);
}

#[tokio::test(start_paused = true)]
async fn a_service_adds_endpoints_for_each_audience() {
    let route = |path, audience| Route::new(path, audience, get(async || "here"));
    let options = EndpointOptions::new()
        .route(route("/probe", Audience::Everyone))
        .route(route("/slo", Audience::Operators))
        .route(route("/admin/threads", Audience::Administrators))
        .admin_listener(true);
    let service = Service::with_token(options);
    for (path, at_service, at_admin) in [
        ("/probe", 200, 200),
        ("/slo", 404, 401),
        ("/admin/threads", 404, 401),
    ] {
        assert_eq!(service.get(path).await.status, at_service, "{path}");
        assert_eq!(service.admin().get(path).await.status, at_admin, "{path}");
        let admin = service.admin().get_with_token(path).await;
        assert!(admin.is(200, "here") && admin.header("cache-control") == "no-store");
    }
    let index = service.admin().get_with_token("/admin").await;
    for path in ["/probe", "/slo", "/admin/threads", "/metrics"] {
        assert!(index.body.contains(path), "{index:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_router_on_a_thread_of_its_own_has_the_probes_alone() {
    let service = Service::with_token(EndpointOptions::new());
    let app = service.endpoints.probe_router();
    let service = Service { app, ..service };
    for (path, status) in [
        ("/live", 200),
        ("/health", 200),
        ("/metrics", 404),
        ("/admin", 404),
    ] {
        assert_eq!(service.get_with_token(path).await.status, status, "{path}");
    }
}
