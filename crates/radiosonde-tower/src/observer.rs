//! How spans and error reports follow a request: the side door of the layer.

use std::fmt;
use std::marker::PhantomData;

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};

use crate::{CurrentRequest, Observation};

/// Follows requests beside the metrics.
///
/// One observer serves all requests of a layer. What it knows of one it leaves with the [`CurrentRequest`], or in a
/// [`Scope`] of its own. A panic in one of these methods, or in those of [`Scope`], costs the signal and nothing else, except in
/// [`Scope::enter`], which must not panic.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Looks at a request that arrives, and leaves with `current` what is to be known of it later.
    ///
    /// Returns a scope where something is to be done each time that the request's own code runs. Most requests should do
    /// without one, because it is an allocation.
    fn arrive(&self, request: &Arrival<'_>, current: &mut CurrentRequest)
    -> Option<Box<dyn Scope>>;

    /// Takes note of how a request ended. Called once, on whatever thread that happens, within the request and the scopes
    /// of the observers added before this one.
    ///
    /// Defaults to nothing.
    fn close(&self, observation: &Observation<'_>) {
        let _ = observation;
    }
}

/// What an observer does around the code of one request.
pub trait Scope: fmt::Debug + Send + Sync + 'static {
    /// Makes the request the current one of this thread until the guard is dropped.
    ///
    /// Called before each call and poll of the request's own code. Guards nest, and the last one made is the first one
    /// dropped.
    fn enter(&self) -> Entered;

    /// Looks at the headers of the response before they are sent, if there is one. Called once.
    ///
    /// Defaults to nothing.
    fn head(&self, headers: &HeaderMap) {
        let _ = headers;
    }

    /// Takes note of how the request ended. Called once, on whatever thread that happens, with this scope left and
    /// those of the observers added before it entered, and before [`Observer::close`].
    fn close(self: Box<Self>, observation: &Observation<'_>);
}

/// A request when it arrives.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    pub(crate) method: &'a Method,
    pub(crate) method_label: &'static str,
    pub(crate) route: &'a str,
    pub(crate) uri: &'a Uri,
    pub(crate) version: Version,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) extensions: &'a Extensions,
    pub(crate) grpc_method: Option<&'static str>,
}

impl<'a> Arrival<'a> {
    pub(crate) fn of<B>(
        request: &'a Request<B>,
        method_label: &'static str,
        route: &'a str,
    ) -> Self {
        Self {
            method: request.method(),
            method_label,
            route,
            uri: request.uri(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
            grpc_method: None,
        }
    }

    /// Returns the method as it was sent. It may be anything: it is no label.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        self.method
    }

    /// Returns the method as labels have it: `_OTHER` when it is not a known one.
    #[must_use]
    pub fn method_label(&self) -> &'static str {
        self.method_label
    }

    /// Returns the template that matched, empty when none did.
    #[must_use]
    pub fn route(&self) -> &'a str {
        self.route
    }

    /// Returns the method of a call of gRPC, such as `shop.Orders/Get`, or `_OTHER` when it has no name; `None` when the
    /// request is no call.
    #[must_use]
    pub fn grpc_method(&self) -> Option<&'static str> {
        self.grpc_method
    }

    /// Returns the target of the request.
    #[must_use]
    pub fn uri(&self) -> &'a Uri {
        self.uri
    }

    /// Returns the version of HTTP.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Returns the headers. They may hold secrets.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// Returns what layers outside this one left with the request.
    #[must_use]
    pub fn extensions(&self) -> &'a Extensions {
        self.extensions
    }
}

/// Marks a request as the current one of this thread; dropping it undoes that.
#[must_use = "the request is current only until this is dropped"]
pub struct Entered {
    leave: fn(),
    // It undoes what was done to this thread, so it may not go to another.
    _this_thread: PhantomData<*const ()>,
}

impl Entered {
    /// Makes a guard that calls `leave` when it is dropped.
    pub fn new(leave: fn()) -> Self {
        Self {
            leave,
            _this_thread: PhantomData,
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        (self.leave)();
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entered")
    }
}
