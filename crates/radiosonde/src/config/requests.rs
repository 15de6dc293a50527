//! What is done about requests, beside counting them.

use std::sync::Arc;

use http::HeaderName;
use opentelemetry::Key;
use radiosonde_tower::client::ClientOptions;
use radiosonde_tower::grpc::GrpcOptions;
use radiosonde_tower::{ObserveOptions, RequestLabel, RouteOf, StreamRule};

use super::value::Reader;
use super::{Config, ConfigError, env};

/// How requests are measured and followed.
///
/// # Examples
///
/// ```
/// use radiosonde::Config;
/// use radiosonde::layer::RequestOptions;
///
/// let requests = RequestOptions::new()
///     .trace_id_header("x-trace-id")
///     .body_sizes(true)
///     .access_log(0.01);
/// let config = Config::new("checkout").requests(requests);
/// ```
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct RequestOptions {
    route: Option<RouteOf>,
    excluded: Vec<String>,
    #[cfg(feature = "axum")]
    own_endpoints: bool,
    known_methods: Option<Vec<String>>,
    stream: Option<StreamRule>,
    body_sizes: bool,
    label: Option<RequestLabel>,
    grpc: Option<GrpcOptions>,
    trace_id_header: Option<String>,
    public_edge: bool,
    record_query: bool,
    omit_client: bool,
    captured_headers: Vec<String>,
    captured_response_headers: Vec<String>,
    access_log: Option<f64>,
}

impl RequestOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets where the route of a request is found, for a service that has no router of axum, or names its routes itself.
    ///
    /// Return templates only: each distinct text is a series of its own.
    ///
    /// Defaults to the template that axum's router matched; without the feature `axum`, to no route.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde::layer::RequestOptions;
    ///
    /// /// What a router of the service's own leaves with a request.
    /// #[derive(Clone)]
    /// struct Action(&'static str);
    ///
    /// let requests = RequestOptions::new()
    ///     .route(|extensions| extensions.get::<Action>().map(|action| action.0));
    /// ```
    #[must_use]
    pub fn route(mut self, route: RouteOf) -> Self {
        self.route = Some(route);
        self
    }

    /// Adds routes that are neither measured nor followed; where a request has no route, its path counts.
    ///
    /// Defaults to the probe and scrape endpoints, which are left out as well, unless `measure_own_endpoints` says
    /// otherwise.
    #[must_use]
    pub fn exclude<R: Into<String>>(mut self, routes: impl IntoIterator<Item = R>) -> Self {
        self.excluded.extend(routes.into_iter().map(Into::into));
        self
    }

    /// Sets whether requests to the endpoints of [`Sonde::router`](crate::Sonde::router) and
    /// [`Sonde::grpc_health`](crate::Sonde::grpc_health), which are probes and scrapes, are measured and followed like all others.
    ///
    /// Those that [`exclude`](Self::exclude) names stay left out.
    ///
    /// Defaults to `false`: they come every few seconds, and would make the service look quicker than it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde::layer::RequestOptions;
    ///
    /// // All but the scrapes.
    /// let requests = RequestOptions::new()
    ///     .measure_own_endpoints(true)
    ///     .exclude(["/metrics"]);
    /// ```
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn measure_own_endpoints(mut self, measured: bool) -> Self {
        self.own_endpoints = measured;
        self
    }

    /// Replaces the methods that have a name of their own in labels; all others read `_OTHER`, here and in what the service
    /// asks of others. Case counts.
    ///
    /// Defaults to `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`, else to those of RFC 9110, and `PATCH`.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde::layer::RequestOptions;
    ///
    /// let files = RequestOptions::new().known_methods(["GET", "HEAD", "PUT", "PROPFIND", "MKCOL"]);
    /// ```
    #[must_use]
    pub fn known_methods<M: Into<String>>(mut self, methods: impl IntoIterator<Item = M>) -> Self {
        self.known_methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Sets which responses are streams: their requests are timed to the head, and they themselves in
    /// `http_stream_duration_seconds`.
    ///
    /// Only bodies of unknown length are asked about.
    ///
    /// Defaults to those whose content type is `text/event-stream`.
    #[must_use]
    pub fn stream(mut self, rule: StreamRule) -> Self {
        self.stream = Some(rule);
        self
    }

    /// Sets whether the sizes of bodies are measured, in `http_request_body_bytes` and `http_response_body_bytes`.
    ///
    /// Defaults to `false`.
    #[must_use]
    pub fn body_sizes(mut self, measured: bool) -> Self {
        self.body_sizes = measured;
        self
    }

    /// Adds a label to what is counted and timed of requests, with values from a closed set.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn label(mut self, label: RequestLabel) -> Self {
        self.label = Some(label);
        self
    }

    /// Marks the service as one of gRPC: its calls are counted in `rpc_requests_total` and its siblings, by method and
    /// status, in place of `http_requests_total`. All other requests are measured as ever.
    ///
    /// A client is marked by [`Sonde::client_layer_with`](crate::Sonde::client_layer_with).
    ///
    /// Defaults to a service of HTTP alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde::Config;
    /// use radiosonde::layer::{GrpcOptions, RequestOptions};
    ///
    /// let config = Config::new("orders").requests(RequestOptions::new().grpc(GrpcOptions::new()));
    /// ```
    #[must_use]
    pub fn grpc(mut self, options: GrpcOptions) -> Self {
        self.grpc = Some(options);
        self
    }

    /// Sets the name of a response header that holds the id of the trace, so that who reports a failure can name it.
    ///
    /// A name that is none is an error of `init`.
    ///
    /// Defaults to none: responses are what the service makes them.
    #[must_use]
    pub fn trace_id_header(mut self, name: impl Into<String>) -> Self {
        self.trace_id_header = Some(name.into());
        self
    }

    /// Sets whether requests come from strangers, whose traces are not to be trusted.
    ///
    /// Then each request begins a trace of its own, with a link to the one that it says it belongs to; nothing else that
    /// it brings along goes on, and its word on whether to record is not heard.
    ///
    /// Defaults to `false`.
    #[must_use]
    pub fn public_edge(mut self, public: bool) -> Self {
        self.public_edge = public;
        self
    }

    /// Sets whether spans record the query of the address, as `url.query`, without the values of parameters that are named
    /// like secrets.
    ///
    /// Defaults to `false`.
    #[must_use]
    pub fn record_query(mut self, recorded: bool) -> Self {
        self.record_query = recorded;
        self
    }

    /// Sets whether spans record who asks: `client.address`, `network.peer.address` and `network.peer.port`.
    ///
    /// The client is the one that `Forwarded` or `X-Forwarded-For` names first, unless the service is a
    /// [public edge](Self::public_edge); else it is the peer of the connection, where that is known: served by
    /// [`Sonde::serve`](crate::Sonde::serve), or by axum with `into_make_service_with_connect_info::<SocketAddr>()`.
    ///
    /// Defaults to `true`.
    #[must_use]
    pub fn record_client(mut self, recorded: bool) -> Self {
        self.omit_client = !recorded;
        self
    }

    /// Adds headers of the request that spans record, as `http.request.header.` and the name.
    ///
    /// Headers that hold credentials, such as `authorization` and `cookie`, are an error of `init`, and values that are
    /// marked as sensitive are left out.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn capture_headers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.captured_headers
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds headers of the response that spans record, as `http.response.header.` and the name.
    ///
    /// The rules are those of [`capture_headers`](Self::capture_headers).
    ///
    /// Defaults to none.
    #[must_use]
    pub fn capture_response_headers<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        self.captured_response_headers
            .extend(names.into_iter().map(Into::into));
        self
    }

    /// Lets each request that fails be a line in the log, and this share of the others: 1 for all of them, 0 for none.
    ///
    /// A line has the target `radiosonde::access` and the fields `method`, `route`, `status`, `outcome` and
    /// `duration_seconds`, and of a call of gRPC `rpc_method` and `rpc_status`; its level is `WARN` for an error or a panic, and `INFO` else. A share that is not from 0 to 1
    /// is an error of `init`.
    ///
    /// Defaults to no lines.
    #[must_use]
    pub fn access_log(mut self, share: f64) -> Self {
        self.access_log = Some(share);
        self
    }
}

/// What holds of requests.
#[derive(Debug)]
pub(crate) struct RequestSettings {
    options: RequestOptions,
    pub(super) known_methods: Option<Vec<String>>,
    pub(crate) spans: SpanOptions,
    pub(crate) access_log: Option<f64>,
}

/// What spans of requests say.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpanOptions {
    /// The header of the response that holds the id of the trace.
    pub(crate) trace_id_header: Option<HeaderName>,
    pub(crate) public_edge: bool,
    pub(crate) query: bool,
    /// Whether nothing is said of who asks.
    pub(crate) omit_client: bool,
    pub(crate) headers: Vec<CapturedHeader>,
    pub(crate) response_headers: Arc<[CapturedHeader]>,
}

/// A header that spans record.
#[derive(Debug, Clone)]
pub(crate) struct CapturedHeader {
    pub(crate) name: HeaderName,
    pub(crate) attribute: Key,
}

impl SpanOptions {
    fn resolve(options: &RequestOptions, reader: &mut Reader<'_>) -> Self {
        let mut header = |name: &String| {
            let parsed = name.parse::<HeaderName>().ok();
            if parsed.is_none() {
                let value = name.clone();
                reader.errors.push(ConfigError::InvalidHeaderName { value });
            }
            parsed
        };
        let trace_id_header = options.trace_id_header.as_ref().and_then(&mut header);
        let mut captured = |names: &[String], prefix: &str| {
            let names: Vec<_> = names.iter().filter_map(&mut header).collect();
            let capture = |name: HeaderName| CapturedHeader {
                // Shared by all spans.
                attribute: Arc::<str>::from(format!("{prefix}.{name}")).into(),
                name,
            };
            names.into_iter().map(capture).collect::<Vec<_>>()
        };
        let headers = captured(&options.captured_headers, "http.request.header");
        let of_response = &options.captured_response_headers;
        let response_headers = captured(of_response, "http.response.header");
        let all = headers.iter().chain(&response_headers);
        for captured in all.filter(|captured| holds_credentials(&captured.name)) {
            let name = captured.name.to_string();
            reader.errors.push(ConfigError::SecretHeader { name });
        }
        Self {
            trace_id_header,
            public_edge: options.public_edge,
            query: options.record_query,
            omit_client: options.omit_client,
            headers,
            response_headers: response_headers.into(),
        }
    }
}

/// Tells whether a header is one that services are logged into with.
fn holds_credentials(name: &HeaderName) -> bool {
    let name = name.as_str();
    let words = [
        "auth",
        "cookie",
        "token",
        "secret",
        "api-key",
        "apikey",
        "password",
        "signature",
        "credential",
        "jwt",
    ];
    words.iter().any(|word| name.contains(word))
}

impl RequestSettings {
    pub(super) fn resolve(config: &Config, reader: &mut Reader<'_>) -> Self {
        let options = config.requests.clone();
        let spans = SpanOptions::resolve(&options, reader);
        if let Some(share) = options
            .access_log
            .filter(|share| !(0.0..=1.0).contains(share))
        {
            let value = share.to_string();
            reader.errors.push(ConfigError::InvalidShare { value });
        }
        Self {
            spans,
            access_log: options.access_log,
            known_methods: options
                .known_methods
                .clone()
                .or_else(|| known_methods(reader)),
            options,
        }
    }

    /// Tells whether probes and scrapes are requests like all others.
    #[cfg(feature = "axum")]
    pub(crate) fn own_endpoints(&self) -> bool {
        self.options.own_endpoints
    }

    /// Returns the options of the layer, which nobody follows yet.
    pub(crate) fn observe_options(&self) -> ObserveOptions {
        let RequestOptions {
            route,
            excluded,
            stream,
            body_sizes,
            label,
            grpc,
            ..
        } = &self.options;
        let mut options = ObserveOptions::new()
            .exclude(excluded.iter().cloned())
            .body_sizes(*body_sizes);
        if let Some(route) = route.or(ROUTE) {
            options = options.route(route);
        }
        if let Some(rule) = stream {
            options = options.stream(*rule);
        }
        if let Some(label) = label {
            options = options.label(label.clone());
        }
        if let Some(grpc) = grpc {
            options = options.grpc(grpc.clone());
        }
        if let Some(methods) = &self.known_methods {
            options = options.known_methods(methods.iter().cloned());
        }
        options
    }

    /// Returns the options of the client layer, which nobody follows yet.
    pub(crate) fn client_options(&self) -> ClientOptions {
        let options = ClientOptions::new();
        match &self.known_methods {
            Some(methods) => options.known_methods(methods.iter().cloned()),
            None => options,
        }
    }
}

/// Where the route is found unless the service says otherwise.
#[cfg(feature = "axum")]
const ROUTE: Option<RouteOf> = Some(radiosonde_axum::matched_path);
#[cfg(not(feature = "axum"))]
const ROUTE: Option<RouteOf> = None;

fn known_methods(reader: &mut Reader<'_>) -> Option<Vec<String>> {
    let name = env::OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS;
    let text = reader.text(name)?;
    let methods = text
        .split(',')
        .map(str::trim)
        .filter(|method| !method.is_empty());
    let methods: Vec<_> = methods.map(ToOwned::to_owned).collect();
    if methods.is_empty() {
        reader.warn(format!(
            "{name} is `{text}`, which names no method, and is ignored"
        ));
        return None;
    }
    Some(methods)
}
