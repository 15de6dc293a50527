//! What is reported, and what of it is told.

use std::fmt;
use std::sync::Arc;

use crate::errors::ErrorReport;

/// What is reported to Sentry, and how much of it.
///
/// # Examples
///
/// ```
/// use radiosonde::Config;
/// use radiosonde::errors::ErrorOptions;
///
/// let errors = ErrorOptions::new()
///     .events_per_minute(30)
///     .ignore_errors(["ConnectionReset", "client went away"])
///     .before_send(|mut report| {
///         report.set_tag("team", "checkout");
///         Some(report)
///     });
/// let config = Config::new("checkout").errors(errors);
/// ```
#[derive(Clone)]
pub struct ErrorOptions {
    pub(crate) events_per_minute: u32,
    pub(crate) ignored_errors: Vec<String>,
    pub(crate) ignored_routes: Vec<String>,
    pub(crate) ignored_targets: Vec<String>,
    pub(crate) before_send: Option<BeforeSend>,
}

pub(crate) type BeforeSend = Arc<dyn Fn(ErrorReport) -> Option<ErrorReport> + Send + Sync>;

impl ErrorOptions {
    /// Starts from the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            events_per_minute: 100,
            ignored_errors: Vec::new(),
            ignored_routes: Vec::new(),
            ignored_targets: Vec::new(),
            before_send: None,
        }
    }

    /// Sets how many events are reported in a minute, at most. Those beyond are counted in
    /// `radiosonde_error_events_suppressed_total`.
    ///
    /// After a quiet minute so many may come at once; then one is let through whenever its share of the minute has passed.
    /// With 0, none is.
    ///
    /// Defaults to 100.
    #[must_use]
    pub fn events_per_minute(mut self, events: u32) -> Self {
        self.events_per_minute = events;
        self
    }

    /// Adds errors that are not reported: those of which one in the chain of causes has this type, or has this text in its
    /// message. A logged event is ignored by its message as well.
    ///
    /// The type is the word with which the `Debug` form of the error begins, and `panic` for a panic.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn ignore_errors<E: Into<String>>(mut self, errors: impl IntoIterator<Item = E>) -> Self {
        self.ignored_errors.extend(non_empty(errors));
        self
    }

    /// Adds routes in whose requests nothing is reported, as templates such as `/orders/{id}`.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn ignore_routes<R: Into<String>>(mut self, routes: impl IntoIterator<Item = R>) -> Self {
        self.ignored_routes.extend(non_empty(routes));
        self
    }

    /// Adds targets of log events that are not reported, each with what is below it: `hyper` stands for `hyper::proto`, too.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn ignore_targets<T: Into<String>>(mut self, targets: impl IntoIterator<Item = T>) -> Self {
        self.ignored_targets.extend(non_empty(targets));
        self
    }

    /// Sets what looks at each report before it is sent, with its secrets replaced, and may change it or, with `None`,
    /// keep it back. One that is kept back counts as dropped.
    ///
    /// It runs on a thread of the telemetry, so it may take its time; a panic costs the report.
    ///
    /// Defaults to nothing.
    #[must_use]
    pub fn before_send(
        mut self,
        before_send: impl Fn(ErrorReport) -> Option<ErrorReport> + Send + Sync + 'static,
    ) -> Self {
        self.before_send = Some(Arc::new(before_send));
        self
    }
}

impl Default for ErrorOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ErrorOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorOptions")
            .field("events_per_minute", &self.events_per_minute)
            .field("ignored_errors", &self.ignored_errors)
            .field("ignored_routes", &self.ignored_routes)
            .field("ignored_targets", &self.ignored_targets)
            .field("before_send", &self.before_send.as_ref().map(|_| "…"))
            .finish()
    }
}

/// An empty pattern would be found in everything.
fn non_empty<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> impl Iterator<Item = String> {
    texts
        .into_iter()
        .map(Into::into)
        .filter(|text| !text.is_empty())
}
