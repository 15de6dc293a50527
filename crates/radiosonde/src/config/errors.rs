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
///     .headers(["user-agent", "x-request-id"])
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
    pub(crate) headers: Vec<String>,
    pub(crate) personal_data: bool,
    pub(crate) breadcrumbs: usize,
    pub(crate) release_health: bool,
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
            headers: Vec::new(),
            personal_data: false,
            breadcrumbs: 50,
            release_health: true,
            before_send: None,
        }
    }

    /// Sets how many events are reported in a minute, at most. Those beyond are counted in
    /// `radiosonde_error_events_suppressed_total`.
    ///
    /// After a quiet minute so many may come at once; then one is let through whenever its share of the minute has passed.
    /// With 0, none is.
    ///
    /// Those that come at once are sent a tenth of a second apart, as long as they take less than half of the room that there is for what
    /// waits, which is 2 MiB. Where more than 100 are allowed in a minute, which is how many may wait, and when the service ends, they follow at once.
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

    /// Adds headers of the request that are told with it. A value that may be a secret, by the name of its header or because it
    /// is marked as one, is replaced all the same.
    ///
    /// Each header is looked up, and what is found kept, whenever a request arrives: an allocation. A name that is none is an
    /// error of `init`.
    ///
    /// Defaults to none.
    #[must_use]
    pub fn headers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.headers.extend(names.into_iter().map(Into::into));
        self
    }

    /// Sets whether headers that name a person or an address, such as `x-forwarded-for`, are told when they are among
    /// [`headers`](Self::headers). Secrets are not, in any case.
    ///
    /// That is all it decides. The address of a client's connection is in no report, with either setting, unless the service puts it there
    /// with [`User::ip_address`](crate::errors::User::ip_address); and what it says of a user is told with either setting, since it has
    /// decided on that by saying it.
    ///
    /// Defaults to `false`.
    #[must_use]
    pub fn personal_data(mut self, told: bool) -> Self {
        self.personal_data = told;
        self
    }

    /// Sets how many of the last logged events, from `INFO` up, are told with a report: those of its request, else those that
    /// happened outside of requests. With 0, none is kept. More than 100 are 100.
    ///
    /// Defaults to 50.
    #[must_use]
    pub fn breadcrumbs(mut self, most: usize) -> Self {
        self.breadcrumbs = most.min(100);
        self
    }

    /// Sets whether Sentry is told how many requests ended well, how many had an error, and how many crashed, once a minute
    /// and when the service ends. A request has crashed when it panicked, when its response broke off, and when it was answered with
    /// 500; it had an error when another status above that was the answer, or when something was reported in it.
    ///
    /// Health is that of a release: where none is known, nothing is told.
    ///
    /// Defaults to `true`.
    #[must_use]
    pub fn release_health(mut self, told: bool) -> Self {
        self.release_health = told;
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
            .field("headers", &self.headers)
            .field("personal_data", &self.personal_data)
            .field("breadcrumbs", &self.breadcrumbs)
            .field("release_health", &self.release_health)
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
