//! From a configuration to a running telemetry: the one place that knows all signals.

use std::io::IsTerminal as _;
use std::panic::{Location, PanicHookInfo};
#[cfg(feature = "slo")]
use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use radiosonde_catalog::TARGET_INFO;
use radiosonde_health::Health;
use radiosonde_metrics::{Registry, RegistryOptions, collect};
use tracing::Dispatch;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::{INSTANCE, Settings};
#[cfg(feature = "sentry")]
use crate::errors::{ErrorLayer, Reporter, RequestReports};
use crate::io::Io;
use crate::lifecycle::Telemetry;
#[cfg(feature = "otlp")]
use crate::logs::RecordLayer;
use crate::logs::{AccessLog, LogControl, Logs, standard_output};
#[cfg(feature = "slo")]
use crate::slo::Keeper;
use crate::summary::Summary;
use crate::traces::Traces;
#[cfg(feature = "otlp")]
use crate::traces::{Exits, SpanQueue};
use crate::{Config, InitError, Sonde, panics};

/// Starts the telemetry of this process and installs it: the subscriber of `tracing`, the recorder of `metrics`, the
/// propagator of OpenTelemetry, and a panic hook that counts, reports where there is a Sentry DSN, and calls the previous
/// one.
///
/// Takes a service name, [`service!`](crate::service), or a whole [`Config`]. Reads the environment, does no network
/// I/O, and works before there is a Tokio runtime. Call it first in `main`: a metric handle obtained earlier records
/// nothing, for ever. Keep what it returns until the end of `main`: dropping the last handle ends the telemetry.
///
/// # Errors
///
/// Returns [`InitError`] when settings are wrong, all of them in one error; when it was called before; when the process
/// has another subscriber or recorder; when no thread can be started. Nothing is installed then, unless another thread
/// installs a subscriber at the same moment.
///
/// # Examples
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sonde = radiosonde::init(radiosonde::service!())?;
/// tracing::info!("instrumented");
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn init(config: impl Into<Config>) -> Result<Sonde, InitError> {
    let caller = Location::caller();
    let mut first = FIRST_CALL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(first) = *first {
        return Err(InitError::AlreadyInitialised { first });
    }
    if has_subscriber() {
        return Err(InitError::SubscriberTaken);
    }
    let sonde = build(config)?.install()?;
    *first = Some(caller);
    Ok(sonde)
}

/// Starts the same telemetry as [`init`] does, and installs nothing.
///
/// The service places the parts: [`ext::layer`](crate::ext::layer) into its subscriber, [`Sonde::metrics`] as a recorder
/// or beside its own, [`Sonde::layer`] and [`Sonde::router`] as ever. Panics are reported when they end a request.
///
/// # Errors
///
/// Returns [`InitError`] when settings are wrong, all of them in one error, and when no thread can be started.
///
/// # Examples
///
/// ```
/// use radiosonde::{build, ext};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut parts = build("checkout")?;
/// tracing::dispatcher::with_default(&ext::dispatch(&mut parts), || tracing::info!("for this closure"));
///
/// let sonde = parts.into_sonde();
/// assert!(sonde.metrics().render().contains("radiosonde_log_lines_total 1\n"));
/// # Ok(())
/// # }
/// ```
pub fn build(config: impl Into<Config>) -> Result<Parts, InitError> {
    let var = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    let settings = Settings::resolve(&config.into(), &var, std::io::stdout().is_terminal());
    let settings = settings.map_err(InitError::Config)?;
    Parts::start(&settings, standard_output()).map_err(InitError::Thread)
}

/// The telemetry of a service, started and not installed. Made by [`build`].
pub struct Parts {
    sonde: Sonde,
    layers: Vec<BoxedLayer>,
    pub(crate) log: LogControl,
    traces: Traces,
    #[cfg(feature = "sentry")]
    pub(crate) reporter: Option<Reporter>,
    summary: Summary,
}

pub(crate) type BoxedLayer = Box<dyn Layer<tracing_subscriber::Registry> + Send + Sync>;

impl Parts {
    /// Returns the handle of the telemetry.
    pub fn sonde(&self) -> &Sonde {
        &self.sonde
    }

    /// Returns the handle of the telemetry, and lets go of what was not placed.
    pub fn into_sonde(self) -> Sonde {
        self.sonde
    }

    /// Returns what is ignored of the settings and the environment, in words for who wrote them.
    ///
    /// [`init`] logs it. Here there is no log until the service has placed the layers.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.summary.warnings.iter().map(String::as_str)
    }

    /// Returns the layers of the subscriber. A second call returns none.
    pub(crate) fn take_layers(&mut self) -> Vec<BoxedLayer> {
        std::mem::take(&mut self.layers)
    }

    /// Starts everything, with log lines that go to `out`.
    pub(crate) fn start(
        settings: &Settings,
        out: impl std::io::Write + Send + 'static,
    ) -> std::io::Result<Self> {
        let registry = Registry::with_options(registry_options(settings));
        add_collected(settings, &registry);
        #[cfg_attr(
            not(feature = "slo"),
            expect(unused_mut, reason = "objectives add a warning")
        )]
        let mut summary = Summary::of(settings);
        let mut io = Way::default();

        let named = (settings.name.as_str(), settings.version.as_deref());
        let logs = Logs::start(out, &settings.logs, named, &registry)?;
        let log = logs.control();
        let mut telemetry = Telemetry::new(log.clone());
        let records = start_records(settings, &registry, &mut io, &mut telemetry)?;
        let traces = start_traces(settings, &registry, &mut io, &mut telemetry, &logs)?;
        #[cfg(feature = "otlp")]
        start_metrics(settings, &registry, &mut io, &mut telemetry, &logs)?;
        #[cfg_attr(
            not(feature = "sentry"),
            expect(unused_mut, reason = "reports add one")
        )]
        let mut layers = vec![
            // Filters are per layer: a quiet log must not silence traces and reports.
            logs.layer(records).boxed(),
            traces.layer().boxed(),
        ];
        let requests = &settings.requests;
        let spans = traces.observer(requests.spans.clone());
        let mut options = requests.observe_options().observer(spans);
        if let Some(share) = requests.access_log {
            // Within the span, whose ids its lines carry.
            options = options.observer(AccessLog::new(share));
        }
        let client_options = requests.client_options();
        let client_options = client_options.observer(traces.client_observer());
        #[cfg(feature = "sentry")]
        let reporter = start_reporter(settings, &registry, &mut io, &mut telemetry)?;
        #[cfg(feature = "sentry")]
        if let Some(reporter) = &reporter {
            let errors = ErrorLayer::new(reporter.clone());
            let filter = errors.filter();
            layers.push(errors.with_filter(filter).boxed());
            let headers = settings
                .sentry
                .as_ref()
                .map(|sentry| sentry.headers.clone());
            let reports = RequestReports::new(reporter.clone(), headers.unwrap_or_default());
            options = options.observer(reports);
        }
        telemetry.io = io.0;
        let health = Health::new();
        health.record_into(&registry);
        #[cfg(feature = "slo")]
        let keeper = {
            let (keeper, warning) = Keeper::start(&settings.slos, &registry, &health);
            let keeper = Arc::new(keeper);
            telemetry.keeper = Some(keeper.clone());
            summary.warnings.extend(warning);
            keeper
        };
        let sonde = Sonde::new(
            settings,
            registry,
            health,
            options,
            client_options,
            telemetry,
            #[cfg(feature = "slo")]
            keeper,
        );
        Ok(Self {
            sonde,
            layers,
            log,
            traces,
            #[cfg(feature = "sentry")]
            reporter,
            summary,
        })
    }

    fn install(mut self) -> Result<Sonde, InitError> {
        if let Err(error) = self.take_over() {
            // Nothing of it was used, so there is nothing to send.
            self.sonde.telemetry().abandon();
            return Err(error);
        }
        // Records of the `log` crate become events, unless the service has bridged them itself. Those that no layer wants
        // are not even made.
        if tracing_log::LogTracer::init().is_ok() {
            self.log.filter().bridge();
        }
        opentelemetry::global::set_text_map_propagator(self.traces.propagation());
        opentelemetry::global::set_tracer_provider(self.traces.provider());
        #[cfg(feature = "sentry")]
        let tell = {
            let reporter = self.reporter;
            move |panic: &PanicHookInfo<'_>| {
                if let Some(reporter) = &reporter {
                    reporter.report_panic(panic);
                }
            }
        };
        #[cfg(not(feature = "sentry"))]
        let tell = |_: &PanicHookInfo<'_>| {};
        panics::install_hook(self.sonde.metrics(), tell);
        self.summary.log();
        Ok(self.sonde)
    }

    /// Becomes the recorder and the subscriber of the process, of which there is one each.
    fn take_over(&mut self) -> Result<(), InitError> {
        let recorder = self.sonde.metrics().clone();
        metrics::set_global_recorder(recorder).map_err(|_| InitError::RecorderTaken)?;
        let dispatch = Dispatch::new(tracing_subscriber::registry().with(self.take_layers()));
        tracing::dispatcher::set_global_default(dispatch).map_err(|_| InitError::SubscriberTaken)
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("sonde", &self.sonde)
            .finish_non_exhaustive()
    }
}

/// Exemplars name spans, so there are some where spans go somewhere.
fn registry_options(settings: &Settings) -> RegistryOptions {
    let options = settings.metrics.registry.clone();
    #[cfg(feature = "slo")]
    let options = match &settings.slos.objectives {
        objectives if objectives.is_empty() => options,
        objectives => options.objectives(objectives.clone()),
    };
    #[cfg(feature = "otlp")]
    if settings.metrics.exemplars && settings.traces.export.is_some() {
        return options.exemplars(crate::traces::sampled_span);
    }
    options
}

/// Adds what is known without being recorded: which service this is and, if wanted, what the system says of its process.
fn add_collected(settings: &Settings, registry: &Registry) {
    // To Prometheus the process is its `instance`; an id that changes with each start would only make more series.
    let is_told = |key: &opentelemetry::Key| {
        let is_made = key.as_str() == INSTANCE && settings.instance_is_made;
        !is_made && !key.as_str().starts_with("process.")
    };
    let resource = settings.traces.resource.iter();
    let attributes: Vec<_> = resource
        .filter(|(key, _)| is_told(key))
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let attributes = attributes.iter().map(|(key, value)| (*key, value.as_ref()));
    collect::info(registry, &TARGET_INFO, attributes);
    let version = settings.version.as_deref().unwrap_or_default();
    let build = [("service", settings.name.as_str()), ("version", version)];
    collect::build_info(registry, &build);
    #[cfg(feature = "process")]
    collect::watch_process(registry);
}

/// The telemetry thread, started when something first needs a way out of the process.
#[derive(Default)]
struct Way(Option<Io>);

impl Way {
    #[cfg(any(feature = "otlp", feature = "sentry"))]
    fn out(&mut self) -> std::io::Result<&mut Io> {
        let io = match self.0.take() {
            Some(io) => io,
            None => Io::start()?,
        };
        Ok(self.0.insert(io))
    }
}

#[cfg_attr(
    not(feature = "otlp"),
    expect(
        unused_variables,
        clippy::unnecessary_wraps,
        reason = "nothing is exported without `otlp`"
    )
)]
fn start_traces(
    settings: &Settings,
    registry: &Registry,
    way: &mut Way,
    telemetry: &mut Telemetry,
    logs: &Logs,
) -> std::io::Result<Traces> {
    #[cfg(feature = "otlp")]
    if settings.traces.export.is_some() || settings.traces.printed {
        let mut queue = None;
        if let Some(export) = &settings.traces.export {
            let resource = &settings.traces.resource;
            let started = SpanQueue::start(way.out()?, export, resource, registry);
            telemetry.spans = Some(started.account().clone());
            queue = Some(started);
        }
        let console = settings.traces.printed.then(|| logs.console());
        let exits = Exits::new(queue, console);
        let traces = Traces::exported(&settings.traces, &settings.name, way.out()?, exits);
        return Ok(traces);
    }
    Ok(Traces::new(&settings.traces))
}

/// Starts what sends metrics, and what writes them into the log, if they go anywhere.
#[cfg(feature = "otlp")]
fn start_metrics(
    settings: &Settings,
    registry: &Registry,
    way: &mut Way,
    telemetry: &mut Telemetry,
    logs: &Logs,
) -> std::io::Result<()> {
    let metrics = &settings.metrics;
    if let Some(export) = &metrics.export {
        let resource = &settings.traces.resource;
        let points = crate::metrics::start(way.out()?, export, resource, registry);
        telemetry.metric_points = Some(points);
    }
    if let Some(every) = metrics.printed {
        crate::metrics::start_printing(way.out()?, logs.console(), registry, every);
    }
    Ok(())
}

/// Starts the export of log records, if they go anywhere.
#[cfg(feature = "otlp")]
fn start_records(
    settings: &Settings,
    registry: &Registry,
    way: &mut Way,
    telemetry: &mut Telemetry,
) -> std::io::Result<Option<RecordLayer>> {
    let Some(export) = &settings.logs.export else {
        return Ok(None);
    };
    let resource = &settings.traces.resource;
    let records = RecordLayer::start(way.out()?, export, resource, registry);
    telemetry.log_records = Some(records.account().clone());
    Ok(Some(records))
}

#[cfg(not(feature = "otlp"))]
#[expect(clippy::unnecessary_wraps, reason = "with `otlp` it may fail")]
fn start_records(
    _: &Settings,
    _: &Registry,
    _: &mut Way,
    _: &mut Telemetry,
) -> std::io::Result<Option<tracing_subscriber::layer::Identity>> {
    Ok(None)
}

#[cfg(feature = "sentry")]
fn start_reporter(
    settings: &Settings,
    registry: &Registry,
    way: &mut Way,
    telemetry: &mut Telemetry,
) -> std::io::Result<Option<Reporter>> {
    let Some(sentry) = &settings.sentry else {
        return Ok(None);
    };
    let reporter = Reporter::start(way.out()?, sentry, registry);
    telemetry.reports = Some(reporter.account().clone());
    telemetry.reporter = Some(reporter.clone());
    Ok(Some(reporter))
}

/// Tells whether the process has a subscriber. One that a thread or a closure has for itself does not count.
fn has_subscriber() -> bool {
    use tracing::subscriber::NoSubscriber;
    let has = || tracing::dispatcher::get_default(|default| !default.is::<NoSubscriber>());
    // A new thread has none of its own. Without a thread, this one has to do.
    let elsewhere = std::thread::Builder::new()
        .spawn(has)
        .map(std::thread::JoinHandle::join);
    elsewhere.ok().and_then(Result::ok).unwrap_or_else(has)
}

/// Where `init` succeeded.
static FIRST_CALL: Mutex<Option<&'static Location<'static>>> = Mutex::new(None);
