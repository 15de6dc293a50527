//! What handlers know, and whom they talk to.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use radiosonde_health::Health;
use radiosonde_metrics::Registry;
use tokio::time::Instant;

use crate::scrapes::Scrapes;
use crate::{AdminToken, ServiceInfo};

/// What every handler can reach.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) service: ServiceInfo,
    pub(crate) health: Health,
    pub(crate) registry: Registry,
    pub(crate) made: Instant,
    pub(crate) scrapes: Scrapes,
    pub(crate) token: Option<AdminToken>,
    /// The paths that administrators have, for their index.
    pub(crate) listed: Vec<String>,
}

/// The same, seen from one of the two routers.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) shared: Arc<Shared>,
    /// Whether it is the router of administrators, which is out of strangers' reach.
    pub(crate) is_admin: bool,
}

impl Scope {
    /// Tells whether who asks is an administrator.
    fn is_trusted(&self, headers: &HeaderMap) -> bool {
        match &self.shared.token {
            Some(token) => token.is_shown(headers),
            None => self.is_admin,
        }
    }
}

/// How much an answer may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Names, states, ages and durations.
    Public,
    /// Error texts, too, which name hosts, users and statements.
    Full,
}

impl FromRequestParts<Scope> for Detail {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, scope: &Scope) -> Result<Self, Infallible> {
        if scope.is_trusted(&parts.headers) {
            Ok(Self::Full)
        } else {
            Ok(Self::Public)
        }
    }
}

/// Lets administrators through, and tells others what is missing.
pub(crate) async fn guard(State(scope): State<Scope>, request: Request, next: Next) -> Response {
    if scope.is_trusted(request.headers()) {
        return next.run(request).await;
    }
    let challenge = (
        header::WWW_AUTHENTICATE,
        HeaderValue::from_static("Bearer realm=\"radiosonde\""),
    );
    let advice = "show the admin token: `Authorization: Bearer <token>`\n";
    (StatusCode::UNAUTHORIZED, [challenge], advice).into_response()
}
