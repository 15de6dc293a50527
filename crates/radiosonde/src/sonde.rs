//! The handle that `main` passes on.

use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

#[cfg(feature = "axum")]
use radiosonde_axum::{ConnectionMetrics, CountedListener};
use radiosonde_health::Health;
use radiosonde_metrics::Registry;
use radiosonde_tower::client::{ClientOptions, ObserveClientLayer};
use radiosonde_tower::{ObserveLayer, ObserveOptions};

use crate::ShutdownReport;
#[cfg(feature = "axum")]
use crate::config::ConnectionSettings;
use crate::config::{LifecycleSettings, Settings};
use crate::lifecycle::{Ending, Signals, Telemetry};
#[cfg(feature = "slo")]
use crate::slo::{Keeper, Slos};
use crate::{LogFilterError, LogFilterState};

/// The telemetry of a service. Clones are the same telemetry.
///
/// When the last clone is dropped before [`shutdown`](Self::shutdown) was called, what waits is sent within the flush
/// timeout, by the thread that drops it. What was logged after that call is written, within a moment.
#[derive(Clone)]
#[must_use = "dropping the last handle ends the telemetry"]
pub struct Sonde {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    health: Health,
    lifecycle: LifecycleSettings,
    ending: Ending,
    #[cfg(feature = "axum")]
    endpoints: radiosonde_axum::Endpoints,
    #[cfg(feature = "axum")]
    connections: ConnectionSettings,
    #[cfg(feature = "axum")]
    admin_addr: Option<String>,
    #[cfg(feature = "axum")]
    probe_addr: Option<String>,
    #[cfg(feature = "axum")]
    service: String,
    layer: OnceLock<ObserveLayer>,
    layer_options: Mutex<Option<ObserveOptions>>,
    client_layer: OnceLock<ObserveClientLayer>,
    client_options: ClientOptions,
    #[cfg(feature = "slo")]
    keeper: Arc<Keeper>,
    telemetry: Arc<Telemetry>,
}

impl Sonde {
    pub(crate) fn new(
        settings: &Settings,
        registry: Registry,
        health: Health,
        options: ObserveOptions,
        client_options: ClientOptions,
        telemetry: Telemetry,
        #[cfg(feature = "slo")] keeper: Arc<Keeper>,
    ) -> Self {
        #[cfg(feature = "axum")]
        let endpoints = crate::own_endpoints::of(
            settings,
            &registry,
            &health,
            &telemetry.log,
            #[cfg(feature = "slo")]
            keeper.slos(),
        );
        #[cfg(feature = "axum")]
        let options = if settings.requests.own_endpoints() {
            options
        } else {
            options.exclude(endpoints.templates())
        };
        let sonde = Self {
            inner: Arc::new(Inner {
                registry,
                ending: Ending::new(health.clone(), settings.lifecycle),
                health,
                lifecycle: settings.lifecycle,
                #[cfg(feature = "axum")]
                endpoints,
                #[cfg(feature = "axum")]
                connections: settings.connections,
                #[cfg(feature = "axum")]
                admin_addr: settings.exposure.admin_addr.clone(),
                #[cfg(feature = "axum")]
                probe_addr: settings.exposure.probe_addr.clone(),
                #[cfg(feature = "axum")]
                service: settings.name.clone(),
                layer: OnceLock::new(),
                layer_options: Mutex::new(Some(options)),
                client_layer: OnceLock::new(),
                client_options,
                #[cfg(feature = "slo")]
                keeper,
                telemetry: Arc::new(telemetry),
            }),
        };
        sonde.watch_runtime();
        sonde
    }

    /// Watches the runtime around the call, if there is one and none is watched, and lets objectives be sampled there.
    ///
    /// Called wherever there may be one for the first time, because `init` works before there is.
    #[cfg_attr(
        not(any(feature = "runtime", feature = "slo")),
        expect(clippy::unused_self, reason = "nothing is watched without them")
    )]
    pub(crate) fn watch_runtime(&self) {
        #[cfg(feature = "runtime")]
        radiosonde_metrics::collect::watch_current_runtime(&self.inner.registry, "main");
        #[cfg(feature = "slo")]
        self.inner.keeper.sample_here();
    }

    /// Returns the layer that measures and follows each request.
    ///
    /// Put it on the router last, after every route and `merge`: it sees only what was there before it. Requests to the
    /// probe and scrape endpoints are left out, unless
    /// [the options](crate::layer::RequestOptions) say otherwise.
    ///
    /// The layer is a pointer to what is kept for the life of the process, so it may be copied freely.
    #[must_use]
    pub fn layer(&self) -> ObserveLayer {
        self.watch_runtime();
        *self.inner.layer.get_or_init(|| {
            let mut options = self
                .inner
                .layer_options
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            ObserveLayer::new(&self.inner.registry, options.take().unwrap_or_default())
        })
    }

    /// Returns the layer that measures and follows each request that the service makes, and sends its trace along.
    ///
    /// Put it around a client that is a tower service, such as the legacy one of `hyper-util`; with the feature `reqwest`
    /// it is a middleware of `reqwest-middleware` as well. See [`client`](crate::client) for what is counted.
    ///
    /// The headers of traces that [`Config::propagators`](crate::Config::propagators) names, `traceparent`, `tracestate` and `baggage` by
    /// default, replace those that the request has. Their ids are those of the span that the request gets, which is a child of what is
    /// current where the request is made. A request of a trace that is not sampled, or not exported, has no span, and takes the ids of
    /// that trace along all the same. Baggage is that of the current context: what came with the request that is worked for, unless the
    /// service has put another there. All of that goes to every server that is called.
    ///
    /// The layer is a pointer to what is kept for the life of the process, so it may be copied freely.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{Request, Response};
    /// use tower::{Layer as _, ServiceExt as _, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sonde = radiosonde::init("checkout")?;
    ///
    /// // Stands for a client, such as `hyper_util::client::legacy::Client`.
    /// let client = service_fn(async |_: Request<String>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(String::new()))
    /// });
    /// let request = Request::post("http://stock.internal/reservations").body("one".to_owned())?;
    /// sonde.client_layer().layer(client).oneshot(request).await?;
    ///
    /// let line = r#"http_client_requests_total{method="POST",outcome="ok",server="stock.internal",status="200"} 1"#;
    /// assert!(sonde.metrics().render().contains(line));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn client_layer(&self) -> ObserveClientLayer {
        let make = || self.client_layer_with(|options| options);
        *self.inner.client_layer.get_or_init(make)
    }

    /// Returns a client layer with other options: `with` gets those of [`client_layer`](Self::client_layer), which name
    /// servers by their hosts.
    ///
    /// Each call makes a layer that is kept for the life of the process, with names of its own for servers.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sonde = radiosonde::init("checkout")?;
    /// let layer = sonde.client_layer_with(|options| options.servers(["stock.internal", "api.example.com"]));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn client_layer_with(
        &self,
        with: impl FnOnce(ClientOptions) -> ClientOptions,
    ) -> ObserveClientLayer {
        self.watch_runtime();
        let options = with(self.inner.client_options.clone());
        ObserveClientLayer::new(&self.inner.registry, options)
    }

    /// Returns the router with `/health`, `/ready`, `/live` and `/metrics`, and with their twins below `/health/`; with
    /// objectives, also with `/slo`.
    ///
    /// Where administrators have [a listener of their own](crate::Config::admin_addr), metrics and `/slo` are there and not
    /// here. Where
    /// they have none, and a [token](crate::Config::admin_token), what is for them is here, for those who show it.
    #[cfg(feature = "axum")]
    pub fn router<S>(&self) -> axum::Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        self.watch_runtime();
        self.inner.endpoints.router()
    }

    /// Returns the router with all endpoints: those of [`router`](Self::router), error texts in them, and what is below
    /// `/admin`.
    ///
    /// Serve it on a listener of its own, on the loopback address or a port that no load balancer knows:
    /// `axum::serve(listener, sonde.admin_router())`. With [`Config::admin_addr`](crate::Config::admin_addr),
    /// [`serve`](Self::serve) and [`serve_admin`](Self::serve_admin) do.
    #[cfg(feature = "axum")]
    pub fn admin_router(&self) -> axum::Router {
        self.watch_runtime();
        self.inner.endpoints.admin_router()
    }

    /// Returns the router with the gRPC health protocol, `grpc.health.v1.Health`: `SERVING` while the service is ready, for the
    /// server as a whole and for the services of these names.
    ///
    /// With `tonic`, serve `tonic::service::Routes::new(service).into_axum_router().merge(sonde.grpc_health(["stock.v1.Stock"]))`
    /// by [`serve`](Self::serve), or add `Routes::from(sonde.grpc_health(["stock.v1.Stock"]))` to a server of `tonic`.
    #[cfg(feature = "axum")]
    pub fn grpc_health<S, N>(&self, services: impl IntoIterator<Item = N>) -> axum::Router<S>
    where
        S: Clone + Send + Sync + 'static,
        N: Into<String>,
    {
        self.inner.endpoints.grpc_health(services)
    }

    /// Returns the catalogue as `/admin/catalog` answers it.
    #[cfg(feature = "axum")]
    pub(crate) fn catalogue_json(&self) -> String {
        let catalogue = self.inner.registry.catalogue();
        catalogue.with_service(self.inner.service.as_str()).json()
    }

    /// Counts the connections of a listener that is given to `axum::serve`: accepted, open, how long they lasted, and those
    /// that could not be accepted.
    ///
    /// It is a listener of tokio, or something else that [accepts](crate::layer::Accept); one that is made for axum is passed
    /// as [`Retrying`](crate::layer::Retrying). [`serve`](Self::serve) counts its own.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let sonde = radiosonde::init("checkout")?;
    /// let app: axum::Router = axum::Router::new().layer(sonde.layer());
    /// let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    /// let server = axum::serve(sonde.listener(listener), app);
    /// tokio::select! {
    ///     ended = server.with_graceful_shutdown(sonde.shutdown_signal()) => ended?,
    ///     () = sonde.drain_deadline() => {}
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "axum")]
    pub fn listener<L: radiosonde_axum::Accept>(&self, listener: L) -> CountedListener<L> {
        CountedListener::new(listener, self.connection_metrics())
    }

    /// Returns the metrics of connections, for services that accept them by themselves: what is open, and
    /// [handshakes](ConnectionMetrics::handshake) of TLS, which nobody else sees.
    #[cfg(feature = "axum")]
    #[must_use]
    pub fn connection_metrics(&self) -> ConnectionMetrics {
        ConnectionMetrics::new(&self.inner.registry)
    }

    /// Returns the health of the service, to register checks and gates.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde::health::Check;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sonde = radiosonde::init("checkout")?;
    /// sonde.health().register(Check::new("database", async || Ok(())).critical())?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.inner.health
    }

    /// Returns the registry that metrics are recorded in. It is a recorder of the `metrics` crate.
    #[must_use]
    pub fn metrics(&self) -> &Registry {
        &self.inner.registry
    }

    /// Returns the objectives of the service: how their error budgets stand.
    ///
    /// # Examples
    ///
    /// ```
    /// use radiosonde::Config;
    /// use radiosonde::slo::Objective;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = Config::new("checkout").objective(Objective::availability("api", 99.9));
    /// let sonde = radiosonde::init(config)?;
    /// for budget in sonde.slos().report() {
    ///     println!("{}: {:.1} % of the budget left", budget.objective.name(), 100.0 * budget.remaining);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "slo")]
    #[must_use]
    pub fn slos(&self) -> &Slos {
        self.inner.keeper.slos()
    }

    /// Reports an error and its causes to Sentry, with the place where that is done, the current span and the current
    /// request. Without a DSN it does nothing.
    ///
    /// Meant for errors that are dealt with and yet worth a look. One that is logged at `ERROR`, as a field of the event, is
    /// reported without it.
    ///
    /// Never blocks: the report is handed over.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sonde = radiosonde::init("checkout")?;
    /// if let Err(error) = std::fs::read("/nonexistent") {
    ///     sonde.report(&error);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "sentry")]
    pub fn report(&self, error: &(dyn std::error::Error + 'static)) {
        if let Some(reporter) = &self.inner.telemetry.reporter {
            reporter.report_error(error);
        }
    }

    /// Returns which events become log lines now.
    #[must_use]
    pub fn log_filter(&self) -> LogFilterState {
        self.inner.telemetry.log.filter().state()
    }

    /// Lets other events become log lines for some time, from 1 second to 24 hours; then what was configured comes back by
    /// itself.
    ///
    /// The directives have the syntax of `RUST_LOG`, and stand in for all that were configured. Log records that go to a
    /// collector change with the lines; spans and error reports have filters of their own.
    ///
    /// # Errors
    ///
    /// Returns [`LogFilterError`] when the directives are malformed, when the time is too short or too long, when the subscriber
    /// is gone, or when no thread can be started that takes them back. Nothing has changed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sonde = radiosonde::init("checkout")?;
    /// sonde.set_log_filter("info,checkout::payment=debug", Duration::from_mins(10))?;
    /// assert!(sonde.log_filter().expires_in.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_log_filter(
        &self,
        directives: &str,
        lifetime: Duration,
    ) -> Result<LogFilterState, LogFilterError> {
        self.inner.telemetry.log.filter().set(directives, lifetime)
    }

    /// Takes back what [`set_log_filter`](Self::set_log_filter) has set.
    ///
    /// # Errors
    ///
    /// Returns [`LogFilterError`] when the subscriber is gone.
    pub fn reset_log_filter(&self) -> Result<(), LogFilterError> {
        self.inner.telemetry.log.filter().restore()
    }

    /// Completes when the service should accept no more requests: a signal to end has come (SIGTERM, or Ctrl-C),
    /// readiness has turned red, and the drain delay has passed, or a second signal has come.
    ///
    /// For services that serve themselves, with [`drain_deadline`](Self::drain_deadline) beside it and
    /// [`shutdown`](Self::shutdown) after it. [`serve`](Self::serve) does all of it.
    ///
    /// From when it is first polled, signals no more end the process by themselves, and never again will: a server that waits
    /// for streams which do not end would wait for ever without the deadline.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn run(app: axum::Router) -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    ///
    /// let sonde = radiosonde::init("checkout")?;
    /// let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await?;
    /// let server = axum::serve(listener, app).with_graceful_shutdown(sonde.shutdown_signal());
    /// tokio::select! {
    ///     ended = server => ended?,
    ///     () = sonde.drain_deadline() => {}
    /// }
    /// sonde.shutdown(Duration::from_secs(3)).await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn shutdown_signal(&self) -> impl Future<Output = ()> + Send + use<> {
        self.watch_runtime();
        let ending = self.inner.ending.clone();
        async move { ending.stop_accepting(&mut Signals::listen()).await }
    }

    /// Completes when what is still open should be cut: the [drain timeout](crate::Config::drain_timeout) has passed since
    /// [`shutdown_signal`](Self::shutdown_signal) was ready, or one more signal has come.
    ///
    /// It may be polled from the start, beside the server, as the example of `shutdown_signal` does, or when that was ready.
    /// Nothing is cut by it: streams that `axum::serve` has open go on until the runtime ends, and what they did to their
    /// requests is counted too late to be sent. [`serve`](Self::serve) cuts first.
    pub fn drain_deadline(&self) -> impl Future<Output = ()> + Send + use<> {
        self.watch_runtime();
        let ending = self.inner.ending.clone();
        async move {
            ending.cut(&mut Signals::listen()).await;
        }
    }

    /// Sends what waits, and ends the telemetry: what comes later is dropped and counted.
    ///
    /// Takes at most `deadline`, whatever collectors and standard output do, in either flavour of the runtime and
    /// without one. A second call returns the report of the first, and waits for it until its own deadline, when it says
    /// what has been sent until then.
    pub async fn shutdown(&self, deadline: Duration) -> ShutdownReport {
        self.inner.health.stop();
        self.inner.telemetry.shut_down(deadline).await
    }

    pub(crate) fn telemetry(&self) -> Arc<Telemetry> {
        self.inner.telemetry.clone()
    }

    #[cfg(feature = "axum")]
    pub(crate) fn ending(&self) -> &Ending {
        &self.inner.ending
    }

    #[cfg(feature = "axum")]
    pub(crate) fn lifecycle(&self) -> LifecycleSettings {
        self.inner.lifecycle
    }

    #[cfg(feature = "axum")]
    pub(crate) fn connections(&self) -> ConnectionSettings {
        self.inner.connections
    }

    #[cfg(feature = "axum")]
    pub(crate) fn endpoints(&self) -> &radiosonde_axum::Endpoints {
        &self.inner.endpoints
    }

    #[cfg(feature = "axum")]
    pub(crate) fn admin_addr(&self) -> Option<&str> {
        self.inner.admin_addr.as_deref()
    }

    #[cfg(feature = "axum")]
    pub(crate) fn probe_addr(&self) -> Option<&str> {
        self.inner.probe_addr.as_deref()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.health.stop();
        self.telemetry.end(self.lifecycle.flush_timeout);
    }
}

impl std::fmt::Debug for Sonde {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sonde")
            .field("registry", &self.inner.registry)
            .field("health", &self.inner.health)
            .field("lifecycle", &self.inner.lifecycle)
            .finish_non_exhaustive()
    }
}
