//! A service with these endpoints, and a client that asks it.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use radiosonde_axum::{Endpoints, ServiceInfo};
use radiosonde_health::{Check, CheckFailed, Health};
use radiosonde_metrics::Registry;
use tower::ServiceExt as _;

/// A service with nothing but these endpoints.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) health: Health,
    pub(crate) registry: Registry,
    pub(crate) app: Router,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Service {
    pub(crate) fn new() -> Self {
        let (health, registry) = (Health::new(), Registry::new());
        let info = ServiceInfo::new("checkout")
            .version("1.4.2")
            .environment("production");
        let app = Endpoints::new(info, health.clone(), registry.clone()).router();
        Self {
            health,
            registry,
            app,
        }
    }

    /// Makes a service whose `database` is critical and passes, and whose `redis` is optional and fails.
    pub(crate) fn degraded() -> Self {
        let service = Self::new();
        service.register(passing("database").critical());
        service.register(failing("redis"));
        service
    }

    pub(crate) fn register(&self, check: Check) {
        self.health.register(check).expect("the name is free");
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "*/*").await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, accept: &str) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("accept", accept).body(Body::empty());
        let request = request.expect("a path and a media type");
        let Ok(response) = self.app.clone().oneshot(request).await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a body from memory").to_bytes();
        Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.into()).expect("text"),
        }
    }
}

impl Answer {
    /// Returns a header, empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("text"))
    }

    pub(crate) fn is(&self, status: u16, body: &str) -> bool {
        self.status == status && self.body == body
    }
}

pub(crate) fn passing(name: &str) -> Check {
    Check::new(name, async || Ok(()))
}

pub(crate) fn failing(name: &str) -> Check {
    Check::new(name, async || Err(CheckFailed::new("connection refused")))
}
