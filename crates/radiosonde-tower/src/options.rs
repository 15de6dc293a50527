//! What a layer may be told.

use http::{Extensions, HeaderMap, Request, StatusCode};

use crate::answer::is_event_stream;
use crate::grpc::GrpcOptions;
use crate::method::{KNOWN, Methods};
use crate::{Arrival, Observer, RequestLabel};

/// Finds the template that matched a request among its extensions. Where it panics, the request has no route.
pub type RouteOf = fn(&Extensions) -> Option<&str>;

/// Tells by the head of a response whether its body is a stream, which lasts as long as somebody listens. Where it panics, the body is
/// none.
pub type StreamRule = fn(StatusCode, &HeaderMap) -> bool;

/// How an [`ObserveLayer`](crate::ObserveLayer) names, leaves out and follows requests.
///
/// # Examples
///
/// ```
/// use radiosonde_tower::ObserveOptions;
///
/// /// The template that matched, left with the request by the router.
/// #[derive(Clone)]
/// struct Route(&'static str);
///
/// let options = ObserveOptions::new()
///     .route(|extensions| extensions.get::<Route>().map(|route| route.0))
///     .exclude(["/health", "/metrics"]);
/// ```
#[derive(Debug)]
pub struct ObserveOptions {
    pub(crate) route: RouteOf,
    pub(crate) excluded: Vec<String>,
    pub(crate) methods: Methods,
    pub(crate) stream: StreamRule,
    pub(crate) body_sizes: bool,
    pub(crate) label: Option<RequestLabel>,
    pub(crate) grpc: Option<GrpcOptions>,
    pub(crate) observers: Vec<Box<dyn Observer>>,
}

impl ObserveOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            route: |_| None,
            excluded: Vec::new(),
            methods: Methods::new(KNOWN),
            stream: |_, headers| is_event_stream(headers),
            body_sizes: false,
            label: None,
            grpc: None,
            observers: Vec::new(),
        }
    }

    /// Sets where the route of a request is found.
    ///
    /// Return templates only: each distinct text is a series of its own.
    ///
    /// Defaults to no route, `""`, for every request.
    #[must_use]
    pub fn route(mut self, route: RouteOf) -> Self {
        self.route = route;
        self
    }

    /// Adds routes that are neither measured nor followed.
    ///
    /// A request is left out when its route is one of these, or, where it has no route, when its path is.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn exclude<R: Into<String>>(mut self, routes: impl IntoIterator<Item = R>) -> Self {
        self.excluded.extend(routes.into_iter().map(Into::into));
        self
    }

    /// Replaces the methods that have a name of their own; all others read `_OTHER`. Case counts.
    ///
    /// The names are kept for the life of the process.
    ///
    /// Defaults to those of RFC 9110, and `PATCH`.
    #[must_use]
    pub fn known_methods<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        let kept = |name: M| -> &'static str { Box::leak(name.into().into_boxed_str()) };
        self.methods = Methods::new(methods.into_iter().map(kept));
        self
    }

    /// Sets which responses are streams. Their requests are timed to the head, and they themselves in
    /// `http_stream_duration_seconds`.
    ///
    /// Only bodies of unknown length are asked about.
    ///
    /// Defaults to those whose content type is `text/event-stream`.
    #[must_use]
    pub fn stream(mut self, rule: StreamRule) -> Self {
        self.stream = rule;
        self
    }

    /// Sets whether the sizes of bodies are measured, in `http_request_body_bytes` and `http_response_body_bytes`.
    ///
    /// A request is measured by its `Content-Length`, and not where it has none; a response by what was sent of it.
    ///
    /// Defaults to `false`.
    #[must_use]
    pub fn body_sizes(mut self, measured: bool) -> Self {
        self.body_sizes = measured;
        self
    }

    /// Adds a label to what is counted and timed, with values from a closed set. Calls of gRPC do without it.
    ///
    /// All layers that record into one registry must have the same.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn label(mut self, label: RequestLabel) -> Self {
        self.label = Some(label);
        self
    }

    /// Returns the index of the series of a request, by method and label.
    #[inline]
    pub(crate) fn index<B>(&self, request: &Request<B>, route: &str) -> usize {
        let method = self.methods.index(request.method());
        match &self.label {
            None => method,
            Some(label) => {
                let method_label = self.methods.label(method);
                let arrival = Arrival::of(request, method_label, route);
                method + self.methods.len() * label.place(&arrival)
            }
        }
    }

    /// Returns how many indices there are.
    pub(crate) fn indices(&self) -> usize {
        self.methods.len() * self.label.as_ref().map_or(1, RequestLabel::len)
    }

    /// Returns the method and the label of an index.
    pub(crate) fn at(&self, index: usize) -> (&'static str, &'static str) {
        let methods = self.methods.len();
        let label = self.label.as_ref();
        let label = label.map_or("", |label| label.value(index / methods));
        (self.methods.label(index % methods), label)
    }

    /// Marks the service as one of gRPC: its calls have [metrics of their own](crate::grpc), and all other requests are
    /// measured as ever.
    ///
    /// Defaults to a service of HTTP alone.
    #[must_use]
    pub fn grpc(mut self, options: GrpcOptions) -> Self {
        self.grpc = Some(options);
        self
    }

    /// Adds one who follows requests beside the metrics.
    ///
    /// Observers nest: the one added first is entered first, and is still entered when the others are closed.
    ///
    /// Defaults to nobody.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Tells whether requests of this route, or of this path without a route, are left out.
    pub(crate) fn excludes(&self, name: &str) -> bool {
        self.excluded.iter().any(|excluded| excluded == name)
    }
}

impl Default for ObserveOptions {
    fn default() -> Self {
        Self::new()
    }
}
