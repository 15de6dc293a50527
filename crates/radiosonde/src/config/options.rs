//! The configuration as code builds it.

use std::time::Duration;

#[cfg(feature = "slo")]
use radiosonde_catalog::objective::Objective;
use radiosonde_metrics::RegistryOptions;

#[cfg(feature = "sentry")]
use super::ErrorOptions;
#[cfg(feature = "axum")]
use super::Exposure;
#[cfg(any(feature = "axum", feature = "otlp", feature = "sentry"))]
use super::Secret;
#[cfg(feature = "slo")]
use super::SloOptions;
use super::{Propagator, RequestOptions, SamplingOptions, Service};

/// How a service is instrumented.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use radiosonde::Config;
///
/// let config = Config::new(radiosonde::service!())
///     .environment("staging")
///     .drain_delay(Duration::from_secs(3));
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) service: Service,
    pub(crate) environment: Option<String>,
    pub(crate) metrics: RegistryOptions,
    pub(crate) requests: RequestOptions,
    #[cfg(feature = "slo")]
    pub(crate) objectives: Vec<Objective>,
    #[cfg(feature = "slo")]
    pub(crate) slos: SloOptions,
    pub(crate) sampling: SamplingOptions,
    pub(crate) propagators: Option<Vec<Propagator>>,
    pub(crate) log_filter: Option<String>,
    pub(crate) log_format: Option<LogFormat>,
    pub(crate) log_fields: Option<LogFields>,
    pub(crate) log_limit: Option<u32>,
    #[cfg(feature = "otlp")]
    pub(crate) otlp_endpoint: Option<Secret>,
    #[cfg(feature = "sentry")]
    pub(crate) sentry_dsn: Option<Secret>,
    #[cfg(feature = "sentry")]
    pub(crate) errors: ErrorOptions,
    #[cfg(feature = "axum")]
    pub(crate) exposure: Exposure,
    #[cfg(feature = "axum")]
    pub(crate) max_connections: Option<usize>,
    #[cfg(feature = "axum")]
    pub(crate) head_timeout: Option<Duration>,
    #[cfg(feature = "axum")]
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) drain_delay: Option<Duration>,
    pub(crate) drain_timeout: Option<Duration>,
    pub(crate) flush_timeout: Option<Duration>,
}

impl Config {
    /// Starts from the defaults for a service.
    #[must_use]
    pub fn new(service: impl Into<Service>) -> Self {
        Self {
            service: service.into(),
            environment: None,
            metrics: RegistryOptions::new(),
            requests: RequestOptions::new(),
            #[cfg(feature = "slo")]
            objectives: Vec::new(),
            #[cfg(feature = "slo")]
            slos: SloOptions::new(),
            sampling: SamplingOptions::new(),
            propagators: None,
            log_filter: None,
            log_format: None,
            log_fields: None,
            log_limit: None,
            #[cfg(feature = "otlp")]
            otlp_endpoint: None,
            #[cfg(feature = "sentry")]
            sentry_dsn: None,
            #[cfg(feature = "sentry")]
            errors: ErrorOptions::new(),
            #[cfg(feature = "axum")]
            exposure: Exposure::default(),
            #[cfg(feature = "axum")]
            max_connections: None,
            #[cfg(feature = "axum")]
            head_timeout: None,
            #[cfg(feature = "axum")]
            idle_timeout: None,
            drain_delay: None,
            drain_timeout: None,
            flush_timeout: None,
        }
    }

    /// Sets where the service is deployed, such as `production`. Error reports name that of `SENTRY_ENVIRONMENT`, where it is set.
    ///
    /// Defaults to `deployment.environment.name` in `OTEL_RESOURCE_ATTRIBUTES`, else to nothing.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = Some(environment.into());
        self
    }

    /// Sets how large the registry may grow, and which bounds histograms have.
    ///
    /// Defaults to 2000 series a metric, 10 000 in all, and the bounds of durations from 5 ms to 10 s.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde::Config;
    /// use radiosonde::metrics::{Bounds, RegistryOptions};
    ///
    /// let metrics = RegistryOptions::new().bounds("upload_bytes", Bounds::new([1e3, 1e6, 1e9])?);
    /// let config = Config::new("checkout").metrics(metrics);
    /// # Ok::<(), radiosonde::metrics::InvalidBounds>(())
    /// ```
    #[must_use]
    pub fn metrics(mut self, options: RegistryOptions) -> Self {
        self.metrics = options;
        self
    }

    /// Sets how requests are measured and followed.
    ///
    /// Defaults to the four metrics, a span and, with a Sentry DSN, reports of those that fail.
    #[must_use]
    pub fn requests(mut self, options: RequestOptions) -> Self {
        self.requests = options;
        self
    }

    /// Adds something that the service promises about its requests. All of them are checked by `init`.
    ///
    /// Its metrics are there from the start. See [`slo`](crate::slo) for what is known of it while the service runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use radiosonde::Config;
    /// use radiosonde::slo::Objective;
    ///
    /// let config = Config::new("checkout")
    ///     .objective(Objective::availability("api", 99.9))
    ///     .objective(Objective::latency("api-latency", 95.0, Duration::from_millis(300)));
    /// ```
    #[cfg(feature = "slo")]
    #[must_use]
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objectives.push(objective);
        self
    }

    /// Sets how objectives are watched.
    ///
    /// Defaults to what is known since the start of the process, without a say in its health.
    #[cfg(feature = "slo")]
    #[must_use]
    pub fn slos(mut self, options: SloOptions) -> Self {
        self.slos = options;
        self
    }

    /// Sets which traces are recorded.
    ///
    /// Defaults to what `OTEL_TRACES_SAMPLER` says, else to all but those that another service began and does not record.
    #[must_use]
    pub fn sampling(mut self, options: SamplingOptions) -> Self {
        self.sampling = options;
        self
    }

    /// Sets by which headers traces come and go. Of those that are read, the last that has a trace wins.
    ///
    /// Defaults to `OTEL_PROPAGATORS`, else to the trace context and the baggage of the W3C.
    #[must_use]
    pub fn propagators(mut self, propagators: impl IntoIterator<Item = Propagator>) -> Self {
        self.propagators = Some(propagators.into_iter().collect());
        self
    }

    /// Sets which log events become lines, in the syntax of `RUST_LOG`.
    ///
    /// Spans and error reports have filters of their own.
    ///
    /// Defaults to `RUST_LOG`, else to `info`.
    #[must_use]
    pub fn log_filter(mut self, directives: impl Into<String>) -> Self {
        self.log_filter = Some(directives.into());
        self
    }

    /// Sets how log lines look.
    ///
    /// Defaults to `LOG_FORMAT`, else to readable lines when standard output is a terminal, and JSON when it is not.
    #[must_use]
    pub fn log_format(mut self, format: LogFormat) -> Self {
        self.log_format = Some(format);
        self
    }

    /// Sets where the fields of an event stand in a JSON line.
    ///
    /// Defaults to `RADIOSONDE_LOG_FIELDS`, else to [`LogFields::Nested`].
    #[must_use]
    pub fn log_fields(mut self, fields: LogFields) -> Self {
        self.log_fields = Some(fields);
        self
    }

    /// Sets how many lines each place in the code may log in a second; 0 for as many as it likes.
    ///
    /// What a place logs beyond that is counted in `radiosonde_log_lines_suppressed_total`, and a line says how much it
    /// was.
    ///
    /// Defaults to `RADIOSONDE_LOG_LIMIT`, else to 1000.
    #[must_use]
    pub fn log_limit(mut self, lines_per_second: u32) -> Self {
        self.log_limit = Some(lines_per_second);
        self
    }

    /// Sets the address of an OpenTelemetry collector that takes OTLP over HTTP, such as `http://localhost:4318`; spans
    /// go to `/v1/traces` below it, metrics to `/v1/metrics`, and log records to `/v1/logs`.
    ///
    /// Defaults to `OTEL_EXPORTER_OTLP_ENDPOINT`, else to nothing: no span, metric or log record leaves the process.
    #[cfg(feature = "otlp")]
    #[must_use]
    pub fn otlp_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.otlp_endpoint = Some(Secret::new(endpoint));
        self
    }

    /// Sets the DSN of a Sentry project.
    ///
    /// Defaults to `SENTRY_DSN`, else to nothing: no error report leaves the process.
    #[cfg(feature = "sentry")]
    #[must_use]
    pub fn sentry_dsn(mut self, dsn: impl Into<String>) -> Self {
        self.sentry_dsn = Some(Secret::new(dsn));
        self
    }

    /// Sets what is reported to Sentry, and how much of it.
    ///
    /// Defaults to panics, failed requests and logged errors, 100 in a minute at most, without anything that may be a
    /// secret.
    #[cfg(feature = "sentry")]
    #[must_use]
    pub fn errors(mut self, options: ErrorOptions) -> Self {
        self.errors = options;
        self
    }

    /// Sets where the endpoints are.
    ///
    /// Defaults to `RADIOSONDE_LIVE_PATH` and its siblings, else to `/live`, `/ready`, `/health`, `/metrics` and `/admin`.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn paths(mut self, paths: radiosonde_axum::Paths) -> Self {
        self.exposure.paths = Some(paths);
        self
    }

    /// Adds an endpoint to those of Radiosonde, where its audience is served.
    ///
    /// Defaults to none.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn endpoint(mut self, route: radiosonde_axum::Route) -> Self {
        self.exposure.routes.push(route);
        self
    }

    /// Sets where administrators are listened for: a port, such as `9090`, on the loopback address, or an address and a
    /// port, such as `0.0.0.0:9090`.
    ///
    /// [`Sonde::serve`](crate::Sonde::serve) listens there, too; metrics, error texts and what is below `/admin` are there
    /// alone then. The probes stay on both.
    ///
    /// Defaults to `RADIOSONDE_ADMIN_ADDR`, else to nothing: all endpoints are on the router of the service, and there
    /// what is for administrators needs the [token](Self::admin_token).
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde::Config;
    ///
    /// let config = Config::new("checkout").admin_addr("9090");
    /// # radiosonde::build(config).unwrap();
    /// assert!(radiosonde::build(Config::new("checkout").admin_addr("everywhere")).is_err());
    /// ```
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn admin_addr(mut self, address: impl Into<String>) -> Self {
        self.exposure.admin_addr = Some(address.into());
        self
    }

    /// Sets the bearer token of administrators: 16 to 1024 visible ASCII characters.
    ///
    /// Defaults to `RADIOSONDE_ADMIN_TOKEN`, else to none.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn admin_token(mut self, token: impl Into<String>) -> Self {
        self.exposure.admin_token = Some(Secret::new(token));
        self
    }

    /// Sets where a thread of its own answers probes, in the words of [`admin_addr`](Self::admin_addr).
    ///
    /// For services that may starve their runtime: it answers when the runtime does not, and says so.
    ///
    /// Defaults to `RADIOSONDE_PROBE_ADDR`, else to nothing: there is no such thread.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn probe_addr(mut self, address: impl Into<String>) -> Self {
        self.exposure.probe_addr = Some(address.into());
        self
    }

    /// Sets how many connections [`Sonde::serve`](crate::Sonde::serve) has open at once. More wait in the queue of the
    /// operating system, those of an orchestrator too, so leave room for what a load balancer keeps open.
    ///
    /// Defaults to `RADIOSONDE_MAX_CONNECTIONS`, else to no limit.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = Some(connections);
        self
    }

    /// Sets how long a connection may take for the head of a request: of the first one from when the connection is accepted,
    /// the handshake of HTTP/2 included, and of each further one of HTTP/1 from its first byte.
    ///
    /// Heads of HTTP/2 after the first have no time of their own: they are bounded by their size, and by the
    /// [`idle_timeout`](Self::idle_timeout).
    ///
    /// Defaults to `RADIOSONDE_HEAD_TIMEOUT`, else to 30 seconds.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn head_timeout(mut self, timeout: Duration) -> Self {
        self.head_timeout = Some(timeout);
        self
    }

    /// Sets how long a connection may be without a request. One of HTTP/2 is told to end then, and may have waited up to twice as
    /// long.
    ///
    /// It should be longer than what the load balancer in front allows: if the service closed a connection just as it is
    /// used, the client would see an error.
    ///
    /// Defaults to `RADIOSONDE_IDLE_TIMEOUT`, else to 620 seconds.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// Sets how long the service goes on accepting requests after a signal to end, with readiness red.
    ///
    /// Endpoints are taken out of a load balancer while the signal is delivered, not before, so requests keep coming.
    ///
    /// Defaults to `RADIOSONDE_DRAIN_DELAY`, else to 5 seconds inside Kubernetes and none elsewhere.
    #[must_use]
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.drain_delay = Some(delay);
        self
    }

    /// Sets how long requests in flight may take to end once no more are accepted; then they are cut.
    ///
    /// Defaults to `RADIOSONDE_DRAIN_TIMEOUT`, else to 20 seconds. With the drain delay and the flush it should stay
    /// below the pod's `terminationGracePeriodSeconds`, 30 by default.
    #[must_use]
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = Some(timeout);
        self
    }

    /// Sets how long the last flush of telemetry may take; at most 5 seconds.
    ///
    /// Defaults to `RADIOSONDE_FLUSH_TIMEOUT`, else to 3 seconds.
    #[must_use]
    pub fn flush_timeout(mut self, timeout: Duration) -> Self {
        self.flush_timeout = Some(timeout);
        self
    }
}

impl<S: Into<Service>> From<S> for Config {
    fn from(service: S) -> Self {
        Self::new(service)
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogFormat {
    /// For eyes: time, level, target, message, fields; coloured on a terminal unless `NO_COLOR` is set.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Where the fields of an event stand in a JSON line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogFields {
    /// Under `fields`, apart from what the line says by itself.
    Nested,
    /// Beside what the line says by itself. A field called like a part of that, such as `level`, reads `fields.level`.
    Flat,
}
