//! The first line of the log: what is on, and where it goes.

#[cfg(feature = "otlp")]
use crate::config::OtlpTarget;
use crate::config::Settings;

/// What is on. It holds no secret.
#[derive(Debug)]
pub(crate) struct Summary {
    service: String,
    version: String,
    environment: String,
    traces: String,
    metrics: String,
    logs: String,
    error_reports: String,
    pub(crate) warnings: Vec<String>,
}

impl Summary {
    pub(crate) fn of(settings: &Settings) -> Self {
        #[cfg(feature = "otlp")]
        let (traces, metrics, logs) = {
            let spans = settings.traces.export.as_ref();
            let metrics = settings.metrics.export.as_ref();
            let logs = settings.logs.export.as_ref();
            let spans = spans.map(|export| place(&export.target));
            let metrics = metrics.map(|export| place(&export.target));
            (
                with_log(spans, settings.traces.printed),
                with_log(metrics, settings.metrics.printed.is_some()),
                logs.map(|export| place(&export.target)),
            )
        };
        #[cfg(not(feature = "otlp"))]
        let (traces, metrics, logs) = (None::<String>, None::<String>, None::<String>);
        #[cfg(feature = "sentry")]
        let error_reports = settings.sentry.as_ref();
        #[cfg(feature = "sentry")]
        let error_reports = error_reports.map(|sentry| sentry.dsn.host.clone());
        #[cfg(not(feature = "sentry"))]
        let error_reports = None::<String>;
        let or_off = |place: Option<String>| place.unwrap_or_else(|| "off".into());
        Self {
            service: settings.name.clone(),
            version: settings.version.clone().unwrap_or_default(),
            environment: settings.environment.clone().unwrap_or_default(),
            traces: or_off(traces),
            // They can be scraped in any case, and lines are written.
            metrics: metrics.unwrap_or_else(|| "scraped".into()),
            logs: logs.unwrap_or_else(|| "written".into()),
            error_reports: or_off(error_reports),
            warnings: settings.warnings.clone(),
        }
    }

    pub(crate) fn log(&self) {
        let Self {
            service,
            version,
            environment,
            traces,
            metrics,
            logs,
            error_reports,
            warnings,
        } = self;
        for warning in warnings {
            tracing::warn!(target: "radiosonde", "{warning}");
        }
        tracing::info!(target: "radiosonde", service, version, environment, traces, metrics, logs, error_reports, "telemetry is on");
    }
}

/// Writes where a signal goes and how, without the path and the query of the address, which may hold a token.
#[cfg(feature = "otlp")]
fn place(target: &OtlpTarget) -> String {
    let uri = &target.endpoint;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let scheme = uri.scheme_str().unwrap_or_default();
    format!("{scheme}://{authority} ({})", target.protocol)
}

/// Adds the log to where a signal goes.
#[cfg(feature = "otlp")]
fn with_log(place: Option<String>, printed: bool) -> Option<String> {
    match (place, printed) {
        (place, false) => place,
        (None, true) => Some("the log".into()),
        (Some(place), true) => Some(format!("{place}, the log")),
    }
}
