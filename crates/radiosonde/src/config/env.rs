//! The environment variables that are read, each declared once.
//!
//! An empty variable counts as unset. The rules are those of the OpenTelemetry specification for its own variables: a
//! number or a word that cannot be read is ignored, with a warning in the log; numbers are clamped to what is safe. A
//! variable of Radiosonde's own that cannot be read is an error of `init`, and so is an address or a file that will not do:
//! what goes to the wrong place, or nowhere, is found out too late.

/// One variable, as the reference page lists it.
#[cfg(test)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) takes: &'static str,
    pub(crate) default: &'static str,
    pub(crate) about: &'static str,
}

macro_rules! variables {
    ($($group:literal: [$($name:ident: $takes:literal, $default:literal, $about:literal;)*])*) => {
        $($(
            #[doc = concat!($about, " Takes ", $takes, ". Defaults to ", $default, ".")]
            #[allow(dead_code, reason = "a variable is read where its feature is on")]
            pub(crate) const $name: &str = stringify!($name);
        )*)*

        /// All variables, by group, in the order of the reference page.
        #[cfg(test)]
        pub(crate) const VARIABLES: &[(&str, &[Variable])] = &[
            $(($group, &[$(
                Variable { name: stringify!($name), takes: $takes, default: $default, about: $about },
            )*]),)*
        ];
    };
}

variables! {
    "Service": [
        OTEL_SERVICE_NAME: "a name", "the name given to `init`",
            "What the service is called.";
        OTEL_RESOURCE_ATTRIBUTES: "`key=value` pairs, separated by commas, percent-encoded", "nothing",
            "What else is known of the service. `service.name`, `service.version` and `deployment.environment.name` also name the service, its version and its environment; without `service.instance.id` one is made for each process that exports.";
    ]
    "Export": [
        OTEL_ATTRIBUTE_COUNT_LIMIT: "a number, at most 1000", "`128`",
            "How many attributes a span or a log record may have.";
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "a number of bytes, at most 65536", "`1024`",
            "How long the value of an attribute may be; the rest is cut off.";
        OTEL_SDK_DISABLED: "`true` or `false`", "`false`",
            "Turns the export of spans, metrics and log records off. Trace ids in logs and error reports stay, and so does `/metrics`.";
        OTEL_EXPORTER_OTLP_ENDPOINT: "an address", "nothing: no span, metric or log record leaves the process",
            "The collector. Over HTTP, spans go to `/v1/traces` below it, metrics to `/v1/metrics`, log records to `/v1/logs`. Over gRPC `host:port` will do.";
        OTEL_EXPORTER_OTLP_PROTOCOL: "`http/protobuf` or, with the feature `otlp-grpc`, `grpc`", "`http/protobuf`",
            "The protocol. With `grpc` and without the feature nothing is exported, with a warning.";
        OTEL_EXPORTER_OTLP_HEADERS: "`key=value` pairs, separated by commas, percent-encoded", "nothing",
            "Headers that go with every export. They are never printed.";
        OTEL_EXPORTER_OTLP_TIMEOUT: "milliseconds, 1 to 60000", "`10000`",
            "How long one export may take: connecting, further tries and the pauses between them included.";
        OTEL_EXPORTER_OTLP_COMPRESSION: "`gzip` or `none`", "`none`",
            "How exports are compressed.";
        OTEL_EXPORTER_OTLP_CERTIFICATE: "a file in PEM", "the authorities that the system trusts",
            "The authorities that the certificate of the collector may come from. Like the next two, it is read again when it has changed.";
        OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: "a file in PEM", "nothing",
            "The certificate that this service shows to the collector.";
        OTEL_EXPORTER_OTLP_CLIENT_KEY: "a file in PEM", "nothing",
            "The key of that certificate.";
        OTEL_EXPORTER_OTLP_INSECURE: "`true` or `false`", "`false`",
            "Whether an address without `http://` or `https://` is spoken to without TLS, over gRPC.";
    ]
    "Logs": [
        RUST_LOG: "directives such as `warn,my_crate=debug`", "`info`",
            "Which events become lines.";
        OTEL_LOG_LEVEL: "`trace`, `debug`, `info`, `warn`, `error` or `none`", "what `RUST_LOG` says",
            "Which of Radiosonde's own events, and of those of OpenTelemetry's crates, become lines. What `RUST_LOG` says of the target `radiosonde` counts before it.";
        LOG_FORMAT: "`text` or `json`", "`text` on a terminal, `json` elsewhere",
            "How lines look.";
        RADIOSONDE_LOG_FIELDS: "`nested` or `flat`", "`nested`",
            "Where the fields of an event stand in a JSON line: under `fields`, or beside what the line says by itself.";
        RADIOSONDE_LOG_LIMIT: "a number", "`1000`",
            "How many lines each place in the code may log in a second; 0 for as many as it likes. More are suppressed, counted, and told in one line.";
        NO_COLOR: "anything", "colours on a terminal",
            "Turns colours off.";
        OTEL_LOGS_EXPORTER: "`otlp`, `console` or `none`, or several of them, separated by commas", "`otlp`",
            "Whether log records are sent to the collector: with `otlp`, once there is an endpoint. Lines are written in any case.";
        OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "an address", "`OTEL_EXPORTER_OTLP_ENDPOINT`",
            "The whole address for log records, used as it is; over gRPC its path does not matter.";
        OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "the same", "`OTEL_EXPORTER_OTLP_PROTOCOL`",
            "The protocol for log records.";
        OTEL_EXPORTER_OTLP_LOGS_HEADERS: "the same", "`OTEL_EXPORTER_OTLP_HEADERS`",
            "Headers for log records.";
        OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "the same", "`OTEL_EXPORTER_OTLP_TIMEOUT`",
            "How long one export of log records may take.";
        OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: "the same", "`OTEL_EXPORTER_OTLP_COMPRESSION`",
            "How exports of log records are compressed.";
        OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE: "the same", "`OTEL_EXPORTER_OTLP_CERTIFICATE`",
            "The authorities for log records.";
        OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE: "the same", "`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`",
            "The certificate of this service for log records.";
        OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY: "the same", "`OTEL_EXPORTER_OTLP_CLIENT_KEY`",
            "Its key for log records.";
        OTEL_EXPORTER_OTLP_LOGS_INSECURE: "the same", "`OTEL_EXPORTER_OTLP_INSECURE`",
            "Whether log records go without TLS where the address does not say.";
        OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: "a number, at most 1000", "`128`",
            "How many attributes a log record that is exported may have.";
        OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT: "a number of bytes, at most 65536", "`1024`",
            "How long the value of an attribute of a log record may be; the rest is cut off.";
        OTEL_BLRP_SCHEDULE_DELAY: "milliseconds, 100 to 60000", "`1000`",
            "How long a log record waits for others to be exported with it.";
        OTEL_BLRP_EXPORT_TIMEOUT: "milliseconds, 1 to 60000", "`30000`",
            "How long one export of log records may take; the shorter of both counts.";
        OTEL_BLRP_MAX_QUEUE_SIZE: "a number, 1 to 65536", "`2048`",
            "How many log records may wait. More are dropped and counted.";
        OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: "a number, 1 to the size of the queue", "`512`",
            "How many log records are exported at once.";
    ]
    "Metrics": [
        OTEL_METRICS_EXPORTER: "`otlp`, `prometheus`, `console` or `none`, or several of them, separated by commas", "`otlp`",
            "Where metrics go: with `otlp` to the collector, once there is an endpoint; with `console` to the log, one line for each series, as often as they would be sent. `/metrics` can be scraped in any case.";
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "an address", "`OTEL_EXPORTER_OTLP_ENDPOINT`",
            "The whole address for metrics, used as it is; over gRPC its path does not matter.";
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "the same", "`OTEL_EXPORTER_OTLP_PROTOCOL`",
            "The protocol for metrics.";
        OTEL_EXPORTER_OTLP_METRICS_HEADERS: "the same", "`OTEL_EXPORTER_OTLP_HEADERS`",
            "Headers for metrics.";
        OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: "the same", "`OTEL_EXPORTER_OTLP_TIMEOUT`",
            "How long one export of metrics may take.";
        OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: "the same", "`OTEL_EXPORTER_OTLP_COMPRESSION`",
            "How exports of metrics are compressed.";
        OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: "the same", "`OTEL_EXPORTER_OTLP_CERTIFICATE`",
            "The authorities for metrics.";
        OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: "the same", "`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`",
            "The certificate of this service for metrics.";
        OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: "the same", "`OTEL_EXPORTER_OTLP_CLIENT_KEY`",
            "Its key for metrics.";
        OTEL_EXPORTER_OTLP_METRICS_INSECURE: "the same", "`OTEL_EXPORTER_OTLP_INSECURE`",
            "Whether metrics go without TLS where the address does not say.";
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "`cumulative`, `delta` or `lowmemory`", "`cumulative`",
            "What is sent of counters and histograms: all since the start, or, with both others, what came since they were last sent. What goes up and down is always told whole.";
        OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: "`explicit_bucket_histogram` or `base2_exponential_bucket_histogram`", "`explicit_bucket_histogram`",
            "Which buckets histograms have that code gives none, in scrapes as well. With latency objectives, which count below a bound, it stays as it is, with a warning.";
        OTEL_METRIC_EXPORT_INTERVAL: "milliseconds, 100 to 86400000", "`60000`",
            "How often metrics are sent. They are sent when the service ends as well.";
        OTEL_METRIC_EXPORT_TIMEOUT: "milliseconds, 1 to 60000", "`30000`",
            "How long one export of metrics may take; the shorter of both counts.";
        OTEL_METRICS_EXEMPLAR_FILTER: "`trace_based` or `always_off`", "`trace_based`",
            "Whether histograms keep exemplars, of sampled spans, where spans are exported. `always_on` is taken as the default, with a warning: an exemplar without a trace that was recorded leads nowhere.";
    ]
    "Traces": [
        OTEL_TRACES_EXPORTER: "`otlp`, `console` or `none`, or several of them, separated by commas", "`otlp`",
            "Where spans go: with `otlp` to the collector, once there is an endpoint; with `console` to the log, one line for each.";
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "an address", "`OTEL_EXPORTER_OTLP_ENDPOINT`",
            "The whole address for spans, used as it is; over gRPC its path does not matter.";
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "the same", "`OTEL_EXPORTER_OTLP_PROTOCOL`",
            "The protocol for spans.";
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: "the same", "`OTEL_EXPORTER_OTLP_HEADERS`",
            "Headers for spans.";
        OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "the same", "`OTEL_EXPORTER_OTLP_TIMEOUT`",
            "How long one export of spans may take.";
        OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "the same", "`OTEL_EXPORTER_OTLP_COMPRESSION`",
            "How exports of spans are compressed.";
        OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: "the same", "`OTEL_EXPORTER_OTLP_CERTIFICATE`",
            "The authorities for spans.";
        OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: "the same", "`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`",
            "The certificate of this service for spans.";
        OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: "the same", "`OTEL_EXPORTER_OTLP_CLIENT_KEY`",
            "Its key for spans.";
        OTEL_EXPORTER_OTLP_TRACES_INSECURE: "the same", "`OTEL_EXPORTER_OTLP_INSECURE`",
            "Whether spans go without TLS where the address does not say.";
        OTEL_BSP_SCHEDULE_DELAY: "milliseconds, 100 to 60000", "`5000`",
            "How long a span waits for others to be exported with it.";
        OTEL_BSP_EXPORT_TIMEOUT: "milliseconds, 1 to 60000", "`30000`",
            "How long one export of spans may take; the shorter of both counts.";
        OTEL_BSP_MAX_QUEUE_SIZE: "a number, 1 to 65536", "`2048`",
            "How many spans may wait. More are dropped and counted.";
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "a number, 1 to the size of the queue", "`512`",
            "How many spans are exported at once.";
        OTEL_PROPAGATORS: "`tracecontext`, `baggage`, `b3`, `b3multi`, `jaeger`, or several of them, separated by commas; or `none`", "`tracecontext,baggage`",
            "By which headers traces come and go. `ottrace` and `xray`, which the specification leaves to third parties, are left out, with a warning.";
        OTEL_TRACES_SAMPLER: "`always_on`, `always_off`, `traceidratio`, `jaeger_remote`, or one of these after `parentbased_`", "`parentbased_always_on`",
            "Which traces are recorded. `xray`, which takes rules from a server of one vendor, is taken as the default, with a warning.";
        OTEL_TRACES_SAMPLER_ARG: "a ratio, 0 to 1; for `jaeger_remote`, `endpoint=`, `pollingIntervalMs=` and `initialSamplingRate=`, separated by commas", "`1`; `endpoint=http://localhost:5778/sampling,pollingIntervalMs=60000,initialSamplingRate=0.001`",
            "The share of traces that `traceidratio` records, or the server that says it: over HTTP or, with the feature `otlp-grpc` and an address without a path, over gRPC.";
        RADIOSONDE_SAMPLING_STRATEGIES: "a file or an address", "nothing",
            "The strategies of Jaeger: in a file, which is read again when it changes, or on a server, which is asked about every minute.";
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: "a number, at most 1000", "`OTEL_ATTRIBUTE_COUNT_LIMIT`",
            "How many attributes a span may have.";
        OTEL_SPAN_EVENT_COUNT_LIMIT: "a number, at most 1000", "`128`",
            "How many events a span may have.";
        OTEL_SPAN_LINK_COUNT_LIMIT: "a number, at most 1000", "`128`",
            "How many links a span may have.";
        OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: "a number, at most 1000", "`OTEL_ATTRIBUTE_COUNT_LIMIT`",
            "How many attributes an event of a span may have.";
        OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: "a number, at most 1000", "`OTEL_ATTRIBUTE_COUNT_LIMIT`",
            "How many attributes a link of a span may have.";
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: "a number of bytes, at most 65536", "`OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT`",
            "How long the value of an attribute of a span may be; the rest is cut off. What comes with a request has 1024 bytes at most, whatever is set.";
    ]
    "Requests": [
        OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS: "methods, separated by commas", "those of RFC 9110, and `PATCH`",
            "The methods that have a name of their own in labels; all others read `_OTHER`. Case counts.";
    ]
    "Objectives": [
        RADIOSONDE_SLO_FILE: "a path", "nothing: budgets start anew with the process",
            "The file that keeps what objectives counted over a restart. Each process needs one of its own.";
    ]
    "Error reports": [
        SENTRY_DSN: "a DSN", "nothing: no report leaves the process",
            "The Sentry project. It is never printed.";
        SENTRY_ENVIRONMENT: "a name", "the environment of the service, else `production`",
            "The environment that reports name, and they alone. It wins over `Config::environment`.";
        SENTRY_RELEASE: "a name", "`name@version` of the service",
            "The release that reports name. It wins over the name and the version in code.";
        SENTRY_DIST: "a name", "nothing",
            "Which build of the release it is.";
        SENTRY_SAMPLE_RATE: "a share, 0 to 1", "`1`",
            "How many of the events are sent. The others are counted in `radiosonde_error_events_suppressed_total`.";
        SENTRY_DEBUG: "`true` or `false`", "`false`",
            "Whether the log tells what becomes of each report that is tried. What is suppressed, or finds no room or no time, is counted alone.";
        HOSTNAME: "a name, set by containers", "the name that the kernel has for the host",
            "The server that reports name.";
    ]
    "Exposure": [
        RADIOSONDE_ADMIN_ADDR: "a port, or an address and a port", "nothing: all endpoints are on the router of the service",
            "Where administrators are listened for, on the loopback address unless another is given. Metrics and error texts are there alone then.";
        RADIOSONDE_ADMIN_TOKEN: "16 to 1024 visible characters", "nothing: what is for administrators is open where they are listened for",
            "The bearer token of administrators. It is never printed.";
        RADIOSONDE_PROBE_ADDR: "a port, or an address and a port", "nothing: the runtime of the service answers probes",
            "Where a thread of its own answers probes, on the loopback address unless another is given. It tells when the runtime of the service is stalled.";
        RADIOSONDE_LIVE_PATH: "a path", "`/live`",
            "Where liveness is asked for.";
        RADIOSONDE_READY_PATH: "a path", "`/ready`",
            "Where readiness is asked for.";
        RADIOSONDE_HEALTH_PATH: "a path", "`/health`",
            "Where health is asked for, and below it startup and single checks.";
        RADIOSONDE_METRICS_PATH: "a path", "`/metrics`",
            "Where metrics are scraped.";
    ]
    "Connections": [
        RADIOSONDE_MAX_CONNECTIONS: "a number from 1", "no limit",
            "How many connections `serve` has open at once. More wait in the queue of the operating system.";
        RADIOSONDE_HEAD_TIMEOUT: "a duration, `1s` to `1h`", "`30s`",
            "How long the head of a request may take.";
        RADIOSONDE_IDLE_TIMEOUT: "a duration, `1s` to `1d`", "`620s`",
            "How long a connection may be without a request. Load balancers should give up first.";
    ]
    "Lifecycle": [
        RADIOSONDE_DRAIN_DELAY: "a duration, at most `1h`", "`5s` inside Kubernetes, `0s` elsewhere",
            "How long requests are still accepted after a signal to end, with readiness red.";
        RADIOSONDE_DRAIN_TIMEOUT: "a duration, at most `1h`", "`20s`",
            "How long requests in flight may take to end after that; then they are cut.";
        RADIOSONDE_FLUSH_TIMEOUT: "a duration, at most `5s`", "`3s`",
            "How long the last flush of telemetry may take.";
        RADIOSONDE_PRINT_CATALOGUE: "anything", "nothing",
            "Where the service would listen, it prints its catalogue instead, as one line of JSON, and ends with success: what it measures and promises. `radiosonde stack --from <program>` sets it.";
        KUBERNETES_SERVICE_HOST: "anything, set by Kubernetes", "nothing",
            "Tells that the service runs inside Kubernetes. Then `K8S_POD_NAME`, `K8S_NAMESPACE_NAME`, `K8S_NODE_NAME`, `K8S_POD_UID` and `K8S_CONTAINER_NAME`, which the pod may set from the downward API, say where.";
    ]
}

/// Variables of the specification that change nothing here, and why. Setting one to anything but its default is told in the
/// log.
pub(crate) const WITHOUT_EFFECT: &[WithoutEffect] = &[
    WithoutEffect::new(
        "OTEL_CONFIG_FILE",
        "",
        "settings come from code and from the other variables, which hold",
    ),
    WithoutEffect::new(
        "OTEL_EXPERIMENTAL_CONFIG_FILE",
        "",
        "settings come from code and from the other variables, which hold",
    ),
    WithoutEffect::new(
        "OTEL_ENTITIES",
        "",
        "the resource is told by its attributes; use `OTEL_RESOURCE_ATTRIBUTES`",
    ),
    WithoutEffect::new(
        "OTEL_EXPORTER_PROMETHEUS_HOST",
        "localhost",
        "metrics are scraped where the service serves them, or at `RADIOSONDE_ADMIN_ADDR`",
    ),
    WithoutEffect::new(
        "OTEL_EXPORTER_PROMETHEUS_PORT",
        "9464",
        "metrics are scraped where the service serves them, or at `RADIOSONDE_ADMIN_ADDR`",
    ),
    WithoutEffect::new(
        "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        "http://localhost:9411/api/v2/spans",
        "spans are exported over OTLP",
    ),
    WithoutEffect::new(
        "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
        "10000",
        "spans are exported over OTLP",
    ),
    WithoutEffect::new(
        "OTEL_EXPORTER_OTLP_SPAN_INSECURE",
        "false",
        "its name is `OTEL_EXPORTER_OTLP_TRACES_INSECURE` now",
    ),
    WithoutEffect::new(
        "OTEL_EXPORTER_OTLP_METRIC_INSECURE",
        "false",
        "its name is `OTEL_EXPORTER_OTLP_METRICS_INSECURE` now",
    ),
    WithoutEffect::new(
        "OTEL_SEMCONV_STABILITY_OPT_IN",
        "",
        "the names are those of the stable conventions, and there are no others",
    ),
];

/// A variable that is known, and changes nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WithoutEffect {
    pub(crate) name: &'static str,
    /// What it may be set to without a word.
    pub(crate) default: &'static str,
    pub(crate) why: &'static str,
}

impl WithoutEffect {
    const fn new(name: &'static str, default: &'static str, why: &'static str) -> Self {
        Self { name, default, why }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn page() -> String {
        let mut page = String::from(concat!(
            "# Configuration\n\n",
            "The environment variables that Radiosonde reads. An empty variable counts as unset. A duration is a number\n",
            "and a unit, such as `250ms` or `5s`. What is set in code wins over the environment, except the name of the\n",
            "service, and the environment and the release that error reports name.\n\n",
            "A value that cannot be read is ignored with a warning where the variable is a standard one, and an error of\n",
            "`init` where it is `LOG_FORMAT`, `SENTRY_DSN`, an address, or starts with `RADIOSONDE_`. A certificate or a\n",
            "key that cannot be read is an error of `init` as well, where the address that it is for starts with `https`.\n",
        ));
        for (group, variables) in VARIABLES {
            let _ = write!(
                page,
                "\n## {group}\n\n| variable | takes | default | |\n|---|---|---|---|\n"
            );
            for Variable {
                name,
                takes,
                default,
                about,
            } in *variables
            {
                let _ = writeln!(page, "| `{name}` | {takes} | {default} | {about} |");
            }
        }
        page.push_str(concat!(
            "\n## Known, and without effect\n\n",
            "Variables of OpenTelemetry's specification that change nothing here. Where one is set, the log says so.\n\n",
            "| variable | why |\n|---|---|\n",
        ));
        for WithoutEffect { name, why, .. } in WITHOUT_EFFECT {
            let _ = writeln!(page, "| `{name}` | {why} |");
        }
        page
    }

    /// Those of the pages *Environment Variables* and *OTLP Exporter* of the specification.
    const SPECIFIED: &str = "
        OTEL_SDK_DISABLED OTEL_ENTITIES OTEL_RESOURCE_ATTRIBUTES OTEL_SERVICE_NAME OTEL_LOG_LEVEL OTEL_PROPAGATORS
        OTEL_TRACES_SAMPLER OTEL_TRACES_SAMPLER_ARG OTEL_CONFIG_FILE OTEL_EXPERIMENTAL_CONFIG_FILE
        OTEL_BSP_SCHEDULE_DELAY OTEL_BSP_EXPORT_TIMEOUT OTEL_BSP_MAX_QUEUE_SIZE OTEL_BSP_MAX_EXPORT_BATCH_SIZE
        OTEL_BLRP_SCHEDULE_DELAY OTEL_BLRP_EXPORT_TIMEOUT OTEL_BLRP_MAX_QUEUE_SIZE OTEL_BLRP_MAX_EXPORT_BATCH_SIZE
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT OTEL_ATTRIBUTE_COUNT_LIMIT
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT OTEL_SPAN_EVENT_COUNT_LIMIT
        OTEL_SPAN_LINK_COUNT_LIMIT OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT OTEL_LINK_ATTRIBUTE_COUNT_LIMIT
        OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT
        OTEL_EXPORTER_ZIPKIN_ENDPOINT OTEL_EXPORTER_ZIPKIN_TIMEOUT
        OTEL_EXPORTER_PROMETHEUS_HOST OTEL_EXPORTER_PROMETHEUS_PORT
        OTEL_TRACES_EXPORTER OTEL_METRICS_EXPORTER OTEL_LOGS_EXPORTER
        OTEL_METRICS_EXEMPLAR_FILTER OTEL_METRIC_EXPORT_INTERVAL OTEL_METRIC_EXPORT_TIMEOUT
        OTEL_EXPORTER_OTLP_SPAN_INSECURE OTEL_EXPORTER_OTLP_METRIC_INSECURE
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";

    /// Those that there are for all signals, and for each.
    const SPECIFIED_BY_SIGNAL: [&str; 9] = [
        "ENDPOINT",
        "INSECURE",
        "CERTIFICATE",
        "CLIENT_KEY",
        "CLIENT_CERTIFICATE",
        "HEADERS",
        "COMPRESSION",
        "TIMEOUT",
        "PROTOCOL",
    ];

    #[test]
    fn every_variable_of_the_specification_is_known() {
        let by_signal = ["", "TRACES_", "METRICS_", "LOGS_"].into_iter();
        let by_signal = by_signal.flat_map(|signal| {
            SPECIFIED_BY_SIGNAL.map(|name| format!("OTEL_EXPORTER_OTLP_{signal}{name}"))
        });
        let of_table = VARIABLES.iter().flat_map(|(_, variables)| *variables);
        let mut known: Vec<_> = of_table.map(|variable| variable.name).collect();
        known.extend(WITHOUT_EFFECT.iter().map(|variable| variable.name));
        for name in SPECIFIED
            .split_whitespace()
            .map(str::to_owned)
            .chain(by_signal)
        {
            assert!(known.contains(&&*name), "{name}");
        }
    }

    #[test]
    fn the_reference_page_lists_every_variable() {
        radiosonde_testkit::pages::compare("configuration.md", &page());
    }
}
