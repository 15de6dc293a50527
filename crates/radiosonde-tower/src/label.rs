//! A label that a service adds to its requests.

use std::fmt;
use std::sync::Arc;

use radiosonde_catalog::Metric;
use radiosonde_metrics::typed::Label;

use crate::Arrival;
use crate::quiet::quietly;

/// One more label of requests, with values from a closed set: who pays, which version of an interface, which kind of client.
///
/// It is the last label of `http_requests_total`, `http_request_duration_seconds` and `http_errors_total`. Its values are
/// those of a type, so each multiplies the series of a route by a number that is known when the service is compiled.
///
/// # Examples
///
/// ```
/// use radiosonde_metrics::typed::Label;
/// use radiosonde_tower::{Arrival, ObserveOptions, RequestLabel};
///
/// #[derive(Debug, Clone, Copy)]
/// enum Client {
///     Browser,
///     Other,
/// }
///
/// impl Label for Client {
///     const KEY: &'static str = "client";
///     const VALUES: &'static [&'static str] = &["browser", "other"];
///
///     fn index(self) -> usize {
///         self as usize
///     }
/// }
///
/// let client = RequestLabel::new(|request: &Arrival<'_>| {
///     if request.headers().contains_key("sec-fetch-mode") {
///         Client::Browser
///     } else {
///         Client::Other
///     }
/// });
/// let options = ObserveOptions::new().label(client);
/// ```
#[derive(Clone)]
pub struct RequestLabel {
    key: &'static str,
    otel_key: &'static str,
    values: &'static [&'static str],
    place: Arc<dyn Fn(&Arrival<'_>) -> usize + Send + Sync>,
}

impl RequestLabel {
    /// Makes a label whose value is found when a request arrives.
    ///
    /// Where `of` panics, the label is absent, which is the same as empty.
    pub fn new<L: Label>(of: impl Fn(&Arrival<'_>) -> L + Send + Sync + 'static) -> Self {
        Self {
            key: L::KEY,
            otel_key: L::OTEL_KEY,
            values: L::VALUES,
            place: Arc::new(move |request| of(request).index()),
        }
    }

    /// Returns a metric with this label behind its own.
    pub(crate) fn added_to(&self, metric: Metric) -> Metric {
        metric.with_added_label(self.key, self.otel_key)
    }

    /// How many values there are, with that of a request of which none was found.
    pub(crate) fn len(&self) -> usize {
        self.values.len() + 1
    }

    /// Returns the place of the value of a request.
    pub(crate) fn place(&self, request: &Arrival<'_>) -> usize {
        let none = self.values.len();
        quietly(|| (self.place)(request)).unwrap_or(none).min(none)
    }

    pub(crate) fn value(&self, place: usize) -> &'static str {
        self.values.get(place).copied().unwrap_or_default()
    }
}

impl fmt::Debug for RequestLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLabel")
            .field("key", &self.key)
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}
