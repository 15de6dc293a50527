//! A service with these endpoints, and a client that asks it.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use radiosonde_axum::{AdminToken, EndpointOptions, Endpoints, ServiceInfo};
use radiosonde_health::{Check, CheckFailed, Health};
use radiosonde_metrics::Registry;
use tower::ServiceExt as _;

/// A service with nothing but these endpoints.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) health: Health,
    pub(crate) registry: Registry,
    pub(crate) endpoints: Endpoints,
    pub(crate) app: Router,
}

/// The token of administrators, where there is one.
pub(crate) const TOKEN: &str = "mgKqCnD1cVVSBWzJ";

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with_options(EndpointOptions::new())
    }

    /// Makes a service whose administrators have a token.
    pub(crate) fn with_token(options: EndpointOptions) -> Self {
        let token = AdminToken::new(TOKEN).expect("16 characters");
        Self::with_options(options.admin_token(token))
    }

    pub(crate) fn with_options(options: EndpointOptions) -> Self {
        let (health, registry) = (Health::new(), Registry::new());
        let info = ServiceInfo::new("checkout")
            .version("1.4.2")
            .environment("production");
        let endpoints = Endpoints::with_options(info, health.clone(), registry.clone(), options);
        let endpoints = endpoints.expect("paths that can be used");
        let app = endpoints.router();
        Self {
            health,
            registry,
            endpoints,
            app,
        }
    }

    /// Returns the same service as administrators meet it, on a listener of their own.
    pub(crate) fn admin(&self) -> Self {
        let app = self.endpoints.admin_router();
        Self {
            app,
            ..self.clone()
        }
    }

    /// Returns the templates of the router of the service.
    pub(crate) fn templates(&self) -> Vec<String> {
        let mut templates = self.endpoints.templates();
        templates.retain(|template| !template.starts_with("/grpc."));
        templates
    }

    /// Returns the paths that everybody may ask, and `redis` for the name of a check.
    pub(crate) fn paths(&self) -> Vec<String> {
        let templates = self.templates().into_iter();
        let paths = templates.map(|template| template.replace("{check}", "redis"));
        paths.collect()
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
        self.send(request.expect("a path and a media type")).await
    }

    /// Asks as an administrator does.
    pub(crate) async fn get_with_token(&self, path: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {TOKEN}"));
        let request = request.body(Body::empty()).expect("a path");
        self.send(request).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
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
