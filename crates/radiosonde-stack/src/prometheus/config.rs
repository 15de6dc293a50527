//! The configuration of Prometheus.

use super::ScrapeConfig;
use super::scrape_config::targets;
use crate::duration;
use crate::gaps::natives;
use crate::yaml::Yaml;
use crate::{Naming, Options, Stack, Target};

/// Returns the file: what is scraped, which rules are evaluated and where alerts go.
pub(super) fn written(stack: &Stack) -> String {
    let options = stack.options();
    let alertmanager = options.alertmanager.as_str();
    let alertmanagers = Yaml::map().with("static_configs", targets(&[alertmanager]));
    let [prometheus, alertmanager_job] = OWN_JOBS;
    let own = [
        (prometheus, options.prometheus.as_str()),
        (alertmanager_job, alertmanager),
    ];
    let own = own.map(|(name, target)| {
        Yaml::map()
            .with("job_name", name)
            .with("static_configs", targets(&[target]))
    });
    let services = stack.services().iter();
    let services = services.filter_map(|service| {
        let scrape = service.scrape(options.scrape_interval).ok()?;
        let has_natives = natives(service).next().is_some();
        Some(job(&scrape, options, has_natives))
    });
    let exporters = options.exporters.iter();
    let exporters = exporters.map(|(name, addresses)| {
        Yaml::map()
            .with("job_name", name.as_str())
            .with("static_configs", targets(addresses))
    });
    Yaml::map()
        .with("global", global(options))
        .with("rule_files", rule_files(stack))
        .with(
            "alerting",
            Yaml::map().with("alertmanagers", Yaml::list([alertmanagers])),
        )
        .with(
            "scrape_configs",
            Yaml::list(services.chain(exporters).chain(own)),
        )
        .with_some("otlp", over_otlp(options).then(otlp))
        .document()
}

/// Prometheus takes a pattern only for the last part of a path.
fn rule_files(stack: &Stack) -> Yaml {
    let services = stack.services().iter();
    let services = services.map(|service| format!("rules/{}/*.yml", service.name()));
    Yaml::list(services.chain(["packs/*.yml".to_owned()]))
}

fn global(options: &Options) -> Yaml {
    let interval = |interval| Yaml::Plain(duration::written(interval));
    let global = Yaml::map()
        .with("scrape_interval", interval(options.scrape_interval))
        .with("evaluation_interval", interval(options.evaluation_interval));
    match options.target {
        Target::Prometheus2 => global,
        Target::Prometheus3 => global.with("scrape_protocols", Yaml::row(TEXTS)),
    }
}

fn job(scrape: &ScrapeConfig, options: &Options, has_natives: bool) -> Yaml {
    let job = scrape.job();
    let job = match options.target {
        Target::Prometheus2 => job,
        Target::Prometheus3 => {
            let binary = has_natives.then(|| {
                let protocols = [PROTOBUF].into_iter().chain(TEXTS);
                Yaml::row(protocols.collect::<Vec<_>>())
            });
            job
                // What is before a service may answer without a content type, and version 3 would refuse it.
                .with("fallback_scrape_protocol", "PrometheusText0.0.4")
                // A text has no native histograms.
                .with_some("scrape_protocols", binary)
                .with_some(
                    "scrape_native_histograms",
                    has_natives.then(|| Yaml::Plain("true".into())),
                )
        }
    };
    match options.naming {
        Naming::Prometheus => job,
        // Metrics arrive over OTLP; from the scrape comes `up`, which says whether there is anybody to send them.
        Naming::OpenTelemetry => {
            let drop = Yaml::map()
                .with("action", "drop")
                .with("source_labels", Yaml::row(["__name__"]))
                .with("regex", ".+");
            job.with("metric_relabel_configs", Yaml::list([drop]))
        }
    }
}

/// Tells whether Prometheus itself is told how to take metrics over OTLP.
fn over_otlp(options: &Options) -> bool {
    options.target == Target::Prometheus3 && options.naming == Naming::OpenTelemetry
}

fn otlp() -> Yaml {
    Yaml::map()
        .with("translation_strategy", "UnderscoreEscapingWithSuffixes")
        .with(
            "promote_resource_attributes",
            Yaml::row([
                "service.name",
                "service.version",
                "deployment.environment.name",
            ]),
        )
}

/// The jobs of the stack itself.
pub(crate) const OWN_JOBS: [&str; 2] = ["prometheus", "alertmanager"];

const PROTOBUF: &str = "PrometheusProto";

/// OpenMetrics first: it has exemplars.
const TEXTS: [&str; 3] = [
    "OpenMetricsText1.0.0",
    "OpenMetricsText0.0.1",
    "PrometheusText0.0.4",
];
