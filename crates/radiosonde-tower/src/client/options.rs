//! What a client layer may be told.

use std::sync::Arc;

use http::Uri;

use super::ClientObserver;
use crate::grpc::GrpcOptions;
use crate::method::{KNOWN, Methods};

/// Names the server of an address, from a closed set; the rest is `None`, and reads `_OTHER`.
pub type ServerOf = fn(&Uri) -> Option<&'static str>;

/// How an [`ObserveClientLayer`](super::ObserveClientLayer) names servers and follows requests.
///
/// A service calls few servers, but an address may come from data: a web hook, a feed. So servers are named by their host
/// up to [`max_servers`](Self::max_servers), and all others together are counted as `_OTHER`. A service that calls
/// addresses from data names its own servers with [`servers`](Self::servers), lest they come too late.
///
/// # Examples
///
/// ```
/// use radiosonde_tower::client::ClientOptions;
///
/// let closed = ClientOptions::new().servers(["api.example.com", "auth.example.com"]);
///
/// // By port, for services behind one host.
/// let named = ClientOptions::new().server_of(|uri| match uri.port_u16() {
///     Some(8081) => Some("orders"),
///     Some(8082) => Some("stock"),
///     _ => None,
/// });
/// ```
#[derive(Debug, Clone)]
pub struct ClientOptions {
    pub(super) server_of: Option<ServerOf>,
    pub(super) servers: Option<Vec<String>>,
    pub(super) max_servers: usize,
    pub(super) record_query: bool,
    pub(super) methods: Arc<Methods>,
    pub(super) grpc: Option<GrpcOptions>,
    pub(super) observers: Vec<Arc<dyn ClientObserver>>,
}

impl ClientOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            server_of: None,
            servers: None,
            max_servers: 100,
            record_query: false,
            methods: Arc::new(Methods::new(KNOWN)),
            grpc: None,
            observers: Vec::new(),
        }
    }

    /// Sets how servers are named.
    ///
    /// It is called for every request, before that is followed, and must not panic.
    ///
    /// Defaults to the host of the address in lower case, without a port.
    #[must_use]
    pub fn server_of(mut self, server_of: ServerOf) -> Self {
        self.server_of = Some(server_of);
        self
    }

    /// Sets the servers that have a name; all others read `_OTHER`.
    ///
    /// These are hosts, in whatever case, or, beside [`server_of`](Self::server_of), the names that it gives.
    ///
    /// Defaults to those that are called first, up to [`max_servers`](Self::max_servers).
    #[must_use]
    pub fn servers<N: Into<String>>(mut self, servers: impl IntoIterator<Item = N>) -> Self {
        self.servers = Some(servers.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how many servers have a name, where [`servers`](Self::servers) does not list them. Those that are called
    /// first have one, for the life of the process; all others read `_OTHER`.
    ///
    /// Keep it below the number of series that a metric may have, divided by the methods and statuses of a server.
    ///
    /// Defaults to 100.
    #[must_use]
    pub fn max_servers(mut self, max_servers: usize) -> Self {
        self.max_servers = max_servers;
        self
    }

    /// Sets whether the address in a span has its query, which may hold secrets.
    ///
    /// Values of signatures, such as `sig` and `X-Amz-Signature`, read `REDACTED` even then.
    ///
    /// Defaults to no.
    #[must_use]
    pub fn record_query(mut self, record_query: bool) -> Self {
        self.record_query = record_query;
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
        self.methods = Arc::new(Methods::new(methods.into_iter().map(kept)));
        self
    }

    /// Marks the client as one of gRPC: its calls have [metrics of their own](crate::grpc), and all other requests are
    /// measured as ever.
    ///
    /// Defaults to a client of HTTP alone.
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
    pub fn observer(mut self, observer: impl ClientObserver) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self::new()
    }
}
