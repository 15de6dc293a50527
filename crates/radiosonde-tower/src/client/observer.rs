//! How spans follow an outgoing request: the side door of the layer.

use std::fmt;

use http::{Extensions, HeaderMap, Method, Uri};
use radiosonde_metrics::SampledSpan;

use super::{ClientObservation, url};
use crate::Entered;

/// Follows outgoing requests beside the metrics.
///
/// One observer serves all requests of a layer. A panic in one of these methods, or in those of [`ClientScope`], costs
/// the signal and nothing else, except in [`ClientScope::enter`] and [`ClientScope::sampled_span`], which must not panic.
pub trait ClientObserver: fmt::Debug + Send + Sync + 'static {
    /// Opens the scope of a request, or returns `None` when it is not to be followed.
    ///
    /// Called where the request is made, so what is current on the thread is what the request is made for.
    fn depart(&self, request: &Departure<'_>) -> Option<Box<dyn ClientScope>>;
}

/// One outgoing request, followed.
pub trait ClientScope: fmt::Debug + Send + Sync + 'static {
    /// Adds the headers by which the server goes on with the trace. Called once, before the request is sent.
    ///
    /// Defaults to adding none.
    fn inject(&self, headers: &mut HeaderMap) {
        let _ = headers;
    }

    /// Makes the request the current one of this thread until the guard is dropped.
    ///
    /// Called before each call and poll of the client's own code. Guards nest, and the last one made is the first one
    /// dropped.
    fn enter(&self) -> Entered;

    /// Returns the span of the request if it is sampled, to be the exemplar of its duration.
    ///
    /// The first scope that has one is asked, when the request has ended and before it is closed. It must not panic.
    ///
    /// Defaults to none.
    fn sampled_span(&self) -> Option<SampledSpan> {
        None
    }

    /// Takes note of how the request ended. Called once, on whatever thread that happens, with this scope left and
    /// those of the observers added before it entered.
    fn close(self: Box<Self>, observation: &ClientObservation<'_>);
}

/// A request when it departs.
#[derive(Debug)]
pub struct Departure<'a> {
    pub(super) sent: &'a Sent<'a>,
    pub(super) method_label: &'static str,
    pub(super) server: &'static str,
    pub(super) with_query: bool,
    pub(super) grpc_method: Option<&'static str>,
}

/// What is sent, without its body.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) extensions: &'a Extensions,
}

impl<'a> Departure<'a> {
    /// Returns the method as it is sent. It may be anything: it is no label.
    #[must_use]
    pub fn method(&self) -> &'a Method {
        self.sent.method
    }

    /// Returns the method as labels have it: `_OTHER` when it is not a known one.
    #[must_use]
    pub fn method_label(&self) -> &'static str {
        self.method_label
    }

    /// Returns the server as labels have it: `_OTHER` when it is not in the closed set, empty when the address has none.
    #[must_use]
    pub fn server(&self) -> &'static str {
        self.server
    }

    /// Returns the method of a call of gRPC, such as `shop.Orders/Get`, or `_OTHER` when it has no name; `None` when the
    /// request is no call.
    #[must_use]
    pub fn grpc_method(&self) -> Option<&'static str> {
        self.grpc_method
    }

    /// Returns the host of the address, without the brackets of an IPv6 address. It may be anything: it is no label.
    #[must_use]
    pub fn host(&self) -> Option<&'a str> {
        url::host(self.sent.uri)
    }

    /// Returns the port of the address, or that of its scheme.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        url::port(self.sent.uri)
    }

    /// Returns the address for eyes: without credentials, and without its query unless
    /// [`ClientOptions::record_query`](super::ClientOptions::record_query) says otherwise.
    #[must_use]
    pub fn url(&self) -> String {
        url::shown(self.sent.uri, self.with_query)
    }

    /// Returns the address as it is. It may hold secrets; [`url`](Self::url) leaves them out.
    #[must_use]
    pub fn uri(&self) -> &'a Uri {
        self.sent.uri
    }

    /// Returns the headers. They may hold secrets.
    #[must_use]
    pub fn headers(&self) -> &'a HeaderMap {
        self.sent.headers
    }

    /// Returns what layers outside this one left with the request.
    #[must_use]
    pub fn extensions(&self) -> &'a Extensions {
        self.sent.extensions
    }
}
